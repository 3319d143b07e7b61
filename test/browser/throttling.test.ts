import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker } from '../support/broker.ts';
import { Tab, useChromium } from './chromium.ts';
import { startSite } from './site.ts';

// Pages that nobody looks at may run timers once a minute only, after five minutes; here after one second.
const chromium = useChromium(['--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1']);

/** Seconds; a broker waits one and a half times as long. */
const KEEP_ALIVE = 1;
/** Milliseconds. Random waits up to it are rarely over while this test runs. */
const AN_HOUR = 3_600_000;
/** Long enough for Chromium to throttle: timers that were set by timers, five in a row, in a page hidden for a second. */
const HIDDEN = 11_000;

test('a page that nobody looks at stays connected: without the worker it does not, but connects at once when it is looked at', async (t) => {
  const { port } = await startBroker(t, { listeners: [{ port: 0, webSocket: {} }] });
  const { context } = chromium();
  const url = `ws://127.0.0.1:${port}/mqtt`;
  const withWorker = await Tab.open(context, await startSite(t));
  const control = await Tab.open(context, await startSite(t, { 'content-security-policy': "worker-src 'none'" }));
  const reconnect = { minDelay: AN_HOUR, maxDelay: AN_HOUR };
  await withWorker.call('open', url, { clientId: 'worker', keepAlive: KEEP_ALIVE, reconnect });
  await control.call('open', url, { clientId: 'control', keepAlive: KEEP_ALIVE, reconnect });
  const inFront = await Tab.open(context, 'about:blank');
  await inFront.page.bringToFront();
  for (const tab of [withWorker, control]) {
    assert.equal(await tab.page.evaluate('document.visibilityState'), 'hidden');
  }
  await sleep(HIDDEN);
  assert.deepEqual(await withWorker.call('stateHistory'), ['connected']);
  assert.deepEqual(await control.call('stateHistory'), ['connected', 'waiting']);
  assert.match(await control.call<string>('waitingFor'), /keep alive timeout/i);
  await control.page.bringToFront();
  await control.call('status', 'connected');
});
