/** `npm run bench`: measures brokers side by side and prints the table. bench/README.md says how to read it. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrokerKind, externalBroker, findBrokers, type RunningBroker } from './brokers.ts';
import type { LoadResult, LoadSpec } from './load/spec.ts';
import { loads as allLoads, type Load } from './loads.ts';
import { findPinning, machineLine, type Pinning, pinned, watchStolenTime } from './machine.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { type Outcome, remarks, resultTable } from './report.ts';

const generator = path.join(path.dirname(fileURLToPath(import.meta.url)), 'load/main.ts');
/** What a run may take beyond warm-up and measuring: connecting, subscribing a million filters, draining. */
const SLACK_SECONDS = 240;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

function choose(options: Options): BrokerKind[] {
  const found = findBrokers();
  const wanted = options.brokers ?? [...found.keys()];
  const chosen: BrokerKind[] = [];
  for (const name of wanted) {
    if (!found.has(name))
      throw new Error(`no broker is called "${name}"; choose from: ${[...found.keys()].join(', ')}`);
    const kind = found.get(name);
    if (kind) chosen.push(kind);
    else progress(`${name}: not installed here, left out`);
  }
  return [...chosen, ...options.externals.map(externalBroker)];
}

function place(load: Load, broker: RunningBroker, options: Options): LoadSpec {
  const { port, pid, probeFile } = broker;
  const { seconds, warmup } = options;
  return { ...load.shape, host: '127.0.0.1', port, brokerPid: pid, probeFile, seconds, warmup } as LoadSpec;
}

/** Runs the load generator in a process of its own. Never rejects: what went wrong is the result. */
function drive(spec: LoadSpec, core: number | null): Promise<LoadResult> {
  const [program, ...args] = pinned(core, [process.execPath, generator, JSON.stringify(spec)]);
  const timeout = 1000 * (SLACK_SECONDS + 2 * (spec.seconds + spec.warmup));
  return new Promise((resolve) => {
    execFile(program!, args, { timeout, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error === null) return resolve(JSON.parse(stdout) as LoadResult);
      const why = error.killed
        ? `not done after ${timeout / 1000} s`
        : stderr.trim().split('\n').at(-1) || error.message;
      resolve({ figures: {}, errors: [`the load generator ended early: ${why}`], notes: [] });
    });
  });
}

async function runOnce(load: Load, kind: BrokerKind, options: Options, pinning: Pinning | null): Promise<LoadResult> {
  let broker: RunningBroker;
  try {
    broker = await kind.start(pinning?.broker ?? null);
  } catch (error) {
    return { figures: {}, errors: [`${kind.name} did not start: ${(error as Error).message}`], notes: [] };
  }
  const stolen = watchStolenTime();
  try {
    const result = await drive(place(load, broker, options), pinning?.load ?? null);
    return { ...result, figures: { ...result.figures, stolen_percent: stolen() } };
  } finally {
    await broker.stop();
  }
}

/** Brokers take turns inside each load and round, so that whatever else the machine does meets all of them. */
async function measure(kinds: readonly BrokerKind[], options: Options, pinning: Pinning | null): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of options.loads) {
      for (const kind of kinds) {
        const result = await runOnce(load, kind, options, pinning);
        outcomes.push({ load: load.name, broker: kind.name, round, result });
        const verdict = result.errors.length > 0 ? `FAILED: ${result.errors.join('; ')}` : 'done';
        progress(`round ${round}/${options.rounds} ${load.name} ${kind.name}: ${verdict}`);
      }
    }
  }
  return outcomes;
}

function print(kinds: readonly BrokerKind[], options: Options, pinning: Pinning | null, outcomes: Outcome[]): void {
  const names = kinds.map((kind) => kind.name);
  say(`Machine: ${machineLine(pinning)}.`);
  say(`Brokers: ${kinds.map((kind) => kind.about).join('; ')}.`);
  say(`Medians of ${options.rounds} rounds of ${options.seconds} s; ratios are medians of the ratios of each round.\n`);
  say(resultTable(options.loads, names, outcomes));
  const lines = remarks(outcomes);
  if (lines.length > 0) say(`\n${lines.map((line) => `- ${line}`).join('\n')}`);
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help || options.list) {
    say(options.help ? usage : allLoads.map((load) => `${load.name.padEnd(20)} ${load.what}`).join('\n'));
    return 0;
  }
  const kinds = choose(options);
  if (kinds.length === 0) throw new Error('none of the brokers is installed; see bench/README.md');
  const pinning = findPinning();
  const outcomes = await measure(kinds, options, pinning);
  print(kinds, options, pinning, outcomes);
  if (options.json !== null) {
    const brokers = kinds.map(({ name, about }) => ({ name, about }));
    const { rounds, seconds, warmup } = options;
    const all = { machine: machineLine(pinning), brokers, rounds, seconds, warmup, outcomes };
    writeFileSync(options.json, `${JSON.stringify(all, null, 1)}\n`);
  }
  return outcomes.some((outcome) => outcome.result.errors.length > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
