/** `npm run bench`: measures brokers side by side and prints the table. bench/README.md says how to read it. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { externalBroker, findBrokers } from './brokers.ts';
import type { BrokerKind, RunningBroker } from './launch.ts';
import { sleep } from './load/meter.ts';
import { memory, per } from './load/proc.ts';
import type { LoadResult, LoadSpec } from './load/spec.ts';
import { type Load, type LoadShape, type Setting, type Step, settingOf } from './load-model.ts';
import { loads as allLoads } from './loads.ts';
import {
  diskLine,
  findPinning,
  machineLine,
  measureDisk,
  outputOf,
  type Pinning,
  pinned,
  watchStolenTime,
} from './machine.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { type Outcome, remarks, resultTable } from './report.ts';

const generator = path.join(path.dirname(fileURLToPath(import.meta.url)), 'load/main.ts');
/** What a run may take beyond warm-up and measuring: connecting, subscribing a million filters, draining. */
const SLACK_SECONDS = 240;

/** A broker that has just started may go on tidying; its memory is read after this. */
const REST_MS = 1000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

/** The loads of one setting and the brokers that are set up for it. */
interface Contest {
  readonly setting: Setting;
  readonly loads: readonly Load[];
  readonly kinds: readonly BrokerKind[];
}

const TITLES: Readonly<Record<Setting, string>> = {
  memory: 'Everything in memory',
  durable: 'Kept on the disk',
  access: 'With 1,000 rules and without',
  logins: 'With users',
  attacks: 'Beside an attacker',
};

function contests(options: Options): Contest[] {
  return (Object.keys(TITLES) as Setting[])
    .map((setting) => ({ setting, loads: options.loads.filter((load) => settingOf(load) === setting) }))
    .filter(({ loads }) => loads.length > 0)
    .map(({ setting, loads }) => ({ setting, loads, kinds: choose(options, setting) }));
}

function choose(options: Options, setting: Setting): BrokerKind[] {
  const found = findBrokers(setting, options.cauldron);
  const wanted = options.brokers ?? [...found.keys()];
  const chosen: BrokerKind[] = [];
  for (const name of wanted) {
    if (!found.has(name))
      throw new Error(`no broker is called "${name}"; choose from: ${[...found.keys()].join(', ')}`);
    const kinds = found.get(name);
    if (kinds) chosen.push(...kinds);
    else progress(`${name}: not installed here or without such a setting, left out (${TITLES[setting].toLowerCase()})`);
  }
  return [...chosen, ...options.externals.map(externalBroker)];
}

function place(shape: LoadShape, broker: RunningBroker, options: Options): LoadSpec {
  const { port, pid, probeFile, folder } = broker;
  const { seconds, warmup } = options;
  const where = { host: '127.0.0.1', port, brokerPid: pid, probeFile, folder };
  return { ...shape, ...where, seconds, warmup } as LoadSpec;
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

const failed = (why: string): LoadResult => ({ figures: {}, errors: [why], notes: [] });

async function runOnce(load: Load, kind: BrokerKind, options: Options, pinning: Pinning | null): Promise<LoadResult> {
  let broker: RunningBroker;
  try {
    broker = await kind.start(pinning?.broker ?? null, options.folder);
  } catch (error) {
    return failed(`${kind.name} did not start: ${(error as Error).message}`);
  }
  const stolen = watchStolenTime();
  const start = { start_s: broker.startSeconds, start_rss_mb: per(memory(broker.pid).rssKb, 1024) };
  try {
    let result = await drive(place(load.shape, broker, options), pinning?.load ?? null);
    for (const step of load.next ?? []) {
      // What comes next is built on what came before: behind a failure it would measure something else.
      if (result.errors.length > 0) break;
      result = joined(result, await takeStep(step, broker, options, pinning), step.prefix);
    }
    return { ...result, figures: { ...result.figures, ...start, stolen_percent: stolen() } };
  } finally {
    await broker.stop();
    // What was written and deleted must not reach the disk during the next run.
    if (settingOf(load) === 'durable') outputOf('sync', []);
  }
}

async function takeStep(
  step: Step,
  broker: RunningBroker,
  options: Options,
  pinning: Pinning | null,
): Promise<LoadResult> {
  if ('drive' in step) return drive(place(step.drive, broker, options), pinning?.load ?? null);
  try {
    const { stopSeconds, readySeconds } = await broker.restart(step.restart);
    await sleep(REST_MS);
    const { rssKb, peakKb } = memory(broker.pid);
    const sizes = { ready_rss_mb: per(rssKb, 1024), ready_rss_peak_mb: per(peakKb, 1024) };
    return { figures: { stop_s: stopSeconds, ready_s: readySeconds, ...sizes }, errors: [], notes: [] };
  } catch (error) {
    return failed(`it did not come back after ${step.restart}: ${(error as Error).message}`);
  }
}

function joined(before: LoadResult, { figures, errors, notes }: LoadResult, prefix: string): LoadResult {
  const named = Object.fromEntries(Object.entries(figures).map(([name, value]) => [prefix + name, value]));
  return {
    figures: { ...before.figures, ...named },
    errors: [...before.errors, ...errors],
    notes: [...before.notes, ...notes],
  };
}

/** Brokers take turns inside each load and round, so that whatever else the machine does meets all of them. */
async function measure({ loads, kinds }: Contest, options: Options, pinning: Pinning | null): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of loads) {
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

function print({ setting, loads, kinds }: Contest, outcomes: readonly Outcome[]): void {
  const names = kinds.map((kind) => kind.name);
  say(`\n${TITLES[setting]}. Brokers: ${kinds.map((kind) => kind.about).join('; ')}.\n`);
  say(resultTable(loads, names, outcomes));
  const lines = remarks(outcomes);
  if (lines.length > 0) say(`\n${lines.map((line) => `- ${line}`).join('\n')}`);
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help || options.list) {
    say(options.help ? usage : allLoads.map((load) => `${load.name.padEnd(20)} ${load.what}`).join('\n'));
    return 0;
  }
  const all = contests(options);
  const idle = all.find(({ kinds }) => kinds.length === 0);
  if (idle) throw new Error(`no broker to compare is installed (${TITLES[idle.setting]}); see bench/README.md`);
  const pinning = findPinning();
  const disk = all.some(({ setting }) => setting === 'durable') ? measureDisk(options.folder) : null;
  const { rounds, seconds, warmup } = options;
  const results: Outcome[][] = [];
  for (const contest of all) results.push(await measure(contest, options, pinning));
  say(`Machine: ${machineLine(pinning)}.`);
  if (disk !== null) say(`Disk: ${diskLine(disk)}.`);
  say(`Medians of ${rounds} rounds of ${seconds} s; ratios are medians of the ratios of each round.`);
  for (const [i, contest] of all.entries()) print(contest, results[i]!);
  const outcomes = results.flat();
  if (options.json !== null) {
    const settings = all.map(({ setting, kinds }) => ({
      setting,
      brokers: kinds.map(({ name, about }) => ({ name, about })),
    }));
    const whole = { machine: machineLine(pinning), disk, settings, rounds, seconds, warmup, outcomes };
    writeFileSync(options.json, `${JSON.stringify(whole, null, 1)}\n`);
  }
  return outcomes.some((outcome) => outcome.result.errors.length > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
