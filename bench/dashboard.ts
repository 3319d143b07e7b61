/**
 * `node bench/dashboard.ts [--rounds N] [--seconds S] [--page HASH]`: the same loads on one broker, by turns with no page
 * open and with pages of the dashboard open in Chromium, which runs on the load's core in both cases.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startChromium } from '../test/browser/chromium.ts';
import type { PublishSpec } from './load/spec.ts';
import { loads } from './loads.ts';
import { findPinning, machineLine, outputOf } from './machine.ts';
import { deliveredPerSecond, startOneBroker } from './one-broker.ts';
import { medianOfKnown, medianRatio, readable } from './stats.ts';

const NAMES = ['pair1-q0', 'pair10-q0', 'pair10-q1', 'fanin-q0', 'fanout-flat'];
const AIM = '>= 0.95';
/** Milliseconds a page gets to load and to show its first data. */
const SETTLE = 3000;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    load: { type: 'string', multiple: true },
    page: { type: 'string', multiple: true, default: ['#/overview', '#/topics', '#/graph'] },
  },
});
const rounds = Number(values.rounds);
const pinning = findPinning();
const chosen = loads.filter(({ name, shape }) => shape.kind === 'publish' && (values.load ?? NAMES).includes(name));
if (chosen.length === 0) throw new Error(`no such load; known: ${loads.map(({ name }) => name).join(', ')}`);

// What is started from here on stays on the load's core, but for the broker: the browser takes part in no comparison.
if (pinning !== null) outputOf('taskset', ['-cp', String(pinning.load), String(process.pid)]);
const broker = await startOneBroker(pinning);
const profile = mkdtempSync(path.join(tmpdir(), 'cauldron-bench-'));
const chromium = await startChromium(profile);
try {
  const states = ['', ...values.page];
  const figures = new Map<string, (number | null)[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const load of chosen) {
      for (const hash of states) {
        const rate = await measured(load.shape as PublishSpec, hash);
        process.stderr.write(`${round}/${rounds} ${load.name} ${hash === '' ? 'no page' : hash} ${rate}\n`);
        const key = `${load.name} ${hash}`;
        figures.set(key, [...(figures.get(key) ?? []), rate]);
      }
    }
  }
  process.stdout.write(`${machineLine(pinning)}; ${rounds} rounds of ${values.seconds} s, medians\n\n`);
  process.stdout.write('| load | page | no page, delivered/s | page open, delivered/s | open : closed | aim |\n');
  process.stdout.write('|---|---|---|---|---|---|\n');
  for (const { name } of chosen) {
    const closed = figures.get(`${name} `)!;
    for (const hash of values.page) {
      const open = figures.get(`${name} ${hash}`)!;
      const shown = [medianOfKnown(closed), medianOfKnown(open), medianRatio(open, closed)].map(readable);
      process.stdout.write(`| ${name} | ${hash} | ${shown.join(' | ')} | ${AIM} |\n`);
    }
  }
} finally {
  await chromium.kill();
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  broker.child.kill();
}

/** Messages delivered a second, with a page open or none. */
async function measured(shape: PublishSpec, hash: string): Promise<number | null> {
  const page = hash === '' ? null : await chromium.browser.newPage();
  await page?.goto(`http://127.0.0.1:${broker.ws}/${hash}`);
  await wait(SETTLE);
  const rate = await deliveredPerSecond(broker, pinning, { shape, seconds: Number(values.seconds), port: broker.mqtt });
  await page?.close();
  return rate;
}
