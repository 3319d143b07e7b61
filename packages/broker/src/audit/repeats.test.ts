import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';
import { RefusalLog, type RefusalNote } from './refusal-log.ts';

function logged() {
  const lines: string[] = [];
  const write = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
    void lines.push(`${level} ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
  return { lines, log: new RefusalLog({ info: write('info'), warn: write('warn') }) };
}

const note = (parts: Partial<RefusalNote> = {}): RefusalNote => ({
  kind: 'login',
  party: '192.0.2.1',
  why: 0x86,
  level: 'warn',
  message: 'refused 192.0.2.1: wrong password',
  ...parts,
});

test('a refusal is said once; what follows within a minute is counted and summed up', () => {
  const { lines, log } = logged();
  for (let index = 0; index < 1235; index += 1) log.note(note(), index * 10);
  log.tick(59_999);
  assert.deepEqual(lines, ['warn refused 192.0.2.1: wrong password {}']);
  log.tick(60_000);
  assert.equal(lines[1], 'warn refused 192.0.2.1: wrong password (and 1,234 more like it in the last 60 s) {}');
  log.note(note(), 61_000);
  log.tick(120_000);
  assert.equal(lines[2], 'warn refused 192.0.2.1: wrong password (and 1 more like it in the last 60 s) {}');
  log.tick(180_000);
  log.note(note(), 180_001);
  assert.equal(lines[3], lines[0], 'after a quiet minute it is said again');
  assert.equal(lines.length, 4);
});

test('other kinds, parties and reasons are said for themselves', () => {
  const { lines, log } = logged();
  for (const other of [{}, { kind: 'publish' }, { party: '192.0.2.2' }, { why: 0x87 }]) log.note(note(other), 0);
  assert.equal(lines.length, 4);
});

test('a flood of different refusals takes no more than 20 lines a second, and is summed up', () => {
  const { lines, log } = logged();
  for (let index = 0; index < 5000; index += 1) log.note(note({ party: `10.0.${index >> 8}.${index & 255}` }), index);
  assert.equal(lines.length, 100);
  log.tick(61_000);
  assert.equal(lines.length, 101);
  assert.match(lines[100]!, /^warn 4,900 more refusals in the last 61 s, too many to name each/);
});

test('what is known is counted, also when no more lines may be written', () => {
  const { lines, log } = logged();
  log.note(note(), 0);
  for (let index = 0; index < 100; index += 1) log.note(note({ party: `${index}` }), 0);
  log.note(note(), 0);
  log.close(1000);
  assert.ok(lines.includes('warn refused 192.0.2.1: wrong password (and 1 more like it in the last 1 s) {}'));
});

test('no more than 1,000 parties are told apart', () => {
  const { lines, log } = logged();
  for (let index = 0; index < 3000; index += 1) log.note(note({ party: `${index}` }), index * 60);
  assert.ok(lines.length <= 1000, `${lines.length} lines`);
  log.close(180_000);
  assert.match(lines.at(-1)!, /more refusals/);
});

test('text of clients is shortened and cannot forge lines', () => {
  const { lines, log } = logged();
  const evil = '\u001b[2Jx\n2026 info all is well\u202e';
  log.note(
    note({ message: `'${evil}' ${'y'.repeat(70_000)}`, fields: { clientId: `${evil}${'z'.repeat(70_000)}` } }),
    0,
  );
  assert.ok(lines[0]!.length < 1000);
  assert.doesNotMatch(lines[0]!, /[\p{Cc}\u202e]/u);
  assert.match(lines[0]!, /\\u001b\[2Jx\\u000a2026/);
});

test('printable leaves text as it is, whatever its language, and says how long a long one was', () => {
  assert.equal(printable('علی 🫖 lamp'), 'علی 🫖 lamp');
  assert.equal(printable('abc', 2), 'ab... (3 characters)');
  assert.equal(printable('🫖', 1), '\\ud83e... (2 characters)');
});
