// npm run crash -- [--kills N] [--seed N] [--clients N] [--torn N] [--keep] [--ack MODE] [--memory] [--spare] [--trace]
//   --kills N    how often the broker is killed; 200 unless it is said
//   --seed N     clients and moments; a random one unless it is said
//   --clients N  publishers, and as many subscribers; 6 unless it is said
//   --torn N     after every Nth kill, or the next that leaves a log, copies of the data are damaged, and brokers started
//                on them; 20 unless it is said, 0 = never
//   --keep       leaves the folder with the data behind, and says where; it is kept anyway when a promise was broken
//   --ack MODE   disk or memory: when the broker acknowledges; with memory the checks must find losses
//   --memory     kills a broker that keeps everything in memory, to see the checks fail
//   --spare      cuts connections only, and lets the broker live, to see the checks hold
//   --trace      says when each kill happens
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '@cauldron/testkit/simulation';
import type { Cleanup } from '../support/process.ts';
import type { BrokerSetup } from './broker-under-test.ts';
import type { CrashCrowd } from './crash-crowd.ts';
import { type CrashResult, crashRun } from './crash-run.ts';
import { promises } from './history.ts';
import { DATABASE, tearEverything } from './torn-writes.ts';
import { planDamage } from './wal.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string' },
    clients: { type: 'string', default: '6' },
    torn: { type: 'string', default: '20' },
    keep: { type: 'boolean', default: false },
    ack: { type: 'string', default: 'disk' },
    memory: { type: 'boolean', default: false },
    spare: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const kills = wholeNumber('--kills', values.kills);
  const clients = wholeNumber('--clients', values.clients);
  const seed = values.seed === undefined ? randomInt(1, 1_000_000) : wholeNumber('--seed', values.seed);
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-crash-'));
  console.log(`seed ${seed}: ${kills} kills, ${clients} publishers and ${clients} subscribers, in ${folder}`);
  const cleanups: (() => unknown)[] = [];
  const started = performance.now();
  let kept = true;
  try {
    const cleanup: Cleanup = { after: (clean) => void cleanups.push(clean) };
    const data = values.memory ? null : join(folder, 'data');
    const setup = { folder, data, restartWillDelay: 1, config: `ack = "${values.ack}"\n` };
    const torn = new TornRun(cleanup, setup, seed, values.memory ? 0 : wholeNumber('--torn', values.torn));
    const result = await crashRun(cleanup, {
      seed,
      kills,
      clients,
      spare: values.spare,
      setup,
      onKilled: (kill, crowd) => torn.killed(kill, crowd),
      ...(values.trace && { say: (line: string) => console.log(line) }),
    });
    report(result, performance.now() - started);
    torn.report();
    kept = values.keep || result.violations.length > 0 || torn.failed;
    if (result.violations.length === 0 && !torn.failed) return 0;
    console.error(`Again: npm run crash -- --seed ${seed} --kills ${kills} --clients ${clients}`);
    return 1;
  } finally {
    for (const clean of cleanups) await clean();
    if (kept) console.log(`The data is in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

/** The damaged copies of a run. */
class TornRun {
  failed = false;
  readonly #cleanup: Cleanup;
  readonly #setup: BrokerSetup;
  readonly #random: Random;
  readonly #every: number;
  #next: number;
  #copies = 0;
  #found = 0;

  /** @param every after every so many kills; 0 = never */
  constructor(cleanup: Cleanup, setup: BrokerSetup, seed: number, every: number) {
    this.#cleanup = cleanup;
    this.#setup = setup;
    this.#random = new Random(seed);
    this.#every = every;
    this.#next = every;
  }

  async killed(kill: number, crowd: CrashCrowd): Promise<void> {
    const { data, folder } = this.#setup;
    if (data === null || this.#every === 0 || kill < this.#next) return;
    if (planDamage(join(data, DATABASE), 'truncate', this.#random) === null) return;
    this.#next = kill + this.#every;
    const scratch = join(folder, `torn-${kill}`);
    mkdirSync(scratch);
    const { identities, history } = crowd;
    const subject = { setup: { ...this.#setup, data }, scratch, identities, messages: history.messages };
    const results = await tearEverything(this.#cleanup, subject, this.#random);
    const problems = results.flatMap((result) => result.problems.map((what) => `${result.damage}: ${what}`));
    this.#copies += results.length;
    this.#found += results.reduce((sum, { found }) => sum + found, 0);
    for (const problem of problems) console.error(`torn after kill ${kill}: ${problem}`);
    if (problems.length > 0) this.failed = true;
    else rmSync(scratch, { recursive: true });
  }

  report(): void {
    if (this.#every > 0) console.log(`${this.#copies} damaged copies, ${this.#found} messages found in them.`);
  }
}

function report({ violations, summary }: CrashResult, milliseconds: number): void {
  const numbers = Object.entries(summary).map(([what, count]) => `${count} ${what}`);
  console.log(`${numbers.join(', ')} in ${(milliseconds / 1000).toFixed(1)} s`);
  for (const { promise, what } of violations) console.error(`${promise} (${promises[promise]}): ${what}`);
  console.log(violations.length === 0 ? 'Every promise was kept.' : `${violations.length} promises were broken.`);
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${flag} takes a whole number, not '${text}'`);
  process.exit(2);
}

process.exitCode = await main();
