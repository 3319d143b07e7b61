import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invariants, sabotages, simulate, storeSabotages } from '@cauldron/testkit/simulation';

const SEEDS = 750;
const CHUNK = 250;
/** A broken broker has to be noticed within so many seeds; where it shows only in a crash, that may take more. */
const PATIENCE = { memory: 25, durable: 60 };

for (let first = 1; first <= SEEDS; first += CHUNK) {
  const last = first + CHUNK - 1;
  test(`seeds ${first} to ${last}: every promise of MQTT holds over a bad network, with crashes where there is a store`, async (t) => {
    for (let seed = first; seed <= last; seed++) {
      const { violation, replay } = await simulate(seed);
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

for (const [kind, list] of [
  ['memory', sabotages],
  ['durable', storeSabotages],
] as const) {
  for (const { name, breaks, apply } of list) {
    test(`a broker that ${name} is found out`, async () => {
      for (let seed = 1; seed <= PATIENCE[kind]; seed++) {
        const { violation } = await simulate(seed, { store: kind === 'durable', sabotage: apply });
        if (violation !== undefined && breaks.includes(violation.invariant)) return;
      }
      assert.fail(`no run of ${PATIENCE[kind]} reported ${breaks.join(' or ')}`);
    });
  }
}

for (const store of [false, true]) {
  test(`a seed gives the same run every time, a failing one too (${store ? 'with' : 'without'} a store)`, async () => {
    const run = async (seed: number, apply?: (typeof sabotages)[number]['apply']) => {
      const lines: string[] = [];
      const { violation, ...rest } = await simulate(seed, {
        store,
        trace: (line) => lines.push(line),
        sabotage: apply,
      });
      return { lines, message: violation?.message, ...rest };
    };
    assert.deepEqual(await run(7), await run(7));
    assert.notDeepEqual((await run(7)).lines, (await run(8)).lines);
    const harm = store ? storeSabotages.find(({ name }) => name === 'never removes messages')! : sabotages[0]!;
    const broken = await run(3, harm.apply);
    assert.ok(broken.message);
    assert.deepEqual(await run(3, harm.apply), broken);
  });
}

test('a failing run names its seed and the command that replays it', async () => {
  const hoards = storeSabotages.find(({ name }) => name === 'never removes messages')!;
  const { violation, seed, replay } = await simulate(1, { store: true, sabotage: hoards.apply });
  assert.equal(violation?.invariant, 'nothing-left');
  assert.equal(seed, 1);
  assert.equal(replay, 'npm run simulate -- --seed 1 --durable --trace');
});

test('the runs do what they are there for: messages, sessions, wills, crashes, a store that fails', async () => {
  const totals = { messages: 0, deliveries: 0, sessions: 0, wills: 0, crashes: 0, storeFailures: 0 };
  for (let seed = 1; seed <= 30; seed++) {
    const result = await simulate(seed);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key];
  }
  assert.ok(totals.messages > 2000 && totals.deliveries > totals.messages, JSON.stringify(totals));
  assert.ok(totals.sessions > 200 && totals.wills > 100, JSON.stringify(totals));
  assert.ok(totals.crashes > 50 && totals.storeFailures > 10, JSON.stringify(totals));
});
