// The `@example`s of docstrings are true: each is run, and a line `expression // value` must have that value. Names of the
// packages' exports and of the file itself are in scope, and so is what GIVEN lists. `...` in a string stands for more text.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import * as broker from '@cauldron/broker';
import * as client from '@cauldron/client';
import * as core from '@cauldron/core';
import * as protocol from '@cauldron/protocol';
import * as testkit from '@cauldron/testkit';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { startBroker } from '../support/broker.ts';
import { connectOf } from '../support/raw-client.ts';

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

const examples = globSync('packages/{protocol,core,broker,client,testkit}/src/**/*.ts', { cwd: repositoryRoot })
  .filter((path) => !path.endsWith('.test.ts'))
  .sort()
  .flatMap(examplesOf);

/** Bodies of lines with `expression // value` turned into assertions; other lines stay as they are. */
function bodyOf(code: string): string {
  return code
    .split('\n')
    .map((line) => {
      const parts = /^(?!\s*\/\/)(.+?);? \/\/ (.+)$/.exec(line);
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

/** What examples take as given, beside the exports. */
function given(port: number): Record<string, unknown> {
  const bytes = protocol.encodePacket(connectOf(5), 5);
  const fresh = new testkit.TestBroker().core;
  return {
    check,
    chunk: bytes,
    bytes,
    options: fresh.options,
    ports: fresh.ports,
    link: Object.assign(new testkit.MemoryLink(() => {}), { receiver: fresh.accept(new testkit.MemoryLink(() => {})) }),
    sink: { onPublish() {}, onAck() {}, onPacket() {} },
    console: { log() {} },
    process: { stderr: new PassThrough() },
    connect: (wanted: client.ConnectOptions) => client.connect({ ...wanted, host: '127.0.0.1', port }),
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
    const own = (await import(join(repositoryRoot, path))) as object;
    const scope = { ...protocol, ...core, ...testkit, ...broker, ...own, ...client, ...given(port) };
    const run = new AsyncFunction(...Object.keys(scope), bodyOf(code));
    await run(...Object.values(scope));
  });
}
