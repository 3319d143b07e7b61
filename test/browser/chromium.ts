import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { startProcess } from '../support/process.ts';
import { findTool } from '../support/tools.ts';

const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox', // root, as in containers, has none
  '--remote-debugging-port=0',
  // It looks for nothing but the tests' own servers.
  '--no-first-run',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--disable-component-update',
  '--disable-background-networking',
];

/** A browser that was started, and what ends it. */
export interface StartedChromium {
  readonly browser: Browser;
  /** Its own context: pages there are hidden when another comes to the front, and what they keep is in its folder. */
  readonly context: BrowserContext;
  /** Kills it at once, as a crash does. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the system's Chromium without a window. @param profile the folder that it keeps everything in */
export async function startChromium(profile: string, args: readonly string[] = []): Promise<StartedChromium> {
  const ends: (() => unknown)[] = [];
  const all = [...ARGUMENTS, `--user-data-dir=${profile}`, ...args, 'about:blank'];
  const started = startProcess({ after: (end) => void ends.push(end) }, findTool('chromium'), all);
  const [, endpoint] = await started.waitForLine(/DevTools listening on (\S+)/, 30_000);
  // Without Playwright's own settings, which make every page believe that it is looked at.
  const browser = await chromium.connectOverCDP(endpoint!, { noDefaults: true });
  const kill = async (): Promise<void> => {
    for (const end of ends) await end();
  };
  const close = async (): Promise<void> => {
    const session = await browser.newBrowserCDPSession();
    await session.send('Browser.close');
    await started.waitForExit();
  };
  return { browser, context: browser.contexts()[0]!, kill, close };
}

/** One Chromium for all tests of a file; call the answer in a test. */
export function useChromium(args: readonly string[] = []): () => StartedChromium {
  const profile = mkdtempSync(join(tmpdir(), 'cauldron-chromium-'));
  let started: StartedChromium | undefined;
  before(async () => {
    started = await startChromium(profile, args);
  });
  after(async () => {
    await started?.kill();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  return () => started!;
}

/** A page of a test, and what it said. */
export class Tab {
  readonly page: Page;
  readonly console: string[] = [];
  /** Errors that nothing in the page caught. */
  readonly errors: Error[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => void this.console.push(message.text()));
    page.on('pageerror', (error) => void this.errors.push(error));
  }

  static async open(context: BrowserContext, url: string): Promise<Tab> {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(url);
    return tab;
  }

  /**
   * Calls an exported function of `pages/client.ts` in the page.
   *
   * @returns what it answers, as far as it survives structured cloning
   * @throws {Error} what it throws
   */
  call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    return this.page.evaluate(
      async ([module, name, args]) => {
        const page = (await import(module)) as Record<string, (...args: readonly unknown[]) => T | Promise<T>>;
        return page[name]!(...args);
      },
      ['/client.js', name, args] as const,
    );
  }
}
