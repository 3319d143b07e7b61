// The demo as people see it: the dashboard that `cauldron demo` opens, with its devices.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { DEMO_DASHBOARD, demoDashboard } from '../../packages/cli/src/demo/dashboard.ts';
import { Demo } from '../../packages/cli/src/demo/demo.ts';
import { seededRandom } from '../../packages/cli/src/demo/random.ts';
import { until } from '../support/broker.ts';
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
