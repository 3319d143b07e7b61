/**
 * `node bench/dashboard-topics.ts [--topics N] [--rate N] [--seconds S]`: frames a second of the topic explorer in Chromium
 * while a broker has that many topics and messages come at that rate, and what the page receives of them. Nothing is pinned to
 * a core: a browser is many processes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Client, connect } from '@cauldron/client';
import type { Page } from 'playwright-core';
import { buildDashboard } from '../scripts/lib/build-dashboard.ts';
import { dashboardDist } from '../scripts/lib/dashboard-paths.ts';
import { startChromium } from '../test/browser/chromium.ts';
import { machineLine } from './machine.ts';
import { startOneBroker } from './one-broker.ts';
import { readable } from './stats.ts';

const AIM = '> 50';
/** Milliseconds between two batches of messages. */
const BATCH = 10;

const { values } = parseArgs({
  options: {
    topics: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '10' },
  },
});
const topics = Number(values.topics);
const rate = Number(values.rate);
const seconds = Number(values.seconds);

/** What is done with the page meanwhile: a program that runs in it before each frame, with `tree` and the frame's number `n`. */
const DEEDS: readonly (readonly [name: string, prepare: (page: Page) => Promise<void>, deed: string])[] = [
  ['looking', openLevels, ''],
  ['scrolling steadily', openLevels, 'tree.scrollTop += n % 600 < 300 ? 60 : -60;'],
  ['jumping about', openLevels, 'if (n % 6 === 0) tree.scrollTop = Math.random() * tree.scrollHeight;'],
  [
    'opening and closing levels',
    openLevels,
    "if (n % 15 === 0) { tree.scrollTop = 0; tree.querySelectorAll('.topics-expander:not(.none)')[2 + (n / 15) % 3]?.click(); }",
  ],
  [`scrolling through all of them, found by a search`, searchAll, 'tree.scrollTop += n % 600 < 300 ? 600 : -600;'],
];

await buildDashboard(dashboardDist);
const broker = await startOneBroker(null);
const profile = mkdtempSync(path.join(tmpdir(), 'cauldron-bench-'));
const chromium = await startChromium(profile);
let stopFlood = (): void => {};
const publisher = await connect(`mqtt://127.0.0.1:${broker.mqtt}`, { clientId: 'bench-publisher' });
try {
  await publishAll(publisher);
  const flood = startFlood(publisher);
  stopFlood = flood.stop;
  const page = await chromium.browser.newPage({ viewport: { width: 1280, height: 800 } });
  const received = await countReceived(page);
  await page.goto(`http://127.0.0.1:${broker.ws}/#/topics`);
  process.stdout.write(`${machineLine(null)}\n${topics} topics, ${rate} messages/s, ${seconds} s each\n\n`);
  process.stdout.write(
    '| the page is used for | frames/s | aim | longest gap, ms | rows in the page | received, KiB/s |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|\n');
  for (const [name, prepare, deed] of DEEDS) {
    await prepare(page);
    await wait(1000);
    received.bytes = 0;
    const { frames, gap, rows } = await measureFrames(page, deed);
    const shown = [frames, gap, rows, received.bytes / 1024 / seconds].map(readable);
    process.stdout.write(`| ${name} | ${shown[0]} | ${AIM} | ${shown[1]} | ${shown[2]} | ${shown[3]} |\n`);
  }
  process.stdout.write(`\npublished: ${readable(flood.published / flood.elapsed())} messages/s\n`);
} finally {
  stopFlood();
  await publisher.end({ abrupt: true });
  await chromium.kill();
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  broker.child.kill();
}

/** A hundred areas with groups of a hundred topics. */
function topicOf(n: number): string {
  return `plant/area-${n % 100}/group-${Math.floor(n / 100) % 10}/sensor-${Math.floor(n / 1000)}`;
}

async function publishAll(client: Client): Promise<void> {
  for (let n = 0; n < topics; n += 1000) {
    const batch = Array.from({ length: Math.min(1000, topics - n) }, (_, i) =>
      client.publish(topicOf(n + i), `{"value":${i / 10},"unit":"C"}`, { retain: true }),
    );
    await Promise.all(batch);
  }
  await client.publish('plant/ready', 'all', { qos: 1 });
}

function startFlood(client: Client): { readonly published: number; elapsed(): number; stop(): void } {
  const begun = performance.now();
  let published = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - begun) / 1000) * rate;
    for (; published < due; published++) {
      void client.publish(topicOf((published * 7919) % topics), `{"value":${published / 10},"unit":"C"}`);
    }
  }, BATCH);
  return {
    get published() {
      return published;
    },
    elapsed: () => (performance.now() - begun) / 1000,
    stop: () => clearInterval(timer),
  };
}

/** Bytes that come to the page from here on. */
async function countReceived(page: Page): Promise<{ bytes: number }> {
  const received = { bytes: 0 };
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.dataReceived', ({ dataLength }) => {
    received.bytes += dataLength;
  });
  return received;
}

/** A level, all areas and many groups are open. */
async function openLevels(page: Page): Promise<void> {
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: 'Collapse' }).click();
  await page.getByRole('treeitem', { name: /^plant/ }).waitFor();
  for (const level of [2, 3, 4]) {
    await page.getByRole('button', { name: 'Expand' }).click();
    await page.locator(`[role=treeitem][aria-level="${level}"]`).first().waitFor();
  }
}

async function searchAll(page: Page): Promise<void> {
  await page.getByRole('searchbox').fill('sensor');
  await page.getByText(`${topics.toLocaleString('en-US')} topics found`, { exact: true }).waitFor();
}

/** Counts the frames the page draws; what is done with it happens before each of them. */
function measureFrames(page: Page, deed: string): Promise<{ frames: number; gap: number; rows: number }> {
  return page.evaluate(`new Promise((resolve) => {
    const tree = document.querySelector('[role=tree]');
    let [n, gap, rows, last] = [0, 0, 0, performance.now()];
    const begun = last;
    const frame = (now) => {
      n += 1;
      gap = Math.max(gap, now - last);
      last = now;
      rows = Math.max(rows, tree.querySelectorAll('.topics-row').length);
      ${deed}
      if (now - begun < ${seconds * 1000}) requestAnimationFrame(frame);
      else resolve({ frames: (n * 1000) / (now - begun), gap, rows });
    };
    requestAnimationFrame(frame);
  })`);
}
