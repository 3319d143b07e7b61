/**
 * `node bench/dashboard.ts [--rounds N] [--seconds S] [--page NAME] [--no-browser]`: the same loads on one broker, by turns with no page
 * open, with pages of the dashboard open in Chromium, which runs on the load's core in all cases, and with somebody who only reads
 * what such a page is sent.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { LiveInterest } from '@cauldron/broker/admin-api';
import { startChromium } from '../test/browser/chromium.ts';
import type { PublishSpec } from './load/spec.ts';
import { loads } from './loads.ts';
import { findPinning, machineLine, outputOf } from './machine.ts';
import { type Figures, measureLoad, startOneBroker } from './one-broker.ts';
import { medianOfKnown, medianRatio, readable } from './stats.ts';

const NAMES = ['pair1-q0', 'pair10-q0', 'pair10-q1', 'fanin-q0', 'fanout-flat'];
const AIM = '>= 0.95';
const NO_PAGE = 'none';
const CPU = 'cpu_us_per_delivery';
/** What pages ask for: a browser that draws them takes the load's core as well, which one on another machine does not. */
const READERS: Readonly<Record<string, LiveInterest>> = {
  overview: { overview: true },
  topics: { topics: { expanded: ['bench'], limit: 60 } },
};
/** Milliseconds a page gets to load and to show its first data. */
const SETTLE = 3000;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    load: { type: 'string', multiple: true },
    page: { type: 'string', multiple: true, default: ['overview', 'topics', 'graph'] },
    'no-browser': { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const pinning = findPinning();
const chosen = loads.filter(({ name, shape }) => shape.kind === 'publish' && (values.load ?? NAMES).includes(name));
if (chosen.length === 0) throw new Error(`no such load; known: ${loads.map(({ name }) => name).join(', ')}`);

// What is started from here on stays on the load's core, but for the broker: the browser takes part in no comparison.
if (pinning !== null) outputOf('taskset', ['-cp', String(pinning.load), String(process.pid)]);
const broker = await startOneBroker(pinning);
const profile = mkdtempSync(path.join(tmpdir(), 'cauldron-bench-'));
const chromium = await startChromium(profile);
const pages = (values['no-browser'] ? [] : values.page).map((name) => ({ name, open: () => openPage(`#/${name}`) }));
const readers = Object.entries(READERS).map(([name, interest]) => ({
  name: `${name}, shown on another machine`,
  open: () => openReader(interest),
}));
const states = [{ name: NO_PAGE, open: () => Promise.resolve(() => Promise.resolve()) }, ...pages, ...readers];
try {
  const found = new Map<string, (Figures | null)[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const load of chosen) {
      // Each round begins with another: who comes behind a flood finds other memory than who comes first.
      for (const { name, open } of [
        ...states.slice(round % states.length),
        ...states.slice(0, round % states.length),
      ]) {
        const close = await open();
        await wait(SETTLE);
        const shape = load.shape as PublishSpec;
        const figures = await measureLoad(broker, pinning, { shape, seconds, port: broker.mqtt });
        await close();
        process.stderr.write(`${round}/${rounds} ${load.name} ${name} ${figures?.delivered_per_s}\n`);
        found.set(`${load.name} ${name}`, [...(found.get(`${load.name} ${name}`) ?? []), figures]);
      }
    }
  }
  process.stdout.write(`${machineLine(pinning)}; ${rounds} rounds of ${seconds} s, medians\n\n`);
  process.stdout.write(
    '| load | page | delivered/s without | with | with : without | broker CPU a message, with : without |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|\n');
  for (const { name: load } of chosen) {
    const figure = (state: string, key: string) => found.get(`${load} ${state}`)!.map((one) => one?.[key] ?? null);
    const closed = figure(NO_PAGE, 'delivered_per_s');
    for (const { name } of states.slice(1)) {
      const open = figure(name, 'delivered_per_s');
      const cpu = medianRatio(figure(name, CPU), figure(NO_PAGE, CPU));
      const shown = [medianOfKnown(closed), medianOfKnown(open), medianRatio(open, closed), cpu].map(readable);
      process.stdout.write(`| ${load} | ${name} | ${shown.join(' | ')} |\n`);
    }
  }
  process.stdout.write(`\nAim: with : without ${AIM}\n`);
} finally {
  await chromium.kill();
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  broker.child.kill();
}

/** Opens a page in Chromium; returns what closes it. */
async function openPage(hash: string): Promise<() => Promise<void>> {
  const page = await chromium.browser.newPage();
  await page.goto(`http://127.0.0.1:${broker.ws}/${hash}`);
  return () => page.close();
}

/** Asks for what a page shows and reads it, without drawing anything; returns what ends that. */
async function openReader(interest: LiveInterest): Promise<() => Promise<void>> {
  const api = `http://127.0.0.1:${broker.ws}/api/v1`;
  const abort = new AbortController();
  const response = await fetch(`${api}/live`, { signal: abort.signal });
  const chunks = response.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const hello = (await chunks.next()).value ?? '';
  const stream = /"stream":"([^"]+)"/.exec(hello)?.[1];
  if (stream === undefined) throw new Error(`the live stream began with ${hello}`);
  const headers = { 'content-type': 'application/json' };
  const asked = await fetch(`${api}/live/${stream}`, { method: 'PUT', headers, body: JSON.stringify(interest) });
  if (!asked.ok) throw new Error(`the live stream took no interest: ${await asked.text()}`);
  const reading = (async () => {
    while (!(await chunks.next()).done);
  })().catch(() => undefined); // it is broken off
  return async () => {
    abort.abort();
    await reading;
  };
}
