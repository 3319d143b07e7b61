import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Client, connect } from '@cauldron/client';
import type { Page } from 'playwright-core';
import { useDashboard } from './open-dashboard.ts';
import { send } from './sending.ts';

const setup = useDashboard();

const ignore = (): void => undefined;

/** The row of a node, as text. */
const row = (page: Page, id: string) => page.locator(`tr[data-node="${id}"]`);
const canvas = (page: Page) => page.getByRole('application');
const card = (page: Page, name: string | RegExp) => page.getByRole('region', { name });

/** A client of a test, ended with it. */
async function clientOf(t: TestContext, clientId: string): Promise<Client> {
  const client = await connect(setup().mqttUrl, { clientId });
  t.after(() => client.end());
  return client;
}

/** Has a client publish every so many milliseconds, as long as it is connected. */
function every(t: TestContext, milliseconds: number, client: Client, topic: string): void {
  const timer = setInterval(() => {
    if (client.state.status === 'connected') send(client, topic, '21');
  }, milliseconds);
  t.after(() => clearInterval(timer));
}

test('clients and topics appear with their edges while messages run, and vanish with them', async (t) => {
  const opened = await setup().open('#/graph?view=table');
  const { page } = opened;
  const sensor = await clientOf(t, 'sensor');
  const display = await clientOf(t, 'display');
  await display.on('kitchen/+', ignore);
  every(t, 100, sensor, 'kitchen/temperature');
  await row(page, 'client:sensor')
    .getByText(/kitchen\/temperature \(.*\/s\)/)
    .waitFor();
  await row(page, 'client:display')
    .getByText(/kitchen\/temperature/)
    .waitFor();
  const topic = await row(page, 'topic:kitchen/temperature').innerText();
  assert.match(topic, /display \(.*\/s\).*sensor \(.*\/s\)/s);
  await sensor.end();
  await display.end();
  await row(page, 'client:display').waitFor({ state: 'detached' });
  opened.clean();
  await opened.close();
});

test('a filter shows only the topics that match, with those who talk about them', async (t) => {
  const cook = await clientOf(t, 'cook');
  const driver = await clientOf(t, 'driver');
  every(t, 100, cook, 'oven/heat');
  every(t, 100, driver, 'van/speed');
  const opened = await setup().open('#/graph?view=table');
  const { page } = opened;
  await row(page, 'client:cook').waitFor();
  await row(page, 'topic:van/speed').waitFor();
  const field = page.getByRole('searchbox', { name: 'Only topics that match this filter' });
  await field.fill('oven/#x');
  await page.getByText('No topic filter yet').waitFor();
  await field.fill('oven/#');
  await row(page, 'topic:van/speed').waitFor({ state: 'detached' });
  await row(page, 'client:driver').waitFor({ state: 'detached' });
  await row(page, 'client:cook').getByText('oven/heat').waitFor();
  assert.match(page.url(), /filter=oven/);
  await field.fill('nothing/at/all');
  await page.getByText('No topic matches this filter').waitFor();
  opened.clean();
  await opened.close();
});

test('many clients are a group, which opens and closes', async (t) => {
  const many = await Promise.all(Array.from({ length: 60 }, (_, n) => clientOf(t, `meter-${1000 + n}`)));
  for (const meter of many) every(t, 300, meter, `power/${meter.clientId}`);
  const opened = await setup().open('#/graph?view=table&nodes=40&filter=power/%23');
  const { page } = opened;
  const group = row(page, 'clients:meter-');
  await group.getByText('60 clients').waitFor();
  await group.getByRole('button', { name: 'Open meter-*' }).click();
  await group.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Close the group meter-…' }).click();
  await group.waitFor();
  await page.getByRole('button', { name: 'Picture' }).click();
  await canvas(page).waitFor();
  await pressUntil(page, 'ArrowLeft', card(page, '60 clients: meter-*'));
  await card(page, '60 clients: meter-*').getByRole('button', { name: 'Open the group' }).click();
  await page.getByRole('button', { name: 'Close the group meter-…' }).waitFor();
  opened.clean();
  await opened.close();
});

/** The picture takes keys once there is something in it. */
async function pressUntil(page: Page, key: string, seen: ReturnType<typeof card>): Promise<void> {
  await canvas(page).focus();
  for (let presses = 0; presses < 12 && !(await seen.isVisible()); presses++) {
    await page.keyboard.press(key);
    await page.getByRole('region', { name: /: / }).waitFor();
  }
  await seen.waitFor();
}

test('the picture moves, a node that is chosen has a card with links, and a pause stops everything', async (t) => {
  const pump = await clientOf(t, 'pump');
  const panel = await clientOf(t, 'panel');
  await panel.on('well/#', ignore);
  every(t, 50, pump, 'well/level');
  const opened = await setup().open('#/graph?filter=well/%23');
  const { page } = opened;
  await canvas(page).waitFor();
  const differ = async (): Promise<boolean> => {
    const before = await picture(page);
    for (let frames = 0; frames < 20; frames++) {
      await page.evaluate('new Promise((then) => requestAnimationFrame(then))');
      if ((await picture(page)) !== before) return true;
    }
    return false;
  };
  assert.ok(await differ(), 'particles run');
  await pressUntil(page, 'ArrowRight', card(page, 'Client: panel'));
  await card(page, 'Client: panel').getByRole('button', { name: 'well/level' }).click();
  const topic = card(page, 'Topic: well/level');
  await topic.getByText('Published by').waitFor();
  assert.equal(await topic.getByRole('link').getAttribute('href'), '#/topics?topic=well%2Flevel');
  await topic.getByRole('button', { name: 'pump' }).click();
  const client = card(page, 'Client: pump');
  assert.equal(await client.getByRole('link').getAttribute('href'), '#/clients/pump');
  await canvas(page).focus();
  await page.keyboard.press('Escape');
  await client.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Go on' }).waitFor();
  // The camera may be on its way yet, to where there is room without the card.
  for (let tries = 0; tries < 300 && (await differ()); tries++);
  assert.ok(!(await differ()), 'nothing moves while paused');
  opened.clean();
  await opened.close();
});

/** What the canvas of the particles shows now, as text. */
const picture = (page: Page): Promise<string> =>
  page.evaluate("document.querySelectorAll('.graph-canvas canvas')[1].toDataURL()");

/** What it shows where there are none. */
const BLANK = `(() => {
  const { width, height } = document.querySelectorAll('.graph-canvas canvas')[1];
  return Object.assign(document.createElement('canvas'), { width, height }).toDataURL();
})()`;

test('who asked their system for less motion sees no particles, and the edges all the same', async (t) => {
  const pump = await clientOf(t, 'pump');
  every(t, 50, pump, 'calm/level');
  const opened = await setup().open();
  const { page } = opened;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await opened.goTo('#/graph?filter=calm/%23');
  await canvas(page).waitFor();
  await pressUntil(page, 'ArrowLeft', card(page, 'Client: pump'));
  const blank = (await page.evaluate(BLANK)) as string;
  for (let frames = 0; frames < 12; frames++) {
    await page.evaluate('new Promise((then) => requestAnimationFrame(then))');
    assert.ok((await picture(page)) === blank, 'no particles');
  }
  opened.clean();
  await opened.close();
});

test('the picture and the table look as they should', async (t) => {
  const { pictures } = setup();
  const room = ['kitchen', 'hall', 'garden'];
  for (const name of room) {
    const sensor = await clientOf(t, `sensor-${name}`);
    every(t, 250, sensor, `house/${name}/temperature`);
    every(t, 900, sensor, `house/${name}/light`);
  }
  for (const [name, filter] of [
    ['dashboard', 'house/#'],
    ['heating', 'house/+/temperature'],
    ['alarm', 'house/hall/light'],
  ] as const) {
    const client = await clientOf(t, name);
    await client.on(filter, ignore);
  }
  await pictures('graph', '#/graph?filter=house/%23', async (page) => {
    await page.getByText('6 clients, 6 topics').waitFor();
    // Particles are on all edges once those from the slowest sensor have had time to get there.
    for (let frames = 0; frames < 90; frames++)
      await page.evaluate('new Promise((then) => requestAnimationFrame(then))');
  });
  await pictures('graph-table', '#/graph?view=table&filter=house/%23', (page) => row(page, 'client:alarm').waitFor());
});
