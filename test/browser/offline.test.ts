import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Client, connect } from '@cauldron/client';
import type { BrowserContext } from 'playwright-core';
import { until } from '../support/broker.ts';
import { cauldron } from '../support/peers/cauldron.ts';
import type { Peer } from '../support/peers/peer.ts';
import { tempDir } from '../support/temp-dir.ts';
import { startChromium, Tab, useChromium } from './chromium.ts';
import type { ReceivedMessage } from './pages/types.ts';
import { startSite } from './site.ts';

const chromium = useChromium();

/** Soon tried again, so that a test need not wait. */
const RECONNECT = { minDelay: 20, maxDelay: 100 };
/** Options of a client whose messages are kept. */
const OWN = { clientId: 'page', database: 'orders', reconnect: RECONNECT };
const range = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `${from + at}`);

async function newContext(t: TestContext): Promise<BrowserContext> {
  const context = await chromium().browser.newContext();
  t.after(() => context.close());
  return context;
}

/** A broker that keeps its sessions on disk, and what arrives at a subscriber beside the browser, whatever happens. */
async function start(t: TestContext): Promise<{ peer: Peer; client: Client; payloads: string[] }> {
  const peer = await cauldron.make(t);
  await peer.start();
  const session = { clientId: 'listener', cleanStart: false, sessionExpiry: 3600 };
  const client = await connect(`mqtt://127.0.0.1:${peer.port}`, { ...session, reconnect: RECONNECT });
  t.after(() => client.end({ timeout: 0 }));
  const payloads: string[] = [];
  await client.on('up/#', (message) => void payloads.push(message.text()), { qos: 1 });
  return { peer, client, payloads };
}

test('a browser that goes offline and comes back sends what waited, in order, and its subscriptions live on', async (t) => {
  const { peer, client, payloads } = await start(t);
  const context = await newContext(t);
  const tab = await Tab.open(context, await startSite(t));
  // Far apart, so that only the news of the network can bring it back in time.
  await tab.call('open', peer.webSocketUrl, {
    clientId: 'page',
    keepAlive: 2,
    reconnect: { minDelay: 60_000, maxDelay: 60_000 },
  });
  await tab.call('subscribe', 'down/#', { qos: 1 });
  await context.setOffline(true);
  // The browser swallows what an open WebSocket sends from here on, as a dead network does.
  await tab.call('enqueue', 'up', 0, 1);
  await tab.call('status', 'waiting');
  assert.equal(await tab.call('enqueue', 'up', 1, 100), 100);
  await client.publish('down/1', 'while away', { qos: 1 });
  await context.setOffline(false);
  await tab.call('status', 'connected');
  await tab.call('drained');
  await until('all messages', () => payloads.length >= 100);
  assert.deepEqual(payloads, range(0, 100));
  await client.publish('down/2', 'back again', { qos: 1 });
  const messages = await tab.call<ReceivedMessage[]>('messages', 2);
  assert.deepEqual(
    messages.map(({ text }) => text),
    ['while away', 'back again'],
  );
  assert.deepEqual(tab.errors, []);
});

test('a page whose broker goes away and comes back sends what waited, in order, and is still subscribed', async (t) => {
  const { peer, client, payloads } = await start(t);
  const tab = await Tab.open(await newContext(t), await startSite(t));
  await tab.call('open', peer.webSocketUrl, { clientId: 'page', reconnect: RECONNECT });
  await tab.call('subscribe', 'down', { qos: 2 });
  await peer.stop();
  await tab.call('status', 'waiting');
  assert.equal(await tab.call('enqueue', 'up', 0, 50), 50);
  await peer.start();
  await tab.call('drained');
  await until('all messages', () => payloads.length >= 50);
  assert.deepEqual(payloads, range(0, 50));
  await client.publish('down', 'hello again', { qos: 2 });
  assert.equal((await tab.call<ReceivedMessage[]>('messages', 1))[0]!.text, 'hello again');
  await tab.call('end');
});

test('what a page accepted into IndexedDB survives reloads, and a page that is closed and opened again', async (t) => {
  const { peer, payloads } = await start(t);
  await peer.stop();
  const site = await startSite(t);
  const context = await newContext(t);
  let tab = await Tab.open(context, site);
  await tab.call('begin', peer.webSocketUrl, OWN);
  assert.equal(await tab.call('enqueue', 'up', 0, 20), 20);
  await tab.page.reload();
  await tab.call('begin', peer.webSocketUrl, OWN);
  assert.equal(await tab.call('enqueue', 'up', 20, 40), 40);
  await tab.page.close();
  tab = await Tab.open(context, site);
  await tab.call('begin', peer.webSocketUrl, OWN);
  await peer.start();
  await tab.call('ready');
  await tab.call('enqueue', 'up', 40, 41);
  await tab.call('drained');
  await until('all messages', () => payloads.length >= 41);
  assert.deepEqual(payloads, range(0, 41));
  await tab.call('end');
  await tab.page.reload();
  await tab.call('open', peer.webSocketUrl, OWN);
  await tab.call('drained'); // nothing is left
  assert.equal(payloads.length, 41);
});

test('a page closed in the middle of accepting loses nothing that it said is kept', async (t) => {
  const { peer, payloads } = await start(t);
  await peer.stop();
  const site = await startSite(t);
  const context = await newContext(t);
  const kept: string[] = [];
  for (let round = 0; round < 3; round++) {
    const tab = await Tab.open(context, site);
    await tab.call('begin', peer.webSocketUrl, OWN);
    const first = round * 1_000_000;
    kept.push(...range(first, await keepUntil(tab, first, () => tab.page.close())));
  }
  await arrive(t, await Tab.open(context, site), peer, kept, payloads);
});

test('a browser killed in the middle of accepting loses nothing that a page said is kept', async (t) => {
  const { peer, payloads } = await start(t);
  await peer.stop();
  const site = await startSite(t);
  const profile = tempDir(t);
  const victim = await startChromium(profile);
  t.after(() => victim.kill());
  const tab = await Tab.open(victim.context, site);
  await tab.call('begin', peer.webSocketUrl, OWN);
  const kept = range(0, await keepUntil(tab, 0, () => victim.kill()));
  const next = await startChromium(profile);
  t.after(() => next.kill());
  await arrive(t, await Tab.open(next.context, site), peer, kept, payloads);
});

/** Has a page accept messages until it is ended in the middle; answers the number after the last that it said is kept. */
async function keepUntil(tab: Tab, first: number, end: () => Promise<void>): Promise<number> {
  const ended = assert.rejects(tab.call('enqueueForEver', 'up', first), /closed/);
  // The browser says there, too, that nobody listens.
  const said = (): string[] => tab.console.filter((line) => line.startsWith('kept '));
  await until('a few groups to be kept', () => said().length >= 5);
  await end();
  await ended;
  return Number(said().at(-1)!.slice('kept '.length));
}

/** Everything kept arrives, once and in order, with nothing among it but what was kept and not said any more. */
async function arrive(t: TestContext, tab: Tab, peer: Peer, kept: readonly string[], payloads: readonly string[]) {
  await peer.start();
  await tab.call('open', peer.webSocketUrl, OWN);
  await tab.call('drained');
  const last = kept.at(-1)!;
  await until('the last message', () => payloads.includes(last));
  t.diagnostic(`${kept.length} kept, ${payloads.length} arrived`);
  const said = new Set(kept);
  assert.deepEqual(
    payloads.filter((payload) => said.has(payload)),
    kept,
  );
  assert.deepEqual(
    payloads.map(Number),
    [...new Set(payloads.map(Number))].sort((a, b) => a - b),
  );
}

test('two tabs cannot have one store: the second is told why, and gets it when the first is closed', async (t) => {
  const { peer } = await start(t);
  const context = await newContext(t);
  const site = await startSite(t);
  const first = await Tab.open(context, site);
  await first.call('open', peer.webSocketUrl, OWN);
  const second = await Tab.open(context, site);
  const failure = await second.call<string>('failure', peer.webSocketUrl, OWN);
  assert.match(failure, /the store "orders" in IndexedDB: another page has it, maybe this one in another tab/);
  await first.page.close();
  await second.call('open', peer.webSocketUrl, OWN);
});

test('when what a site keeps is deleted under its client, that ends, and says why', async (t) => {
  const { peer } = await start(t);
  const context = await newContext(t);
  const site = await startSite(t);
  const tab = await Tab.open(context, site);
  await tab.call('open', peer.webSocketUrl, OWN);
  const session = await context.newCDPSession(tab.page);
  await session.send('Storage.clearDataForOrigin', { origin: site, storageTypes: 'indexeddb' });
  await assert.rejects(tab.call('enqueue', 'up', 0, 1), /store failed.*the store "orders" in IndexedDB: /);
  await tab.call('status', 'ended');
});

test('a store in IndexedDB keeps the contract of stores', async (t) => {
  const tab = await Tab.open(await newContext(t), await startSite(t));
  assert.deepEqual(await tab.call('storeProblems'), []);
});
