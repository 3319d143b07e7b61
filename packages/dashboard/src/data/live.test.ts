import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveEvents, LiveInterest } from '@cauldron/broker/admin-api';
import { type LiveSource, LiveStream, merge } from './live.ts';

/** A stream that the test speaks for. */
class Source implements LiveSource {
  readonly handlers = new Map<string, (data: string) => void>();
  failed: (final: boolean) => void = () => {};
  closed = false;

  on(event: keyof LiveEvents, handle: (data: string) => void): void {
    this.handlers.set(event, handle);
  }

  onFailure(handle: (final: boolean) => void): void {
    this.failed = handle;
  }

  close(): void {
    this.closed = true;
  }

  say(event: keyof LiveEvents, data: unknown): void {
    this.handlers.get(event)!(JSON.stringify(data));
  }
}

function setUp() {
  const sources: Source[] = [];
  const shown: [stream: string, interest: LiveInterest][] = [];
  const waiting: (() => void)[] = [];
  const live = new LiveStream({
    open: () => {
      sources.push(new Source());
      return sources.at(-1)!;
    },
    show: async (stream, interest) => void shown.push([stream, interest]),
    later: (then) => void waiting.push(then),
  });
  const settle = (): void => {
    for (const then of waiting.splice(0)) then();
  };
  return { live, sources, shown, settle };
}

const nobody = (): void => {};

test('the broker is told once of all that the parts of a page want, and again after each connection', () => {
  const { live, sources, shown, settle } = setUp();
  live.want({ overview: true }, nobody);
  live.want({ values: ['a'] }, nobody);
  live.start();
  sources[0]!.say('hello', { stream: 's1' });
  live.want({ values: ['b', 'a'] }, nobody);
  settle();
  assert.deepEqual(shown, [['s1', { overview: true, values: ['a', 'b'] }]]);
  sources[0]!.failed(false);
  assert.equal(live.state, 'waiting');
  sources[0]!.say('hello', { stream: 's2' });
  settle();
  assert.deepEqual(shown[1], ['s2', { overview: true, values: ['a', 'b'] }]);
});

test('what no part wants any more is not asked for, and no part gets what it did not ask for', () => {
  const { live, sources, shown, settle } = setUp();
  const got: unknown[] = [];
  const end = live.want({ overview: true }, (event) => got.push(event));
  live.want({ feed: ['x/#'] }, nobody);
  live.start();
  sources[0]!.say('hello', { stream: 's' });
  settle();
  sources[0]!.say('feed', { messages: [], missed: 0 });
  sources[0]!.say('overview', { version: '1' });
  end();
  settle();
  sources[0]!.say('overview', { version: '1' });
  assert.deepEqual(got, ['overview']);
  assert.deepEqual(shown.at(-1), ['s', { feed: ['x/#'] }]);
});

test('a page nobody looks at has no stream open, and opens one again', () => {
  const { live, sources } = setUp();
  const states: string[] = [];
  live.onState((state) => states.push(state));
  live.start();
  live.start();
  sources[0]!.say('hello', { stream: 's' });
  live.pause();
  assert.ok(sources[0]!.closed);
  live.start();
  assert.equal(sources.length, 2);
  sources[1]!.say('hello', { stream: 't' });
  sources[1]!.say('goodbye', { reason: 'logged out' });
  assert.deepEqual(states, ['connecting', 'live', 'paused', 'connecting', 'live', 'ended']);
});

test('lists of several parts go together, and of views the last one counts', () => {
  assert.deepEqual(merge([{ values: ['a'], client: 'x' }, { values: ['b'] }, { client: 'y' }]), {
    values: ['a', 'b'],
    client: 'y',
  });
  assert.deepEqual(merge([]), {});
});
