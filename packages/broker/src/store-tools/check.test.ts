import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import {
  away,
  body,
  filesOf,
  NOW,
  openEngine,
  storeOf,
  tempFolder,
  write,
} from '../../../../test/support/store-tools.ts';
import { StoreRefused } from '../store/database.ts';
import { checkStore } from './check.ts';

const content = [
  { type: 'session', clientId: 'c', will: { topic: 'w', payload: 'gone' } },
  { type: 'subscription', clientId: 'c', filter: 't', qos: 1 },
  { type: 'message', id: 1, topic: 't', payload: 'x', qos: 2 },
  { type: 'queued', clientId: 'c', message: 1 },
  {
    type: 'inflight',
    clientId: 'c',
    sent: [
      { packetId: 4, message: 1 },
      { packetId: 5, released: true },
    ],
    received: [1],
  },
  { type: 'retained', message: 1 },
];

test('an imported store is sound', async (t) => {
  const { findings, advice } = checkStore(await storeOf(t, content));
  assert.deepEqual([findings, advice], [[], []]);
});

const damages: [sql: string, finding: RegExp][] = [
  ['DELETE FROM message', /^a message is lost: message 1 is referred to 3 times and is not there$/],
  ["UPDATE message SET body = x'08'", /^a message is damaged: message 1: /],
  ['UPDATE message SET refs = 9', /^a count is wrong: message 1 counts 9 references, and 3 refer to it$/],
  ['UPDATE tail SET entries = substr(entries, 1, 3)', /^a queue is damaged: tail row 1 cannot be read/],
  ["UPDATE delivery SET state = x'09'", /^a queue is damaged: the delivery state of session 1 cannot be read/],
  [
    "INSERT INTO subscription VALUES (7, 'x', 0, NULL)",
    /^something belongs to nothing: the subscription to "x" is of session 7/,
  ],
  ['UPDATE sequence SET last = 0', /^a number is wrong: /],
];

for (const [sql, finding] of damages) {
  test(`found, told with what to do, and left as it is: ${sql}`, async (t) => {
    const folder = await storeOf(t, content);
    const db = new DatabaseSync(join(folder, 'cauldron.db'));
    db.exec(sql);
    db.close();
    const before = filesOf(folder);
    const { findings, advice } = checkStore(folder);
    assert.match(findings[0]!, finding);
    assert.match(advice.join('\n'), /cauldron store export .*\n.*cauldron store import/);
    assert.deepEqual(filesOf(folder), before);
  });
}

test('whichever page of the file is damaged, it is found or does not matter, and nothing is changed', async (t) => {
  const folder = await storeOf(t, content);
  const path = join(folder, 'cauldron.db');
  const sound = readFileSync(path);
  for (let page = 0; page < sound.length / 4096; page++) {
    const bytes = Buffer.from(sound);
    bytes.fill(0x5a, page * 4096 + (page === 0 ? 100 : 0), (page + 1) * 4096);
    writeFileSync(path, bytes);
    const before = filesOf(folder);
    assert.ok(damageSeen(folder), `page ${page + 1}`);
    assert.deepEqual(filesOf(folder), before);
  }
});

/** Whether a check finds something; a file that cannot be opened at all counts. */
function damageSeen(folder: string): boolean {
  try {
    return checkStore(folder).findings.length > 0;
  } catch (error) {
    if (error instanceof StoreRefused) return error.reason === 'damaged';
    throw error;
  }
}

test('the log that a crash has left is read too, and stays as it is', (t) => {
  const running = tempFolder(t);
  const engine = openEngine(t, running);
  write(engine, (writer) => {
    writer.sequence(1, 1);
    writer.session(away(1, 'c'));
    writer.message(1, 2, NOW, body('t', 'x'));
    writer.retain('t', 1, null);
  });
  const crashed = tempFolder(t);
  for (const name of ['cauldron.db', 'cauldron.db-wal']) copyFileSync(join(running, name), join(crashed, name));
  const before = filesOf(crashed);
  assert.deepEqual(checkStore(crashed).findings, [
    'a count is wrong: message 1 counts 2 references, and 1 refer to it',
  ]);
  const { 'cauldron.db-shm': _index, ...after } = filesOf(crashed);
  assert.deepEqual(after, before);
});

test('a folder without a store is refused, and nothing is put into it', (t) => {
  const folder = tempFolder(t);
  assert.throws(() => checkStore(folder), {
    reason: 'missing',
    message: /there is no store in .*name the data folder/,
  });
  writeFileSync(join(folder, 'cauldron.db'), 'soup'.repeat(100));
  assert.throws(() => checkStore(folder), { reason: 'foreign' });
  assert.deepEqual(readdirSync(folder), ['cauldron.db']);
});
