import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connect } from '@cauldron/client';
import type { Page } from 'playwright-core';
import { useDashboard } from './open-dashboard.ts';
import { startPlant } from './plant.ts';
import { send } from './sending.ts';

const setup = useDashboard({ limits: { maxOutboundBytes: 1_000_000 } });

/** The large number of a tile. */
const figure = (page: Page, name: string) =>
  page.locator('.overview-tile', { has: page.getByText(name, { exact: true }) }).locator('.overview-tile-value');

async function open(t: TestContext) {
  const opened = await setup().open('#/overview');
  t.after(() => opened.close());
  await opened.page.getByRole('region', { name: 'Key figures' }).waitFor();
  return opened;
}

test('a fresh broker says how it is, and how to try it', async () => {
  await setup().pictures(
    'overview-fresh',
    '#/overview',
    async (page) => {
      // On a machine that is busy with other tests the broker may rightly have been late.
      await page
        .getByText(/All is well|was late by|of a processor core/)
        .first()
        .waitFor();
      await page.getByText('Nothing has been published yet').waitFor();
      await page.locator('.overview-chart canvas').first().waitFor();
    },
    true,
  );
});

test('the commands of a fresh broker name its port and can be copied, and the page sees the first message', async (t) => {
  const { page, clean } = await open(t);
  const { port } = new URL(setup().mqttUrl);
  const command = `mosquitto_pub -p ${port} -t kitchen/soup -m ready -r`;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: `Copy: ${command}` }).click();
  await page.getByText('Copied:').waitFor();
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), command);
  const client = await connect(setup().mqttUrl);
  t.after(() => client.end());
  await client.publish('kitchen/soup', 'ready', { qos: 1, retain: true });
  await page.getByText('It works: the first message has come.').waitFor();
  await page.getByRole('link', { name: 'See it in the topic explorer' }).click();
  await page.waitForURL(/#\/topics/);
  clean();
});

test('the figures are those of the broker, and follow what clients do', async (t) => {
  const { page, clean } = await open(t);
  const before = Number(await figure(page, 'Clients').textContent());
  const client = await connect(setup().mqttUrl, { clientId: 'figures' });
  await client.on('figures/#', () => {});
  const timer = setInterval(() => send(client, 'figures/x', 'x'.repeat(500)), 20);
  t.after(() => {
    clearInterval(timer);
    return client.end();
  });
  const shows = (name: string, pattern: RegExp) => figure(page, name).filter({ hasText: pattern }).waitFor();
  await shows('Clients', new RegExp(`^${before + 1}$`));
  await shows('Messages in', /^[1-9][\d.]*( k)?\/s$/);
  await shows('Messages out', /^[1-9]/);
  await shows('Bytes in', /^[\d.]+ KiB\/s$/);
  await shows('Subscriptions', /^[1-9]/);
  assert.equal(await page.locator('.overview-chart canvas').count(), 8, 'a chart each, without one of a store');
  await page.getByRole('button', { name: '1 min', exact: true }).click();
  await page.getByRole('img', { name: /^Messages over the last/ }).waitFor();
  await figure(page, 'Clients').click();
  await page.waitForURL(/#\/clients/);
  clean();
});

test('listeners, version, memory and store of the broker are there', async (t) => {
  const { page, clean } = await open(t);
  for (const { url } of setup().broker.addresses) await page.getByText(url, { exact: true }).waitFor();
  await page.getByText(/Everything is kept in memory/).waitFor();
  await page.getByText(`process ${process.pid}`).waitFor();
  clean();
});

test('messages dropped for a slow client are a finding that names it, and stand in the table with their reason', async (t) => {
  const plant = await startPlant(setup().mqttUrl);
  t.after(() => plant.stop());
  const { page, clean } = await open(t);
  await page.getByText('Nothing was dropped since the start').waitFor();
  await page.getByText(/1 client dropped messages in the last minute: too slow/).waitFor();
  assert.equal(await page.getByText('All is well.').count(), 0);
  await page.getByRole('rowheader', { name: 'Client too slow' }).waitFor();
  await page.locator('.overview-tile-value.bad').waitFor();
  await setup().pictures(
    'overview',
    '#/overview',
    async (one) => {
      await one
        .getByText(/too slow/)
        .first()
        .waitFor();
      await one.locator('.overview-chart canvas').nth(7).waitFor();
    },
    true,
  );
  await page.getByRole('link', { name: 'Show who misses most' }).click();
  await page.waitForURL(/#\/clients\?sort=dropped/);
  await page.goBack();
  await page.getByRole('link', { name: plant.slow }).click();
  await page.waitForURL(new RegExp(`#/clients/${plant.slow}`));
  clean();
});
