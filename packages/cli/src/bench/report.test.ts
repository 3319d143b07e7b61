import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';
import type { Load, Outcome } from './load.ts';
import { headline, reportJson, reportText } from './report.ts';

const load: Load = {
  url: 'mqtt://localhost:1883',
  connect: {},
  prefix: 'bench',
  publishers: 1,
  subscribers: 2,
  topics: 1,
  publish: { qos: 0 },
  size: 64,
  rate: undefined,
  inflight: 20,
  warmup: 0,
  duration: 2,
};

function outcome(rest: Partial<Outcome> = {}): Outcome {
  const latency = new Histogram();
  for (const micros of [100, 200, 250_000]) latency.record(micros);
  const clean = { missing: 0, extra: 0, errors: new Map(), lostConnections: 0 };
  return { duration: 2, sent: 2000, received: 4000, latency, ...clean, setup: 12.3456, cpu: 0.5, loop: 0.6, ...rest };
}

test('the text has rates, latencies and what the program itself used', () => {
  assert.equal(
    headline({ ...load, rate: 1000 }),
    'mqtt://localhost:1883: 1 publisher, 1 topic, 2 subscribers, QoS 0, 64 bytes, 1,000/s, 2 s',
  );
  assert.deepEqual(reportText(load, outcome()).split('\n'), [
    'sent                2,000       1,000/s',
    'received            4,000       2,000/s',
    'missing      0',
    'latency      p50 0.20 ms   p99 250 ms   max 250 ms',
    'errors       0',
    'connections  none lost',
    'this program 50 % of a CPU, busy 60 % of the time',
    '',
  ]);
});

test('the JSON has the same numbers, times in milliseconds', () => {
  const told = JSON.parse(reportJson({ ...load, rate: 1000 }, outcome({ errors: new Map([['refused', 2]]) })));
  assert.deepEqual(told.latencyMs, { mean: 83.433, p50: 0.201, p99: 250, p999: 250, max: 250 });
  assert.deepEqual(
    [told.sentPerSecond, told.receivedPerSecond, told.rate, told.seconds, told.connectMs, told.errors, told.warnings],
    [1000, 2000, 1000, 2, 12.346, { refused: 2 }, []],
  );
});

const cases: readonly [what: string, load: Partial<Load>, outcome: Partial<Outcome>, said: RegExp][] = [
  ['a program that is busy all the time says that it is the limit', {}, { loop: 0.99 }, /busy 99 % .* it is the limit/],
  ['a rate that was not reached is told', { rate: 2000 }, {}, /only 50 % of the wanted rate/],
  ['missing QoS 0 messages are explained', {}, { missing: 5 }, /5 deliveries did not come: brokers drop QoS 0/],
  ['missing QoS 1 messages break a promise', { publish: { qos: 1 } }, { missing: 5 }, /which QoS 1 and 2 promise/],
  ['without subscribers nothing is proven', { subscribers: 0 }, {}, /nothing proves that messages arrive/],
  ['a run that was ended early says so', { duration: 10 }, {}, /it was ended after 2\.0 s/],
];
for (const [what, own, came, said] of cases) {
  test(what, () => {
    const text = reportText({ ...load, ...own }, outcome(came));
    assert.match(text, said);
    assert.equal(text.split('\n').filter((line) => line.startsWith('! ')).length, 1);
  });
}

test('errors, repetitions and lost connections have their numbers', () => {
  const errors = new Map([
    ['refused: Not authorized (0x87)', 1200],
    ['QUEUE_FULL', 1],
  ]);
  const text = reportText(load, outcome({ errors, extra: 3, lostConnections: 4 }));
  assert.match(text, /errors {7}1,200 x refused: Not authorized \(0x87\); 1 x QUEUE_FULL\n/);
  assert.match(text, /repeated {5}3\nlatency/);
  assert.match(text, /connections {2}lost 4 times\n/);
});

test('a run of no time has rates of 0, not of nothing', () => {
  const text = reportText(load, outcome({ duration: 0, sent: 0, received: 0, latency: new Histogram() }));
  assert.match(text, /sent +0 +0\/s\n/);
  assert.match(text, /latency {6}nothing came\n/);
});
