import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readPskKeys } from './psk-keys.ts';

function fileWith(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-psk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'keys');
  writeFileSync(file, text);
  return file;
}

test('keys are read a line each; comments and empty lines do not count', async (t) => {
  const file = fileWith(t, '# keys\n\nann:00Ff10\r\n  grüße 1:aa  \nbob:01\n');
  const keys = [...(await readPskKeys(file))].map(([identity, key]) => `${identity} ${key.toString('hex')}`);
  assert.deepEqual(keys, ['ann 00ff10', 'grüße 1 aa', 'bob 01']);
});

test('a wrong line is named by its number, and its key is not shown', async (t) => {
  for (const [line, problem] of [
    ['secret5ecret', /line 2: it is not "identity:key"/],
    [':5ec1', /line 2: it is not "identity:key"/],
    ['ann:5ec1e', /line 2: its key is not hexadecimal/],
    ['ann:', /line 2: its key is not hexadecimal/],
    ['ann:x5ec1', /line 2: its key is not hexadecimal/],
    ['bob:5ec1', /line 2: its identity has a key already/],
    [`${'a'.repeat(257)}:5ec1`, /line 2: its identity is longer than 256 bytes/],
    [`ann:${'5e'.repeat(513)}`, /line 2: its key is longer than 512 bytes/],
  ] as const) {
    const file = fileWith(t, `bob:0102\n${line}\n`);
    await assert.rejects(readPskKeys(file), (error: Error) => {
      assert.match(error.message, problem);
      assert.ok(error.message.startsWith(`tls.psk.file: ${file}: `));
      assert.doesNotMatch(error.message, /5ec/);
      return true;
    });
  }
});

test('a file without keys, or that is not there, says so', async (t) => {
  await assert.rejects(readPskKeys(fileWith(t, '# none\n')), /there is no key in it/);
  await assert.rejects(readPskKeys('/nowhere/keys'), /tls\.psk\.file: \/nowhere\/keys: there is no such file/);
});
