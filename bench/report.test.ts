import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Load } from './load-model.ts';
import { markdownTable, type Outcome, remarks, resultTable } from './report.ts';

const load: Load = {
  name: 'x',
  group: 'g',
  what: 'a load',
  shape: { kind: 'idle', version: 4, connections: 1, dialling: 1 },
  measures: [
    { figure: 'speed', label: 'speed', better: 'more', goal: { against: 'mosquitto', bound: 4 } },
    { figure: 'size', label: 'size', better: 'less', goal: { against: 'absolute', bound: 12 } },
  ],
};

const outcome = (
  broker: string,
  round: number,
  figures: Outcome['result']['figures'],
  errors: string[] = [],
): Outcome => ({
  load: 'x',
  broker,
  round,
  result: { figures, errors, notes: [] },
});

test('a table is Markdown with its numbers to the right', () => {
  assert.equal(
    markdownTable([
      ['a', 'b', 'c'],
      ['1', '2', '3'],
    ]),
    '| a | b | c |\n| --- | --- | ---: |\n| 1 | 2 | 3 |',
  );
});

test('medians, ratios round by round and goals are in the table', () => {
  const outcomes = [
    outcome('cauldron', 1, { speed: 500, size: 13 }),
    outcome('mosquitto', 1, { speed: 100, size: 1 }),
    outcome('mosquitto', 2, { speed: 300, size: 1 }),
    outcome('cauldron', 2, { speed: 1500, size: 13 }),
  ];
  const lines = resultTable([load], ['cauldron', 'mosquitto'], outcomes).split('\n');
  assert.deepEqual(lines.slice(2), [
    '| a load | speed | 1000 | 200 | 5.00x | >= 4x met |',
    '|  | size | 13.0 | 1.00 | 13.00x | <= 12 MISSED |',
  ]);
});

test('a failed run is printed as failed and never as a number or a met goal', () => {
  const outcomes = [outcome('cauldron', 1, {}, ['it broke']), outcome('mosquitto', 1, { speed: 100, size: 1 })];
  const lines = resultTable([load], ['cauldron', 'mosquitto'], outcomes).split('\n');
  assert.equal(lines[2], '| a load | speed | FAILED | 100 | - | >= 4x |');
  assert.deepEqual(remarks(outcomes), ['FAILED x, cauldron: it broke']);
});

test('a broker that was not busy, a starved generator and a host that took CPU time are remarked', () => {
  const [idle, stolen, starved, kept] = remarks([
    outcome('cauldron', 1, { broker_cpu_percent: 40 }),
    outcome('cauldron', 2, { broker_cpu_percent: 99, stolen_percent: 20 }),
    outcome('cauldron', 3, { broker_cpu_percent: 99, load_cpu_percent: 50 }),
    outcome('cauldron', 4, { load_waited_percent: 6 }),
    outcome('cauldron', 5, { load_waited_percent: 4 }),
  ]);
  assert.match(idle!, /not busy all the time/);
  assert.match(stolen!, /took more than 5 %/);
  assert.match(starved!, /less than 90 % of its core/);
  assert.match(kept!, /waited more than 5 % of the time for its core/);
});

test('a goal may be a ratio to another way to run the same broker', () => {
  const goal = { against: 'cauldron-ack-memory', bound: 0.6 };
  const durable: Load = { ...load, measures: [{ figure: 'speed', label: 'speed', better: 'more', goal }] };
  const outcomes = [outcome('cauldron', 1, { speed: 70 }), outcome('cauldron-ack-memory', 1, { speed: 100 })];
  const lines = resultTable([durable], ['cauldron', 'cauldron-ack-memory'], outcomes).split('\n');
  assert.equal(lines[2], '| a load | speed | 70.0 | 100 | 0.70x | >= 0.6x of cauldron-ack-memory met |');
});

test('a measure may have goals for several ways to run the same broker', () => {
  const goal = { against: 'absolute', bound: 2 };
  const measure = {
    figure: 'cost',
    label: 'cost',
    better: 'less',
    goal,
    also: [{ ...goal, of: 'cauldron-b' }],
  } as const;
  const outcomes = [outcome('cauldron', 1, { cost: 1 }), outcome('cauldron-b', 1, { cost: 3 })];
  const lines = resultTable([{ ...load, measures: [measure] }], ['cauldron', 'cauldron-b'], outcomes).split('\n');
  assert.equal(lines[2], '| a load | cost | 1.00 | 3.00 | 0.33x | <= 2 met; cauldron-b <= 2 MISSED |');
});
