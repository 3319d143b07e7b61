import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type Broker, type BrokerOptions, type ConfigInput, createBroker, createLogger } from '@cauldron/broker';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { buildDashboard } from '../../scripts/lib/build-dashboard.ts';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { type StartedChromium, startChromium } from '../browser/chromium.ts';

/** Where pictures of the pages go, for a person to look at. */
const PICTURES = join(repositoryRoot, 'artifacts', 'screenshots');

/** Widths and heights pages are looked at, and in which colours. */
export const LOOKS = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true, isMobile: true },
} as const;

export type Look = keyof typeof LOOKS;

/** A page of the dashboard that is watched: see {@link DashboardPage.clean}. */
export interface DashboardPage {
  readonly page: Page;
  /** Goes to an address such as `#/topics`. */
  goTo(hash: string): Promise<void>;
  /** @throws {AssertionError} the page logged an error, threw one, or asked another machine for something */
  clean(): void;
  close(): Promise<void>;
}

/** A broker with the pages of this source tree, and a browser; for all tests of a file. */
export interface DashboardSetup {
  readonly broker: Broker;
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** `mqtt://127.0.0.1:PORT` */
  readonly mqttUrl: string;
  open(hash?: string, look?: Look): Promise<DashboardPage>;
  /**
   * Takes pictures of a place in every look, and checks each for accessibility.
   *
   * @param ready waits until it shows what it should
   * @param fullPage with what is below the edge of the window
   */
  pictures(name: string, hash: string, ready: (page: Page) => Promise<unknown>, fullPage?: boolean): Promise<void>;
}

/**
 * Starts broker and browser before the tests of a file, and ends them behind.
 *
 * @param config beside the listeners, which are on any free ports of 127.0.0.1
 */
export function useDashboard(config: ConfigInput = {}, options: BrokerOptions = {}): () => DashboardSetup {
  let setup: DashboardSetup | undefined;
  const ends: (() => unknown)[] = [];
  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cauldron-dashboard-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
    const pages = join(folder, 'pages');
    await buildDashboard(pages);
    const listeners = [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 0, webSocket: {} },
    ];
    const log = createLogger({ level: 'silent', format: 'text', stream: process.stderr });
    const broker = await createBroker({ listeners, ...config }, { log, pages, ...options });
    ends.push(() => broker.close());
    const chromium = await startChromium(join(folder, 'profile'));
    ends.push(() => chromium.kill());
    setup = setupOf(broker, chromium);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return () => setup!;
}

function setupOf(broker: Broker, { browser }: StartedChromium): DashboardSetup {
  const tcp = broker.addresses.find(({ url }) => url.startsWith('mqtt:'))!;
  const ws = broker.addresses.find(({ url }) => url.startsWith('ws:'))!;
  const url = `http://127.0.0.1:${ws.port}/`;
  const open = (hash = '', look: Look = 'light') => openPage(browser, url, hash, look);
  return {
    broker,
    url,
    mqttUrl: `mqtt://127.0.0.1:${tcp.port}`,
    open,
    pictures: async (name, hash, ready, fullPage = false) => {
      for (const look of Object.keys(LOOKS) as Look[]) {
        const opened = await open(hash, look);
        await ready(opened.page);
        mkdirSync(PICTURES, { recursive: true });
        await opened.page.screenshot({ path: join(PICTURES, `${name}-${look}.png`), fullPage });
        await assertFits(opened.page, `${name} ${look}`);
        await assertAccessible(opened.page, look, `${name} ${look}`);
        opened.clean();
        await opened.close();
      }
    },
  };
}

async function openPage(browser: Browser, url: string, hash: string, look: Look): Promise<DashboardPage> {
  const context: BrowserContext = await browser.newContext(LOOKS[look]);
  const page = await context.newPage();
  const trouble: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') trouble.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) trouble.push(`request to ${request.url()}`);
  });
  await page.goto(url + hash);
  return {
    page,
    goTo: async (place) => void (await page.evaluate(`location.assign(${JSON.stringify(place)})`)),
    clean: () => assert.deepEqual(trouble, []),
    close: () => context.close(),
  };
}

/** Nothing makes the page wider than its window: on a phone that would cut it off. */
async function assertFits(page: Page, what: string): Promise<void> {
  const { scrollWidth, clientWidth } = (await page.evaluate(
    '({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })',
  )) as { scrollWidth: number; clientWidth: number };
  assert.ok(scrollWidth <= clientWidth, `${what}: the page is ${scrollWidth} pixels wide, its window ${clientWidth}`);
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeFinding {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const CONTRAST = 'color-contrast';

/**
 * What each look is checked for: contrast is a matter of colours and not of widths, and all else one of widths and not of
 * colours. Contrast takes as long as all else together.
 */
const CHECKS: Readonly<Record<Look, object>> = {
  light: {},
  dark: { runOnly: [CONTRAST] },
  phone: { rules: { [CONTRAST]: { enabled: false } } },
};

/** No finding of axe-core that is serious or critical. */
async function assertAccessible(page: Page, look: Look, what: string): Promise<void> {
  await page.evaluate(axe);
  const checks = JSON.stringify({ ...CHECKS[look], resultTypes: ['violations'] });
  const { violations } = (await page.evaluate(`axe.run(${checks})`)) as { violations: readonly AxeFinding[] };
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, help, nodes }) =>
        `${id}: ${help}\n${nodes.map((one) => `  ${one.html}\n  ${one.failureSummary}`).join('\n')}`,
    );
  assert.deepEqual(grave, [], `${what}: accessibility`);
}
