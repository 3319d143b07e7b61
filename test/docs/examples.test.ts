// The `@example`s of docstrings are true: each is run, and a line `expression // value` must have that value. Names of the
// packages' exports and of the file itself are in scope, and so is what GIVEN lists. `...` in a string stands for more text.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import * as broker from '@cauldron/broker';
import * as client from '@cauldron/client';
import * as core from '@cauldron/core';
import * as protocol from '@cauldron/protocol';
import * as testkit from '@cauldron/testkit';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { startBroker } from '../support/broker.ts';
import { connectOf } from '../support/raw-client.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Example {
  readonly path: string;
  readonly line: number;
  readonly code: string;
}

/** Every `@example` up to the next tag or the end of its comment. */
function examplesOf(path: string): Example[] {
  const text = readFileSync(join(repositoryRoot, path), 'utf8');
  return [...text.matchAll(/@example\s([\s\S]*?)(?=\*\/|\n \* @)/g)].map((match) => ({
    path,
    line: text.slice(0, match.index).split('\n').length,
    code: match[1]!.replaceAll(/^\s*\* ?/gm, '').trim(),
  }));
}

/** What Node cannot run. */
const onlyInBrowsers = ['packages/client/src/stores/indexeddb.ts'];

const examples = globSync('packages/{protocol,core,broker,client,testkit}/src/**/*.ts', { cwd: repositoryRoot })
  .filter((path) => !path.endsWith('.test.ts') && !onlyInBrowsers.includes(path))
  .sort()
  .flatMap(examplesOf);

/** Lines with `expression // value` turned into assertions; other lines stay as they are. */
function bodyOf(code: string): string {
  return code
    .split('\n')
    .map((line) => {
      const parts = /^(?!\s*(?:\/\/|break|type ))(.+?);? \/\/ (.+)$/.exec(line);
      return parts === null ? line : `check(${parts[1]}, ${parts[2]});`;
    })
    .join('\n');
}

/** Equal, or like a string with `...` in it. */
function check(actual: unknown, expected: unknown): void {
  if (typeof expected === 'string' && expected.endsWith('...')) {
    assert.ok(String(actual).startsWith(expected.slice(0, -3)), `${actual}`);
  } else assert.deepEqual(actual, expected);
}

const load = async (path: string) => (await import(join(repositoryRoot, path))) as Record<string, unknown>;

/** A client of the broker that the examples mean, whatever URL they name, and what publishes and answers for it. */
async function clients(t: TestContext, port: number): Promise<Record<string, unknown>> {
  const url = `mqtt://127.0.0.1:${port}`;
  const known = (made: client.Client): client.Client => {
    t.after(() => made.end());
    return made;
  };
  const other = known(await client.connect(url));
  const given = known(await client.connect(url));
  await other.publish('rooms/kitchen/temp', '21', { qos: 1, retain: true });
  await other.publish('kitchen/soup', 'ready', { qos: 1, retain: true });
  await other.respond('calculator/add', () => '3');
  const testing = 'packages/client/src/testing';
  const { FakePlatform } = await load(`${testing}/fake-platform.ts`);
  return {
    ...(await load(`${testing}/scripted-broker.ts`)),
    ...(await load('packages/client/src/client.ts')),
    platform: new (FakePlatform as new () => object)(),
    client: given,
    connect: async (_: string, options?: client.NodeClientOptions) => known(await client.connect(url, options)),
    createClient: (_: string, options?: client.NodeClientOptions) => known(client.createClient(url, options)),
    publishOnce: (_: string, ...rest: [string, string]) => client.publishOnce(url, ...rest),
    subscribeOnce: (_: string, filter: string) => client.subscribeOnce(url, filter),
  };
}

/** What examples take as given, beside the exports. */
function given(): Record<string, unknown> {
  const bytes = protocol.encodePacket(connectOf(5), 5);
  const fresh = new testkit.TestBroker().core;
  return {
    check,
    chunk: bytes,
    bytes,
    payload: bytes,
    options: fresh.options,
    ports: fresh.ports,
    link: Object.assign(new testkit.MemoryLink(() => {}), { receiver: fresh.accept(new testkit.MemoryLink(() => {})) }),
    sink: { onPublish() {}, onAck() {}, onPacket() {} },
    console: { log() {} },
    process: { stderr: new PassThrough() },
  };
}

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...values: unknown[]) => Promise<void>;

test('there are examples, and most of them state a value', () => {
  assert.ok(examples.length >= 15, `${examples.length}`);
  assert.ok(examples.filter(({ code }) => bodyOf(code).includes('check(')).length >= 10);
});

for (const { path, line, code } of examples) {
  test(`the example of ${path}:${line} runs and is true`, async (t) => {
    const { port } = await startBroker(t);
    const own = await load(path);
    const connected = path.startsWith('packages/client/') ? await clients(t, port) : {};
    const scope: Record<string, unknown> = {
      ...protocol,
      ...core,
      ...testkit,
      ...broker,
      ...client,
      ...own,
      ...given(),
      ...connected,
      sqliteStore: (name: string) => (own.sqliteStore as (path: string) => unknown)(join(tempDir(t), name)),
    };
    // In a block, so that an example may give a name again that is given.
    const run = new AsyncFunction(...Object.keys(scope), `{${stripTypeScriptTypes(bodyOf(code))}\n}`);
    await run(...Object.values(scope));
  });
}
