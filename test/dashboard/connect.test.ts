import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, type Message, subscribeOnce } from '@cauldron/client';
import type { Page } from 'playwright-core';
import { usersIn } from '../support/admin-api.ts';
import { startBroker } from '../support/broker.ts';
import { freePort } from '../support/free-port.ts';
import { startProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { findTool } from '../support/tools.ts';
import { type DashboardPage, useDashboard } from './open-dashboard.ts';
import { send } from './sending.ts';

const setup = useDashboard();

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Opens the page and connects. */
async function connected(change?: (page: Page) => Promise<unknown>): Promise<DashboardPage> {
  const opened = await setup().open('#/connect');
  await opened.page.getByLabel('Broker', { exact: true }).waitFor();
  await change?.(opened.page);
  await opened.page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
  await opened.page.getByText('Connected to').waitFor();
  return opened;
}

async function subscribe(page: Page, filter: string, qos = '0'): Promise<void> {
  const card = page.locator('.card', { has: page.getByRole('heading', { name: 'Subscriptions' }) });
  await card.getByLabel('Topic filter').fill(filter);
  await card.getByLabel('QoS', { exact: true }).selectOption(qos);
  await card.getByRole('button', { name: 'Subscribe', exact: true }).click();
  await page.getByRole('list', { name: 'Subscriptions' }).getByText(`QoS ${qos}`).last().waitFor();
}

async function publish(page: Page, topic: string, payload: string): Promise<void> {
  const card = page.locator('.card', { has: page.getByRole('heading', { name: 'Publish' }) });
  await card.getByLabel('Topic', { exact: true }).fill(topic);
  await card.getByLabel('Payload', { exact: true }).fill(payload);
  await card.getByRole('button', { name: 'Publish', exact: true }).click();
}

const rows = (page: Page) => page.locator('.connect-row');

test('a newcomer connects, subscribes and publishes with four buttons, and sees the message come', async () => {
  const { page, clean, close } = await setup().open('#/connect');
  const steps = page.getByRole('region', { name: 'Try it' });
  await steps.getByRole('button', { name: 'Connect' }).click();
  await page.getByText('Connected to').waitFor();
  await steps.getByRole('button', { name: 'Subscribe to workshop/#' }).click();
  await page.getByRole('list', { name: 'Subscriptions' }).getByText('QoS 0').waitFor();
  await steps.getByRole('button', { name: 'Publish “Hello”' }).click();
  await rows(page).getByText('Hello from the browser').waitFor();
  const [tab] = await Promise.all([
    page.context().waitForEvent('page'),
    steps.getByRole('button', { name: 'Open a second tab' }).click(),
  ]);
  await tab.getByRole('heading', { name: 'WebSocket client' }).waitFor();
  assert.equal(await steps.getByText('done:').count(), 4);
  await steps.getByRole('button', { name: 'Do not show this again' }).click();
  assert.equal(await steps.count(), 0);
  clean();
  await close();
});

test('what the page publishes arrives as it was filled in, properties too', async () => {
  const opened = await connected();
  const { page } = opened;
  await using other = await connect(setup().mqttUrl);
  const received = Promise.withResolvers<Message>();
  await other.on('form/all', (message) => received.resolve(message), { qos: 2 });
  const card = page.locator('.card', { has: page.getByRole('heading', { name: 'Publish' }) });
  await card.getByLabel('QoS').selectOption('2');
  await card.getByText('Bytes and properties').click();
  await card.getByLabel('Payload written as').selectOption('hex');
  await card.getByLabel('Message expiry').fill('60');
  await card.getByLabel('Content type').fill('application/x-soup');
  await card.getByLabel('Response topic').fill('form/answer');
  await card.getByLabel('Correlation data').fill('42');
  await card.getByRole('button', { name: 'Add a property' }).click();
  await card.getByLabel('User properties: name 1').fill('spice');
  await card.getByLabel('User properties: value 1').fill('hot');
  await card.getByLabel('Retain').check();
  await card.getByLabel('Topic', { exact: true }).fill('form/all');
  await card.getByLabel('Payload, as hexadecimal bytes').fill('00 ff 0a');
  await card.getByRole('button', { name: 'Publish', exact: true }).click();
  await card.getByText(/Published; acknowledged/).waitFor();
  const { payload, qos, properties } = await received.promise;
  assert.deepEqual([...payload], [0, 255, 10]);
  assert.equal(qos, 2);
  assert.equal(properties?.contentType, 'application/x-soup');
  assert.equal(properties?.responseTopic, 'form/answer');
  assert.equal(new TextDecoder().decode(properties?.correlationData), '42');
  assert.deepEqual(properties?.userProperties, [['spice', 'hot']]);
  const kept = await subscribeOnce(setup().mqttUrl, 'form/all');
  assert.ok(kept.retain && (kept.properties?.messageExpiryInterval ?? 0) > 50);
  opened.clean();
  await opened.close();
});

test('messages stand in the list with colour, QoS, retained mark and payload, and one of two subscriptions only once', async () => {
  await using other = await connect(setup().mqttUrl);
  await other.publish('list/kept', '{"soup":"ready"}', { retain: true, qos: 1 });
  const opened = await connected();
  const { page } = opened;
  await subscribe(page, 'list/#', '1');
  await rows(page).getByText('retained').waitFor();
  await subscribe(page, 'list/b', '2');
  await other.publish('list/b', Uint8Array.of(0, 1, 2), { qos: 1 });
  await rows(page).getByText('00 01 02').waitFor();
  assert.equal(await rows(page).count(), 2);
  assert.equal(await rows(page).first().locator('.connect-stripes > span').count(), 2);
  await rows(page).getByText('list/kept').click();
  const detail = page.getByRole('region', { name: 'Message on list/kept' });
  await detail.getByText('"soup": "ready"').waitFor();
  await detail.getByRole('tab', { name: 'Hex' }).click();
  await detail.getByText('7b 22 73 6f').waitFor();
  await detail.getByRole('button', { name: 'Edit and publish' }).click();
  assert.equal(await page.getByLabel('Topic', { exact: true }).inputValue(), 'list/kept');
  await button(page, 'Unsubscribe from list/#').click();
  await button(page, 'Unsubscribe from list/b').click();
  await page.getByText('Messages come for the topics').waitFor();
  opened.clean();
  await opened.close();
});

test('the list is searched, stands still while paused, is exported and cleared, and keeps a thousand', async () => {
  await using other = await connect(setup().mqttUrl);
  const opened = await connected();
  const { page } = opened;
  await subscribe(page, 'many/#', '1');
  for (let n = 0; n < 1200; n++) send(other, `many/${n % 3}`, `number ${n}`, { qos: 1 });
  await page.getByText('1,200, the last 1,000 shown').waitFor();
  assert.match(await rows(page).first().innerText(), /number 1199/);
  await page.getByRole('searchbox').fill('number 1198');
  await page.getByText('1 of 1,000').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Export').click()]);
  const file = join(await download.path());
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).payload),
    ['number 1198'],
  );
  await page.getByRole('searchbox').fill('');
  await button(page, 'Pause').click();
  await other.publish('many/x', 'while paused', { qos: 1 });
  await page.getByText('1 more since you paused').waitFor();
  assert.match(await rows(page).first().innerText(), /number 1199/);
  await button(page, 'Go on').click();
  await rows(page).getByText('while paused').waitFor();
  await button(page, 'Clear').click();
  await page.getByText('Nothing came yet').waitFor();
  opened.clean();
  await opened.close();
});

test('pulling the plug has the broker publish the will, and a goodbye does not', async () => {
  await using other = await connect(setup().mqttUrl);
  const wills: string[] = [];
  const will = Promise.withResolvers<Message>();
  await other.on('status/page', (message) => {
    wills.push(message.text());
    if (message.text() === 'gone') will.resolve(message);
  });
  const opened = await connected(async (page) => {
    await page.getByText('Last will').click();
    await page.getByLabel(/When this client is gone/).check();
    await page.getByLabel('Will topic').fill('status/page');
    await page.getByLabel('Will payload').fill('gone');
    await page.getByLabel('Will QoS').selectOption('1');
    await page.getByLabel('Retain the will').check();
  });
  const { page } = opened;
  await button(page, 'Disconnect').click();
  await page.getByLabel('Broker', { exact: true }).waitFor();
  await page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('Connected to').waitFor();
  assert.deepEqual(wills, []);
  await button(page, 'Pull the plug').click();
  await will.promise;
  assert.ok((await subscribeOnce(setup().mqttUrl, 'status/page')).retain);
  opened.clean();
  await opened.close();
});

test('a form is remembered without its password, and the connection lives on while other pages are looked at', async () => {
  const opened = await connected(async (page) => {
    await page.getByLabel('Client identifier').fill('remembered');
    await page.getByLabel('User name').fill('me');
    await page.getByLabel('Password').fill('secret');
  });
  const { page } = opened;
  assert.ok(setup().broker.core.sessions.get('remembered')?.connection);
  await opened.goTo('#/graph');
  await page.getByRole('heading', { name: /graph/i }).waitFor();
  await opened.goTo('#/connect');
  await page.getByText('Connected to').waitFor();
  await page.reload();
  await page.getByLabel('Broker', { exact: true }).waitFor();
  assert.equal(await page.getByLabel('Client identifier').inputValue(), 'remembered');
  assert.equal(await page.getByLabel('User name').inputValue(), 'me');
  assert.equal(await page.getByLabel('Password').inputValue(), '');
  assert.doesNotMatch((await page.evaluate('JSON.stringify(localStorage)')) as string, /secret/);
  opened.clean();
  await opened.close();
});

test('who the broker turns away reads why and what to do, and so does who is taken over or finds nobody', async () => {
  const opened = await connected((page) => page.getByLabel('Client identifier').fill('twice'));
  const { page } = opened;
  const other = await connect(setup().mqttUrl, { clientId: 'twice' });
  await page
    .getByRole('alert')
    .getByText(/another client uses the same client identifier/)
    .waitFor();
  await other.end();
  await page.getByLabel('Broker', { exact: true }).fill('mqtt://127.0.0.1:1883');
  await page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText(/Browsers cannot open mqtt:/).waitFor();
  opened.clean();
  await page.getByLabel('Broker', { exact: true }).fill(`ws://127.0.0.1:${await freePort()}/mqtt`);
  await page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('alert').getByText('There is no answer').waitFor();
  await opened.close();
});

test('mosquitto is connected to over MQTT 3.1.1, and one of its users only with the right password', async (t) => {
  const port = await freePort();
  const folder = tempDir(t);
  const passwords = join(folder, 'passwords');
  const config = join(folder, 'mosquitto.conf');
  // It does not start where there is no listener without WebSocket.
  const tcp = `listener ${await freePort()} 127.0.0.1\n`;
  const listener = `${tcp}listener ${port} 127.0.0.1\nprotocol websockets\nallow_anonymous false\npassword_file ${passwords}\n`;
  writeFileSync(config, `${process.getuid?.() === 0 ? 'user root\n' : ''}${listener}`);
  const tool = startProcess(t, findTool('mosquitto_passwd'), ['-b', '-c', passwords, 'cook', 'right']);
  await tool.waitForExit();
  await startProcess(t, findTool('mosquitto'), ['-v', '-c', config]).waitForLine(/mosquitto version .* running/);
  const opened = await setup().open('#/connect');
  const { page } = opened;
  await page.getByLabel('Broker', { exact: true }).fill(`ws://127.0.0.1:${port}/mqtt`);
  await page.getByLabel('User name').fill('cook');
  await page.getByLabel('Password').fill('wrong');
  await page.getByText('Session and protocol').click();
  await page.getByLabel('MQTT version').selectOption('4');
  await page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
  await page
    .getByRole('alert')
    .getByText(/Check user name and password/)
    .waitFor();
  await page.getByLabel('Password').fill('right');
  await page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('MQTT 3.1.1', { exact: true }).waitFor();
  await subscribe(page, 'over/#', '2');
  await publish(page, 'over/there', 'hello mosquitto');
  await rows(page).getByText('hello mosquitto').waitFor();
  opened.clean();
  await opened.close();
});

test('a user of a broker with users gets in with the right password, and reads why not with a wrong one', async (t) => {
  const { config } = await usersIn(t, ['cook']);
  const origins = [new URL(setup().url).origin];
  const { port, broker } = await startBroker(t, { ...config, listeners: [{ port: 0, webSocket: { origins } }] });
  const opened = await setup().open('#/connect');
  const { page } = opened;
  await page.getByLabel('Broker', { exact: true }).fill(`ws://127.0.0.1:${port}/mqtt`);
  await page.getByLabel('User name').fill('cook');
  await page.getByLabel('Password').fill('salt');
  await page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
  const note = page.getByRole('alert');
  await note.getByText('The broker refused the connection').waitFor();
  assert.match(await note.innerText(), /[Bb]ad user name or password.*Check user name and password/s);
  await page.getByLabel('Password').fill('soup');
  await page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('Connected to').waitFor();
  assert.equal(broker.core.metrics.clientsConnected, 1);
  opened.clean();
  await opened.close();
});

test('the page looks as it should, before and after connecting', async () => {
  await using other = await connect(setup().mqttUrl);
  await other.publish('look/kitchen/lamp', '{"on":true,"brightness":80}', { retain: true });
  await setup().pictures('client-new', '#/connect', (page) => page.getByLabel('Broker', { exact: true }).waitFor());
  await setup().pictures('client', '#/connect', async (page) => {
    await page.locator('form').getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByText('Connected to').waitFor();
    await subscribe(page, 'look/#', '1');
    await subscribe(page, 'look/+/temperature', '0');
    for (const n of [1, 2, 3]) await other.publish(`look/room-${n}/temperature`, `${20 + n / 2}`);
    await rows(page).getByText('look/room-3').waitFor();
    await rows(page).getByText('look/kitchen/lamp').click();
    await page.getByText('"brightness": 80').waitFor();
  });
});
