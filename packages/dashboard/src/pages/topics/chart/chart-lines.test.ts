import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TopicValue } from '@cauldron/broker/admin-api';
import { ChartData, type ChartLine, MOST_LINES, ownScales, readLines, withLine } from './chart-lines.ts';

const temp: ChartLine = { topic: 'temp', path: '' };
const inside: ChartLine = { topic: 'room', path: '$.inside' };
const outside: ChartLine = { topic: 'room', path: '$.outside' };

const value = (topic: string, data: string, at: number | null): TopicValue => ({
  topic,
  payload: { encoding: 'utf8', data, size: data.length, truncated: false },
  kind: 'text',
  mediaType: null,
  qos: 0,
  retain: false,
  publisher: null,
  at,
  count: 1,
  rate: 0,
  sampled: false,
  properties: null,
});

test('each line has at each time what was said last', () => {
  const lines = [temp, inside, outside];
  const data = new ChartData();
  assert.ok(data.put(lines, value('temp', '20', 1000), 0));
  assert.ok(data.put(lines, value('room', '{"inside":22,"outside":"5"}', 2000), 0));
  assert.ok(data.put(lines, value('temp', '21', 3000), 0));
  assert.deepEqual(data.table(lines), [
    [1, 2, 3],
    [20, 20, 21],
    [null, 22, 22],
    [null, 5, 5],
  ]);
  assert.deepEqual(data.table([temp], 9000), [
    [1, 3, 9],
    [20, 21, 21],
  ]);
  assert.equal(data.newest(temp), 21);
  assert.equal(data.newest({ topic: 'x', path: '' }), undefined);
});

test('lines of any size fit one chart, each at its own scale', () => {
  const table = [
    [1, 2, 3],
    [20, 25, 30],
    [null, 1013, 1013],
    [null, null, null],
  ] as ReturnType<ChartData['table']>;
  assert.deepEqual(ownScales(table), [
    [1, 2, 3],
    [0, 50, 100],
    [null, 50, 50],
    [null, null, null],
  ]);
});

test('what is no number, came before, or belongs to no line is left out', () => {
  const data = new ChartData();
  assert.ok(!data.put([temp], value('temp', 'off', 1000), 0));
  assert.ok(!data.put([temp], value('other', '1', 1000), 0));
  assert.ok(data.put([temp], value('temp', '1', null), 5000), 'the time it was seen stands in');
  assert.ok(!data.put([temp], value('temp', '1', 5000), 0), 'the same again');
  assert.ok(!data.put([temp], value('temp', '2', 4000), 0));
  data.keepOnly([]);
  assert.deepEqual(data.table([temp]), [[], []]);
});

test('a line remembers so many numbers and no more', () => {
  const data = new ChartData();
  for (let at = 1; at <= 5000; at++) data.put([temp], value('temp', String(at), at), 0);
  assert.equal(data.table([temp])[0].length, 1200);
  assert.equal(data.newest(temp), 5000);
});

test('lines are kept once each, and only as many as there are colours', () => {
  assert.deepEqual(withLine([temp], temp), [temp]);
  assert.deepEqual(withLine([temp], inside), [temp, inside]);
  const full = Array.from({ length: MOST_LINES }, (_, at) => ({ topic: String(at), path: '' }));
  assert.equal(withLine(full, temp), full);
});

test('what a browser remembers is read, and what is no list of lines is forgotten', () => {
  assert.deepEqual(readLines(JSON.stringify([temp, inside])), [temp, inside]);
  assert.deepEqual(readLines(null), []);
  assert.deepEqual(readLines('{'), []);
  assert.deepEqual(readLines('{"a":1}'), []);
  assert.deepEqual(readLines('[null, 5, {"topic":1}, {"topic":"temp","path":""}]'), [temp]);
});
