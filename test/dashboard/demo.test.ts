// The demo as people see it: the dashboard that `cauldron demo` opens, with its devices.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connect } from '@cauldron/client';
import type { Page } from 'playwright-core';
import { DEMO_DASHBOARD, demoDashboard } from '../../packages/cli/src/demo/dashboard.ts';
import { Demo } from '../../packages/cli/src/demo/demo.ts';
import { seededRandom } from '../../packages/cli/src/demo/random.ts';
import { until } from '../support/broker.ts';
import { CAULDRON } from '../support/command-line.ts';
import { startProcess } from '../support/process.ts';
import { useDashboard } from './open-dashboard.ts';

const HASH = `#/dashboards/${DEMO_DASHBOARD}`;
const SEED = 42;

const dashboard = useDashboard({}, { dashboards: [{ id: DEMO_DASHBOARD, ...demoDashboard }] });

/** Devices for the length of a test. */
async function startDevices(t: TestContext): Promise<void> {
  const problems: string[] = [];
  const report = (problem: string) => void problems.push(problem);
  const demo = await Demo.start({ url: dashboard().mqttUrl, report, random: seededRandom(SEED) });
  t.after(async () => {
    await demo.close();
    assert.deepEqual(problems, []);
  });
}

/** Both devices are there, and the first measurement. */
async function ready(page: Page): Promise<void> {
  await page.locator('.indicator.good').nth(1).waitFor();
  await page
    .getByText(/^\d\d\.\d$/)
    .first()
    .waitFor();
}

test('all of it fits the screen of a laptop or a projector, and is legible in every look', async (t) => {
  await startDevices(t);
  const { page, close } = await dashboard().open(HASH);
  await page.setViewportSize({ width: 1280, height: 720 });
  await ready(page);
  const height = await page.evaluate('document.documentElement.scrollHeight');
  assert.ok(Number(height) <= 720, `${height} pixels high`);
  const cut = await page.evaluate(`[...document.querySelectorAll('.indicator, .text-note')]
    .filter((one) => one.scrollHeight > one.clientHeight + 1).map((one) => one.textContent)`);
  assert.deepEqual(cut, [], 'nothing is cut off');
  await close();
  await dashboard().pictures('demo', HASH, ready);
});

test('a plug that is pulled on the page turns the light of its device red by itself, and put back green', async (t) => {
  await startDevices(t);
  const opened = await dashboard().open(HASH);
  const { page } = opened;
  await ready(page);
  const lights = () => page.locator('.indicator').evaluateAll((all) => all.map((one) => one.className));
  assert.deepEqual(await lights(), ['indicator good', 'indicator good']);
  const plug = page.getByRole('switch', { name: 'Thermo plug' });
  await plug.click();
  await page.locator('.indicator.bad').waitFor();
  assert.deepEqual(await lights(), ['indicator bad', 'indicator good']);
  assert.equal(await plug.getAttribute('aria-checked'), 'false');
  await plug.click();
  await page.locator('.indicator.bad').waitFor({ state: 'hidden' });
  assert.deepEqual(await lights(), ['indicator good', 'indicator good']);
  opened.clean();
  await opened.close();
});

test('the slider turns the knob, the switch lights the LED, and the button buzzes', async (t) => {
  await startDevices(t);
  const seen: string[] = [];
  const end = dashboard().broker.subscribe('demo/#', ({ topic, payload, retain }) => {
    if (!retain) seen.push(`${topic} ${Buffer.from(payload)}`);
  });
  t.after(end);
  const opened = await dashboard().open(HASH);
  const { page } = opened;
  await ready(page);
  await page.getByRole('slider').fill('27');
  await page.getByRole('switch', { name: 'LED' }).click();
  await page.getByRole('button', { name: 'Buzz' }).click();
  const expected = ['demo/thermometer/target 27', 'demo/lamp/led on', 'demo/lamp/buzzer on', 'demo/lamp/buzzer off'];
  await until('the devices did what they were told', () => expected.every((line) => seen.includes(line)));
  opened.clean();
  await opened.close();
});

test('as people start it, the page moves the knob, lights the LED and pulls a plug, and devices of another process follow', async (t) => {
  const demo = startProcess(t, process.execPath, [CAULDRON, 'demo', '--no-open', '-p', '0', '--ws-port', '0']);
  const [, mqtt] = await demo.waitForLine(/listens on (mqtt:\S+)/, 30_000);
  const [, link] = await demo.waitForLine(/Look at it: (http\S+)/, 30_000);
  const client = await connect(mqtt!);
  t.after(() => client.end());
  const states = new Map<string, string>();
  await client.on('demo/#', (message) => void states.set(message.topic.slice('demo/'.length), message.text()));
  const says = (topic: string, payload: string) =>
    until(`${topic} says ${payload}`, () => states.get(topic) === payload, 20_000);

  const opened = await dashboard().open();
  t.after(() => opened.close());
  const { page } = opened;
  await usePagesOfThisTree(page, link!);
  await page.goto(link!);
  await ready(page);
  const target = page.getByRole('slider', { name: /Target/ });
  await target.focus();
  for (let steps = 0; steps < 4; steps++) await page.keyboard.press('ArrowRight');
  const [, celsius] = /^([\d.]+)/.exec((await target.getAttribute('aria-valuetext'))!)!;
  await says('thermometer/target', String(Number(celsius)));
  await page.getByRole('switch', { name: 'LED' }).click();
  await says('lamp/led', 'on');

  const plug = page.getByRole('switch', { name: 'Lamp plug' });
  await plug.click();
  await says('lamp/status', 'offline');
  await page.locator('.indicator.bad').waitFor();
  await plug.click();
  await says('lamp/status', 'online');
  await page.locator('.indicator.bad').waitFor({ state: 'hidden' });
  await says('lamp/led', 'on');
  opened.clean();
});

/** Pages from the sources beside this test, where the broker has those of the last installation. */
async function usePagesOfThisTree(page: Page, link: string): Promise<void> {
  const { origin } = new URL(link);
  await page.route(
    (url) => url.origin === origin && !url.pathname.startsWith('/api/'),
    async (route) => {
      const { pathname } = new URL(route.request().url());
      const answer = await fetch(new URL(pathname, dashboard().url), { headers: { 'accept-encoding': 'identity' } });
      const headers = Object.fromEntries(answer.headers);
      await route.fulfill({ status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) });
    },
  );
}
