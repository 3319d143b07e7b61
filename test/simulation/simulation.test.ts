import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invariants, sabotages, simulate } from '@cauldron/testkit/simulation';

const SEEDS = 1000;
const CHUNK = 250;
/** A broken broker has to be noticed within so many seeds. */
const PATIENCE = 25;

for (let first = 1; first <= SEEDS; first += CHUNK) {
  const last = first + CHUNK - 1;
  test(`seeds ${first} to ${last}: every promise of MQTT holds over a bad network`, async (t) => {
    for (let seed = first; seed <= last; seed++) {
      const { violation, replay } = await simulate(seed, { store: false });
      if (violation !== undefined) {
        const { invariant, message } = violation;
        assert.fail(`seed ${seed} broke '${invariant}' (${invariants[invariant]})\n${message}\nReplay: ${replay}`);
      }
      // Lets the runner's timers and reports through.
      if (seed % 25 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    t.diagnostic(`${CHUNK} seeds`);
  });
}

for (const { name, breaks, apply } of sabotages) {
  test(`a broker that ${name} is found out`, async () => {
    for (let seed = 1; seed <= PATIENCE; seed++) {
      const { violation } = await simulate(seed, { store: false, sabotage: apply });
      if (violation !== undefined && breaks.includes(violation.invariant)) return;
    }
    assert.fail(`no run of ${PATIENCE} reported ${breaks.join(' or ')}`);
  });
}

test('a seed gives the same run every time, a failing one too', async () => {
  const run = async (seed: number, apply?: (typeof sabotages)[number]['apply']) => {
    const lines: string[] = [];
    const { violation, ...rest } = await simulate(seed, {
      store: false,
      trace: (line) => lines.push(line),
      sabotage: apply,
    });
    return { lines, message: violation?.message, ...rest };
  };
  assert.deepEqual(await run(7), await run(7));
  assert.notDeepEqual((await run(7)).lines, (await run(8)).lines);
  const broken = await run(3, sabotages[0]!.apply);
  assert.ok(broken.message);
  assert.deepEqual(await run(3, sabotages[0]!.apply), broken);
});

test('a failing run names its seed and the command that replays it', async () => {
  const { violation, seed, replay } = await simulate(1, { store: false, sabotage: sabotages[0]!.apply });
  assert.equal(violation?.invariant, 'acknowledged-delivered');
  assert.equal(seed, 1);
  assert.equal(replay, 'npm run simulate -- --seed 1 --memory --trace');
});

test('the runs do what they are there for: messages, sessions, wills', async () => {
  const totals = { messages: 0, deliveries: 0, sessions: 0, wills: 0 };
  for (let seed = 1; seed <= 20; seed++) {
    const result = await simulate(seed, { store: false });
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key];
  }
  assert.ok(totals.messages > 2000 && totals.deliveries > totals.messages, JSON.stringify(totals));
  assert.ok(totals.sessions > 200 && totals.wills > 100, JSON.stringify(totals));
});
