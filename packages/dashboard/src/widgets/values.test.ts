import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TopicValue, widget as widgetSchema } from '@cauldron/broker/admin-api';
import { arcPath, partOf, zonesOf } from './gauge-arc.ts';
import { aligned, History } from './history.ts';
import { imageSource } from './image-source.ts';
import { nameOf, topicsOf, widgetKinds } from './kinds.ts';
import { formatNumber, numberReading, staleSince, textReading, toneOf, withUnit } from './reading.ts';
import type { TopicReading } from './topic-values.ts';
import { trendOf } from './trend.ts';

const message = (data: string, more: Partial<TopicValue> = {}): TopicReading => ({
  value: {
    topic: 'a',
    payload: { encoding: 'utf8', data, size: data.length, truncated: false },
    kind: 'text',
    mediaType: null,
    qos: 0,
    retain: false,
    publisher: null,
    at: 0,
    count: 1,
    rate: 0,
    sampled: false,
    properties: null,
    ...more,
  },
  at: 0,
  interval: null,
  arrived: true,
});

test('a widget says why it has no value: nothing came, nothing is there, or it cannot be read', () => {
  const source = { topic: 'a', path: '' };
  assert.deepEqual(numberReading(source, message('21.5')), { state: 'value', value: 21.5 });
  assert.deepEqual(numberReading(source, undefined), { state: 'none', problem: 'no message yet on a' });
  assert.deepEqual(numberReading(source, message('cold')), { state: 'wrong', problem: 'no number in “cold”' });
  assert.deepEqual(textReading({ topic: 'a', path: '$.x' }, message('{"y":1}')), {
    state: 'wrong',
    problem: 'nothing at $.x in “{"y":1}”',
  });
  assert.deepEqual(textReading(source, message('')), { state: 'value', value: '' });
  const binary = message('', { payload: { encoding: 'base64', data: '/w==', size: 1, truncated: false } });
  assert.deepEqual(numberReading(source, binary), { state: 'wrong', problem: 'the payload on a is binary' });
  assert.equal(numberReading({ topic: '', path: '' }, undefined).state, 'none');
});

test('the colour of a value is that of the highest threshold it has reached, in whatever order they stand', () => {
  const thresholds = [
    { from: 30, color: 'bad' },
    { from: 10, color: 'good' },
  ] as const;
  assert.deepEqual(
    [5, 10, 29.9, 30, 99].map((value) => toneOf(value, thresholds)),
    [null, 'good', 'good', 'bad', 'bad'],
  );
});

test('numbers have the digits that were asked for, never a negative nothing, and their unit', () => {
  assert.equal(formatNumber(21.456, 1), '21.5');
  assert.equal(formatNumber(-0.01, 1), '0.0');
  assert.equal(formatNumber(1234567, 0), '1,234,567');
  assert.equal(formatNumber(1e20, 0), '1.00e+20');
  assert.equal(formatNumber(Number.NaN, 0), '–');
  assert.deepEqual([withUnit('5', ''), withUnit('5', '%'), withUnit('5', 'bar')], ['5', '5%', '5 bar']);
});

test('a value is old when it should have been followed by another, by how often it comes', () => {
  const last = { ...message('1'), at: 1000, interval: 1000 };
  assert.equal(staleSince(last, 10_000), null);
  assert.equal(staleSince(last, 12_000), 1000);
  assert.equal(staleSince({ ...last, interval: 60_000 }, 200_000), null);
  assert.equal(staleSince({ ...last, interval: null }, 60_000), null);
  assert.equal(staleSince({ ...last, interval: null }, 62_000), 1000);
  assert.equal(staleSince({ ...last, at: null }, 62_000), null);
});

test('the arc of a gauge is one colour after another without gaps, whatever the thresholds say', () => {
  const zones = zonesOf(
    [
      { from: 25, color: 'bad' },
      { from: -5, color: 'info' },
      { from: 10, color: 'good' },
      { from: 99, color: 'warn' },
    ],
    0,
    50,
  );
  assert.deepEqual(zones, [
    { from: 0, to: 0.2, color: 'info' },
    { from: 0.2, to: 0.5, color: 'good' },
    { from: 0.5, to: 1, color: 'bad' },
  ]);
  assert.deepEqual(zonesOf([], 0, 1), [{ from: 0, to: 1, color: null }]);
  assert.deepEqual([partOf(-3, 0, 10), partOf(5, 0, 10), partOf(50, 0, 10), partOf(1, 5, 5)], [0, 0.5, 1, 0]);
  assert.match(arcPath(100, 100, 50, 0, 1), /^M56\.7 125A50 50 0 1 1 143\.3 125$/);
});

test('a history is bounded however fast it comes, and loses no peak', () => {
  const history = new History(10);
  for (let at = 0; at < 30_000; at++) history.add(at === 25_000 ? 500 : at % 7, at);
  const points = history.points();
  assert.ok(points.length < 3100, `${points.length} points`);
  assert.ok(points.some(({ value }) => value === 500));
  assert.ok(points[0]!.at >= 19_980, 'what is older than the window is gone, but for one piece');
  assert.deepEqual(
    points.map(({ at }) => at),
    points.map(({ at }) => at).sort((a, b) => a - b),
  );
});

test('few values stay as they came, and a clock that goes back does not turn them around', () => {
  const history = new History(60);
  history.add(1, 1000);
  history.add(2, 5000);
  history.add(3, 4000);
  assert.deepEqual(history.points(), [
    { at: 1000, value: 1 },
    { at: 5000, value: 2 },
    { at: 5000, value: 3 },
  ]);
});

test('series of different times share one axis, up to now', () => {
  const rows = aligned(
    [
      [
        { at: 1000, value: 1 },
        { at: 3000, value: 3 },
      ],
      [{ at: 2000, value: 2 }],
    ],
    4000,
  );
  assert.deepEqual(rows, [
    [1, 2, 3, 4],
    [1, null, 3, null],
    [null, 2, null, null],
  ]);
});

test('a trend is what can be seen in the shown digits', () => {
  const points = (values: readonly number[]) => values.map((value, at) => ({ at, value }));
  assert.equal(trendOf(points([1, 2, 3]), 0.1), null);
  assert.equal(trendOf(points([1, 1, 2, 2, 3, 3]), 0.1), 'rising');
  assert.equal(trendOf(points([3, 3, 2, 2, 1, 1]), 0.1), 'falling');
  assert.equal(trendOf(points([1, 1.01, 1, 1.02, 1]), 0.1), 'steady');
});

test('a picture is shown from its bytes, its text, its data: address, or from the broker where it is large', () => {
  const of = (more: Partial<TopicValue>) => imageSource(message('', more).value, '/whole');
  const png = { encoding: 'base64', data: 'iVBORw==', size: 4, truncated: false } as const;
  assert.deepEqual(of({ kind: 'image', mediaType: 'image/png', payload: png }), {
    bytes: Uint8Array.of(0x89, 0x50, 0x4e, 0x47),
    mediaType: 'image/png',
  });
  assert.deepEqual(of({ kind: 'image', mediaType: 'image/png', payload: { ...png, truncated: true } }), {
    url: '/whole',
  });
  const data = 'data:image/png;base64,iVBORw==';
  assert.deepEqual(of({ payload: { encoding: 'utf8', data, size: 30, truncated: false } }), { url: data });
  assert.deepEqual(of({ payload: { encoding: 'utf8', data: 'hello', size: 5, truncated: false } }), {
    problem: 'the last message on a is no picture',
  });
  assert.deepEqual(of({}), { problem: 'the last message on a is empty' });
});

test('a new widget of each kind is as the broker takes it, once its topics are said', () => {
  for (const { type, initial, name } of widgetKinds) {
    const text = JSON.stringify({ ...initial, id: 'w', x: 0, y: 0 })
      .replaceAll('"topic":""', '"topic":"a"')
      .replace('"filter":""', '"filter":"#"');
    const parsed = widgetSchema.safeParse(JSON.parse(text));
    assert.ok(parsed.success, `${type}: ${parsed.error?.message}`);
    assert.deepEqual(parsed.data, JSON.parse(text), `${type}: nothing is left to the broker's defaults`);
    assert.equal(nameOf({ title: ' ', type }), name);
    assert.equal(topicsOf(parsed.data).length, type === 'log' || type === 'button' ? 0 : 1, type);
  }
});
