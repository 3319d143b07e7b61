import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from './client.ts';
import { paramsOf, parseNamedFilter, type TopicParams } from './topic-params.ts';

// ---- what the compiler has to know: a wrong line here fails the type check

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(): T => true as T;

test('the compiler knows the parameters that a filter names', () => {
  assert.ok(holds<Same<TopicParams<'rooms/+room/temp'>, { readonly room: string }>>());
  assert.ok(holds<Same<TopicParams<'+site/rooms/+room'>, { readonly site: string; readonly room: string }>>());
  assert.ok(holds<Same<TopicParams<'files/#path'>, { readonly path: string }>>());
  assert.ok(holds<Same<TopicParams<'$share/workers/jobs/+job'>, { readonly job: string }>>());
});

test('the compiler knows that plain wildcards, and filters without any, name nothing', () => {
  assert.ok(holds<Same<keyof TopicParams<'a/+/#'>, never>>());
  assert.ok(holds<Same<keyof TopicParams<'a/b'>, never>>());
});

test('where the filter is not known when compiling, any parameter may be asked for', () => {
  assert.ok(holds<Same<TopicParams<string>, Readonly<Record<string, string>>>>());
});

test('of several filters, a parameter that all of them name is there, and one of some may be missing', () => {
  type Both = TopicParams<'rooms/+room/+what' | 'halls/+room'>;
  assert.ok(holds<Same<Both, { readonly room: string; readonly what?: string }>>());
});

/** Compiled, never called. */
export async function compiles(client: Client): Promise<void> {
  await client.on('rooms/+room/temp', ({ params }) => {
    params.room.toUpperCase();
    // @ts-expect-error the filter names no house
    params.house;
  });
  await client.on(['a/+x', 'b/+x/+y'], ({ params }) => {
    params.x.toUpperCase();
    // @ts-expect-error a message on a/1 has none
    params.y.toUpperCase();
    params.y?.toUpperCase();
  });
  for await (const { params } of client.subscribe('files/#path')) {
    params.path.toUpperCase();
    // @ts-expect-error parameters are what the topic says
    params.path = 'other';
  }
  const filter: string = 'made/up';
  await client.on(filter, ({ params }) => void params.anything?.toUpperCase());
  // @ts-expect-error a handler gets one message, not a topic and a payload
  await client.on('message', (_topic: string, _payload: Uint8Array) => undefined);
  // @ts-expect-error filters are texts
  client.subscribe(5);
}

// ---- what happens

test('a filter is sent without its names', () => {
  const sent = (text: string) => parseNamedFilter(text).filter;
  assert.equal(sent('rooms/+room/temp'), 'rooms/+/temp');
  assert.equal(sent('+site/#rest'), '+/#');
  assert.equal(sent('a/b'), 'a/b');
  assert.equal(sent('a/+/#'), 'a/+/#');
  assert.equal(sent('$share/g/+room/x'), '$share/g/+/x');
});

test('what only looks like a name stays as it is, to be refused', () => {
  for (const text of ['a+b/c', 'a/b#', '$share/+g/a', '$share/#g/a']) assert.equal(parseNamedFilter(text).filter, text);
});

test('topics are matched against a shared subscription without its group', () => {
  assert.equal(parseNamedFilter('$share/g/a/+x').pattern, 'a/+');
  assert.equal(parseNamedFilter('$share/g//a').pattern, '/a');
  assert.equal(parseNamedFilter('$SYS/+x').pattern, '$SYS/+');
});

test('$share without a slash is a filter like any other', () => {
  assert.deepEqual(parseNamedFilter('$share'), { filter: '$share', pattern: '$share', names: [] });
});

test('parameters are the levels that the names stand for', () => {
  const of = (filter: string, topic: string) => paramsOf(topic, parseNamedFilter(filter).names);
  assert.deepEqual(of('rooms/+room/temp', 'rooms/kitchen/temp'), { room: 'kitchen' });
  assert.deepEqual(of('+a/+b', '/'), { a: '', b: '' });
  assert.deepEqual(of('files/#path', 'files/a/b/c'), { path: 'a/b/c' });
  assert.deepEqual(of('files/#path', 'files'), { path: '' });
  assert.deepEqual(of('files/#path', 'files/'), { path: '' });
  assert.deepEqual(of('$share/g/+room/x', 'hall/x'), { room: 'hall' });
  assert.deepEqual(of('+/+b', 'x/y'), { b: 'y' });
});
