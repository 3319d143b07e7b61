import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { sqliteStore } from '@cauldron/client/sqlite';
import { stablePort } from '../support/stable-port.ts';
import { tempDir } from '../support/temp-dir.ts';

const KILLS = 20;
/** Milliseconds after its first accepted message within which a program is killed. */
const LIFE = 40;

test(`a program killed ${KILLS} times loses no message that enqueue had accepted, and the next goes on behind it`, async (t) => {
  const path = join(tempDir(t), 'store.db');
  const port = await stablePort();
  const seed = 1 + Math.floor(Math.random() * 0xffff_fffe);
  t.diagnostic(`seed ${seed}`);
  const random = randomFrom(seed);
  const accepted: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const last = accepted.at(-1) ?? -1;
    // What was written but not yet said may be there too: a later program uses other numbers.
    const printed = await enqueueUntilKilled(path, last + 1000, port, random() * LIFE);
    assert.ok(printed.length > 0, `the program accepted nothing before it was killed`);
    accepted.push(...printed);
  }
  const store = sqliteStore(path);
  const { messages } = await store.open('meter', assert.fail);
  await store.close();
  const kept = messages.map(({ topic }) => Number(topic.split('/')[1]));
  const found = new Set(kept);
  assert.deepEqual(
    accepted.filter((number) => !found.has(number)),
    [],
    'accepted and not kept',
  );
  assert.deepEqual(
    kept,
    [...found].sort((a, b) => a - b),
    'in order, and none twice',
  );
  for (const { topic, payload } of messages) {
    const number = Number(topic.split('/')[1]);
    assert.equal(new TextDecoder().decode(payload), `reading ${number} `.repeat(1 + (number % 40)));
  }
  t.diagnostic(`${accepted.length} accepted, ${kept.length} kept`);
});

/** Runs the program, kills it some milliseconds after its first words, and answers the numbers it said were accepted. */
async function enqueueUntilKilled(path: string, first: number, port: number, life: number): Promise<number[]> {
  const program = join(import.meta.dirname, 'enqueuing-client.ts');
  const args = [program, path, `${first}`, `${port}`];
  const env = { ...process.env, NODE_COMPILE_CACHE: join(dirname(path), 'cache') };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), life);
    text += chunk;
  });
  const [code, signal] = await closed;
  assert.deepEqual([code, signal], [null, 'SIGKILL'], 'the program ended by itself');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').filter(Boolean).map(Number);
}

/** Numbers from 0 up to 1, the same for a seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
