// npm run simulate -- [--seeds N] [--from N] [--clients N] [--seed N [--trace]]
//   --seeds N    how many runs, from seed --from on (1); 2,000 unless it is said
//   --seed N     this one run; with --trace it tells what happens
//   --clients N  so many clients in one world instead of 2 to 12
//   --durable    every broker has a store and crashes; --memory: none has. By the seed where neither is said
import { parseArgs } from 'node:util';
import { invariants } from './ledger.ts';
import { type SimulationResult, simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    clients: { type: 'string' },
    durable: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const clients = values.clients === undefined ? undefined : wholeNumber('--clients', values.clients);
  const single = values.seed !== undefined;
  const from = wholeNumber('--from', values.seed ?? values.from);
  const seeds = single ? 1 : wholeNumber('--seeds', values.seeds);
  const trace = values.trace ? (line: string) => console.log(line) : undefined;
  const store = values.durable ? true : values.memory ? false : undefined;
  const started = performance.now();
  const totals = { messages: 0, deliveries: 0, sessions: 0, wills: 0, crashes: 0, storeFailures: 0, duration: 0 };
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await simulate(seed, { clients, store, trace });
    if (result.violation !== undefined) {
      report(result);
      return 1;
    }
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key];
    if ((seed - from + 1) % 1000 === 0) console.log(`${seed - from + 1} seeds, ${seconds(started)} s`);
  }
  const { messages, deliveries, sessions, wills, crashes, storeFailures, duration } = totals;
  console.log(
    `${seeds} seeds from ${from}: everything holds. ${messages} messages, ${deliveries} deliveries, ${sessions} sessions, ` +
      `${wills} wills, ${crashes} crashes and ${storeFailures} store failures in ${Math.round(duration / 1000)} simulated seconds, ${seconds(started)} s of real time.`,
  );
  return 0;
}

function report({ seed, violation, replay }: SimulationResult): void {
  console.error(`Seed ${seed} broke '${violation!.invariant}' (${invariants[violation!.invariant]}).`);
  console.error(violation!.message);
  console.error(`Replay: ${replay}`);
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${flag} takes a whole number, not '${text}'`);
  process.exit(2);
}
