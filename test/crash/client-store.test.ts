import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from '@cauldron/client';
import { sqliteStore } from '@cauldron/client/sqlite';
import { until } from '../support/broker.ts';
import { cauldron } from '../support/peers/cauldron.ts';
import { startProcess } from '../support/process.ts';
import { stablePort } from '../support/stable-port.ts';
import { tempDir } from '../support/temp-dir.ts';

const PROGRAM = join(import.meta.dirname, 'enqueuing-client.ts');
const KILLS = 16;
const SENDING_KILLS = 8;
/** Milliseconds after its first accepted message within which a program is killed. */
const LIFE = 40;

test(`a program killed ${KILLS} times loses no message that enqueue had accepted, and the next goes on behind it`, async (t) => {
  const path = join(tempDir(t), 'store.db');
  const port = await stablePort();
  const random = seeded(t);
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

test(`what a program killed ${SENDING_KILLS} times while it publishes had accepted arrives, with QoS 2 once`, async (t) => {
  const path = join(tempDir(t), 'store.db');
  const peer = await cauldron.make(t);
  await peer.start();
  const client = await connect(`mqtt://127.0.0.1:${peer.port}`);
  t.after(() => client.end({ timeout: 0 }));
  const arrived: number[] = [];
  await client.on('meter/+number', ({ params }) => void arrived.push(Number(params.number)), { qos: 2 });
  const random = seeded(t);
  const accepted: number[] = [];
  for (let kill = 0; kill < SENDING_KILLS; kill++) {
    accepted.push(...(await enqueueUntilKilled(path, (accepted.at(-1) ?? -1) + 1000, peer.port, random() * LIFE)));
  }
  const last = accepted.at(-1)! + 1000;
  const program = startProcess(t, process.execPath, [PROGRAM, path, `${last}`, `${peer.port}`, `${last}`]);
  assert.deepEqual(await program.waitForExit(30_000), { code: 0, signal: null }, program.stderr);
  await until('the last message', () => arrived.includes(last));
  const found = new Set(arrived);
  assert.deepEqual(
    accepted.filter((number) => !found.has(number)),
    [],
    'accepted and lost',
  );
  const exactly = arrived.filter((number) => number % 2 === 0);
  assert.equal(exactly.length, new Set(exactly).size, 'QoS 2 arrived twice');
  t.diagnostic(`${accepted.length} accepted, ${found.size} arrived, ${arrived.length - found.size} of QoS 1 again`);
});

/** Random numbers whose seed is told. */
function seeded(t: TestContext): () => number {
  const seed = 1 + Math.floor(Math.random() * 0xffff_fffe);
  t.diagnostic(`seed ${seed}`);
  return randomFrom(seed);
}

/** Runs the program, kills it some milliseconds after its first words, and answers the numbers it said were accepted. */
async function enqueueUntilKilled(path: string, first: number, port: number, life: number): Promise<number[]> {
  const args = [PROGRAM, path, `${first}`, `${port}`];
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
