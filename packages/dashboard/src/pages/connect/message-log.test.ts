import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextColor } from './colors.ts';
import { filtered, jsonLines, type LogEntry, MessageLog, MOST_MESSAGES } from './message-log.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function entry(topic: string, payload: Uint8Array, more: Partial<LogEntry> = {}): LogEntry {
  const rest = { id: 0, at: 0, qos: 0, retain: false, dup: false, properties: undefined, colors: [] } as const;
  return { ...rest, topic, payload, ...more };
}

test('the newest thousand are kept, and all are counted', () => {
  const log = new MessageLog();
  for (let id = 0; id < MOST_MESSAGES + 50; id++) log.add(entry('t', bytes(`${id}`)), id);
  assert.equal(log.entries.length, MOST_MESSAGES);
  assert.equal(log.entries[0]!.id, 50);
  assert.equal(log.total, MOST_MESSAGES + 50);
  log.clear();
  assert.deepEqual([log.entries.length, log.total], [0, 0]);
});

test('payloads are bounded together, and the newest message is kept however large it is', () => {
  const log = new MessageLog();
  const large = new Uint8Array(10 * 1024 * 1024);
  for (let id = 0; id < 5; id++) log.add(entry('t', large), id);
  assert.deepEqual(
    log.entries.map(({ id }) => id),
    [2, 3, 4],
  );
  log.add(entry('t', new Uint8Array(40 * 1024 * 1024)), 5);
  assert.deepEqual(
    log.entries.map(({ id }) => id),
    [5],
  );
});

test('a list that was handed out stands still while messages come', () => {
  const log = new MessageLog();
  log.add(entry('a', bytes('1')), 1);
  const before = log.entries;
  log.add(entry('b', bytes('2')), 2);
  log.addColor('--series-2');
  assert.deepEqual(
    before.map(({ topic }) => topic),
    ['a'],
  );
  assert.deepEqual(log.entries.at(-1)!.colors, ['--series-2']);
});

test('a filter with wildcards is one of topics; anything else is looked for in topics and texts', () => {
  const all = [entry('a/b', bytes('Hot')), entry('a/c', Uint8Array.of(0xff)), entry('hot/x', bytes('1'))];
  const topics = (text: string): string[] => filtered(all, text).map(({ topic }) => topic);
  assert.deepEqual(topics('a/+'), ['a/b', 'a/c']);
  assert.deepEqual(topics('hot'), ['a/b', 'hot/x']);
  assert.deepEqual(topics('  '), ['a/b', 'a/c', 'hot/x']);
  assert.deepEqual(topics('x+'), []);
});

test('what is exported holds every message whole, bytes too', () => {
  const properties = {
    contentType: 'x',
    correlationData: Uint8Array.of(1, 255),
    userProperties: [['a', 'b']] as [string, string][],
  };
  const lines = jsonLines([
    entry('a', bytes('ü\n'), { qos: 1, retain: true }),
    entry('b', Uint8Array.of(0, 255), { dup: true, properties }),
  ]);
  assert.deepEqual(
    lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { time: '1970-01-01T00:00:00.000Z', topic: 'a', payload: 'ü\n', qos: 1, retain: true },
      {
        time: '1970-01-01T00:00:00.000Z',
        topic: 'b',
        payloadBase64: 'AP8=',
        qos: 0,
        retain: false,
        dup: true,
        properties: { contentType: 'x', correlationDataBase64: 'Af8=', userProperties: [['a', 'b']] },
      },
    ],
  );
});

test('a new subscription gets a colour that the others do not have, while there is one', () => {
  assert.equal(nextColor([]), '--series-1');
  assert.equal(nextColor(['--series-1', '--series-3']), '--series-2');
});
