import assert from 'node:assert/strict';
import { openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Message, readEntries } from '@cauldron/core';
import fc from 'fast-check';
import {
  away,
  body,
  contentOf,
  type Json,
  NOW,
  openEngine,
  storeOf,
  tempFolder,
  write,
} from '../../../../test/support/store-tools.ts';
import { exportLines, exportStore } from './export.ts';

const ofType = (lines: Json[], type: string): Json[] => lines.filter((line) => line.type === type);

/** Payloads in a session's queue by an export, in order. */
function queueOf(lines: Json[], clientId: string): unknown[] {
  const payloads = new Map(ofType(lines, 'message').map(({ id, payload }) => [id, payload]));
  return ofType(lines, 'queued')
    .filter((line) => line.clientId === clientId)
    .map(({ message }) => payloads.get(message));
}

test('a message that several sessions wait for has one line', async (t) => {
  const folder = await storeOf(t, [
    { type: 'session', clientId: 'a' },
    { type: 'session', clientId: 'b' },
    { type: 'message', id: 1, topic: 't', payload: 'x', qos: 1 },
    { type: 'queued', clientId: 'a', message: 1 },
    { type: 'queued', clientId: 'b', message: 1 },
    { type: 'retained', message: 1 },
  ]);
  const lines = contentOf(folder);
  assert.equal(ofType(lines, 'message').length, 1);
  assert.deepEqual(
    lines.slice(-3).map(({ type, message }) => [type, message]),
    [
      ['queued', 1],
      ['queued', 1],
      ['retained', 1],
    ],
  );
});

/** A step of a broker: a message to some of three sessions, or one of them gets its next ones. */
const step = fc.oneof(
  fc.record({ to: fc.subarray([1, 2, 3], { minLength: 1 }) }),
  fc.record({ session: fc.constantFrom(1, 2, 3), takes: fc.integer({ min: 1, max: 4 }) }),
);

test('queues are exported as the engine reads them, whatever of them is folded, taken or new', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(1, 4, 1000), (steps, foldEntries) => {
      const folder = tempFolder(t);
      const engine = openEngine(t, folder, foldEntries);
      write(engine, (writer) => [1, 2, 3].map((number) => writer.session(away(number, `c${number}`))));
      const queues = new Map<number, { position: number; messageId: number }[]>([1, 2, 3].map((n) => [n, []]));
      let sequence = 0;
      for (const one of steps) {
        write(engine, (writer) => {
          if ('to' in one) {
            const messageId = ++sequence;
            writer.message(messageId, one.to.length, NOW, body('t', `${messageId}`));
            for (const session of one.to) {
              const entry = { session, position: ++sequence, messageId, flags: 1, identifiers: null, size: 5 };
              writer.entry(entry);
              queues.get(session)!.push(entry);
            }
          } else {
            const taken = queues.get(one.session)!.splice(0, one.takes);
            if (taken.length > 0) writer.delivery(one.session, taken.at(-1)!.position, Uint8Array.of(0));
            for (const { messageId } of taken) writer.done(messageId);
          }
          writer.sequence(sequence, 3);
        });
      }
      const expected = [1, 2, 3].map((session) => {
        const request = { session, messages: null, after: 0, limit: 1000, maxBytes: 1e9 };
        return readEntries(engine.read(request).entries).map((entry) => payloadOf(entry.body));
      });
      engine.close();
      const lines = contentOf(folder);
      assert.deepEqual(
        [1, 2, 3].map((number) => queueOf(lines, `c${number}`)),
        expected,
      );
      assert.deepEqual(
        expected,
        [...queues.values()].map((queue) => queue.map(({ messageId }) => `${messageId}`)),
      );
    }),
    { numRuns: 40 },
  );
});

const payloadOf = (bytes: Uint8Array): string => Buffer.from(Message.stored(bytes).payload()).toString();

test('an export shows one moment, whatever is written while it goes on', (t) => {
  const folder = tempFolder(t);
  const engine = openEngine(t, folder);
  write(engine, (writer) => {
    writer.session(away(1, 'c'));
    for (let id = 1; id <= 3000; id++) {
      writer.message(id, 1, NOW, body('t', `${id}`));
      writer.entry({ session: 1, position: 10_000 + id, messageId: id, flags: 1, identifiers: null, size: 5 });
    }
  });
  const db = new DatabaseSync(join(folder, 'cauldron.db'), { readOnly: true });
  t.after(() => db.close());
  const pieces = exportLines(db);
  let text = String(pieces.next().value);
  write(engine, (writer) => {
    writer.delivery(1, 12_000, Uint8Array.of(0));
    for (let id = 1; id <= 2000; id++) writer.done(id);
    writer.session(away(2, 'later'));
  });
  for (const piece of pieces) text += piece;
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);
  assert.equal(queueOf(lines, 'c').length, 3000);
  assert.equal(ofType(lines, 'session').length, 1);
});

/** A store with a session, messages a to d in its queue and a retained one. */
async function queueStore(
  t: Parameters<typeof tempFolder>[0],
): Promise<{ folder: string; sql: (sql: string) => void }> {
  const folder = await storeOf(t, [
    { type: 'session', clientId: 'c' },
    { type: 'subscription', clientId: 'c', filter: 't', qos: 1 },
    ...['a', 'b', 'c', 'd'].map((payload, i) => ({ type: 'message', id: i + 1, topic: 't', payload, qos: 1 })),
    ...[1, 2, 3, 4].map((message) => ({ type: 'queued', clientId: 'c', message })),
    { type: 'retained', topic: 'r', payload: 'kept' },
  ]);
  const sql = (statement: string): void => {
    const db = new DatabaseSync(join(folder, 'cauldron.db'));
    db.exec(statement);
    db.close();
  };
  return { folder, sql };
}

function exportOf(folder: string): { lines: Json[]; losses: readonly string[] } {
  const pieces = exportStore(folder);
  let text = '';
  for (let piece = pieces.next(); ; piece = pieces.next()) {
    if (piece.done === true) {
      return {
        lines: text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Json),
        losses: piece.value.losses,
      };
    }
    text += piece.value;
  }
}

test('a message that is missing or damaged is left out and told, and the others are exported', async (t) => {
  const { folder, sql } = await queueStore(t);
  sql("DELETE FROM message WHERE id = 1; UPDATE message SET body = x'ff' WHERE id = 3");
  const { lines, losses } = exportOf(folder);
  assert.deepEqual(queueOf(lines, 'c'), ['b', 'd']);
  assert.deepEqual(losses, ['2 messages are missing or damaged, and what refers to them was left out']);
});

test('damaged queues, delivery states and wills are told, and everything else is exported', async (t) => {
  const { folder, sql } = await queueStore(t);
  sql(`UPDATE tail SET entries = substr(entries, 1, 6); INSERT INTO delivery VALUES (1, 0, x'05');
       UPDATE session SET will_delay = 0, will_message = x'03'`);
  const { lines, losses } = exportOf(folder);
  assert.deepEqual(
    losses.map((loss) => loss.replace(/:.*/, '')),
    [
      'the newest entries of queues can be read in part only',
      'the will of c is damaged',
      'what is in flight to c can be read in part only',
    ],
  );
  assert.equal(ofType(lines, 'session').length, 1);
  assert.deepEqual(
    ofType(lines, 'retained').map(({ payload }) => payload),
    ['kept'],
  );
});

test('of a file with a damaged page, what other pages hold is exported', async (t) => {
  const { folder } = await queueStore(t);
  const path = join(folder, 'cauldron.db');
  const db = new DatabaseSync(path);
  const { page } = db.prepare("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'message'").get() as {
    page: number;
  };
  db.close();
  const file = openSync(path, 'r+');
  writeSync(file, new Uint8Array(4096).fill(0xaa), 0, 4096, (page - 1) * 4096);
  const before = readFileSync(path);
  const { lines, losses } = exportOf(folder);
  assert.deepEqual(
    lines.map(({ type }) => type),
    [undefined, 'session', 'subscription', 'end'],
  );
  assert.match(losses.join('\n'), /4 messages are missing or damaged.*\n.*retained message of r is missing/);
  assert.deepEqual(readFileSync(path), before);
});

test('an export that nobody reads to the end leaves the store free', async (t) => {
  const { folder } = await queueStore(t);
  const pieces = exportStore(folder);
  pieces.next();
  pieces.return(undefined as never);
  const db = new DatabaseSync(join(folder, 'cauldron.db'));
  db.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; ROLLBACK');
  db.close();
});

test('where somebody begins to write while the file alone is read, the export ends without its last line', async (t) => {
  const many = Array.from({ length: 2000 }, (_, i) => ({ type: 'retained', topic: `t/${i}`, payload: 'x'.repeat(50) }));
  const folder = await storeOf(t, many);
  const pieces = exportStore(folder);
  let text = String(pieces.next().value);
  const engine = openEngine(t, folder);
  write(engine, (writer) => writer.unretain('t/0'));
  assert.throws(() => {
    for (const piece of pieces) text += piece;
  }, /somebody began to write .* run the command again/);
  assert.ok(!text.includes('"type":"end"'));
});
