// npm run crash -- [--kills N] [--seed N] [--clients N] [--keep] [--memory] [--trace]
//   --kills N    how often the broker is killed; 200 unless it is said
//   --seed N     clients and moments; a random one unless it is said
//   --clients N  publishers, and as many subscribers; 6 unless it is said
//   --keep       leaves the folder with the data behind, and says where; it is kept anyway when a promise was broken
//   --memory     kills a broker that keeps everything in memory, to see the checks fail
//   --trace      says when each kill happens
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CrashResult, crashRun } from './crash-run.ts';
import { promises } from './history.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string' },
    clients: { type: 'string', default: '6' },
    keep: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

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
    const result = await crashRun(
      { after: (clean) => void cleanups.push(clean as () => unknown) },
      {
        seed,
        kills,
        clients,
        setup: { folder, data: values.memory ? null : join(folder, 'data'), restartWillDelay: 1 },
        ...(values.trace && { say: (line: string) => console.log(line) }),
      },
    );
    report(result, performance.now() - started);
    kept = values.keep || result.violations.length > 0;
    if (result.violations.length === 0) return 0;
    console.error(`Again: npm run crash -- --seed ${seed} --kills ${kills} --clients ${clients}`);
    return 1;
  } finally {
    for (const clean of cleanups) await clean();
    if (kept) console.log(`The data is in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
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
