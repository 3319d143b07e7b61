// Dashboards in a browser: their list, widgets with messages in both directions, edit mode by mouse and by keyboard.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, type TestContext, test } from 'node:test';
import type { Dashboard, DashboardDocumentInput, DashboardsList } from '@cauldron/broker/admin-api';
import type { Page } from 'playwright-core';
import { until } from '../support/broker.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Greenhouse, greenhouseDashboard, pictureOfSky, startGreenhouse } from './greenhouse.ts';
import { useDashboard } from './open-dashboard.ts';

const setup = useDashboard();

async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${setup().url}api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${response.ok ? '' : await response.text()}`);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

afterEach(async () => {
  const { items } = await api<DashboardsList>('GET', '/dashboards');
  for (const { id } of items) await api('DELETE', `/dashboards/${id}`);
});

const make = (document: DashboardDocumentInput): Promise<Dashboard> => api('POST', '/dashboards', document);

async function open(t: TestContext, hash: string) {
  const opened = await setup().open(hash);
  t.after(() => opened.close());
  return opened;
}

async function greenhouse(t: TestContext): Promise<Greenhouse> {
  const devices = await startGreenhouse(setup().mqttUrl);
  t.after(() => devices.client.end());
  return devices;
}

const widget = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });
const read = (id: string): Promise<Dashboard> => api('GET', `/dashboards/${id}`);
const placeOf = ({ widgets }: Dashboard, id: string): number[] => {
  const { x, y, w, h } = widgets.find((one) => one.id === id)!;
  return [x, y, w, h];
};

test('a dashboard is made, named, copied, exported, imported as it was, and deleted after a question', async (t) => {
  const { page, clean } = await open(t, '#/dashboards');
  await page.getByRole('button', { name: 'Make the first one' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Cellar');
  await page.getByLabel('Description').fill('Below the kitchen');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByText('Nothing here yet').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('link', { name: 'All dashboards' }).click();

  await page.getByRole('button', { name: 'Rename Cellar' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Wine cellar');
  await page.getByRole('button', { name: 'Rename', exact: true }).click();
  await page.getByRole('button', { name: 'Duplicate Wine cellar', exact: true }).click();
  await page.getByRole('link', { name: /Wine cellar \(copy\)/ }).waitFor();
  const { items } = await api<DashboardsList>('GET', '/dashboards');
  assert.deepEqual(
    items.map(({ name, description }) => [name, description]),
    [
      ['Wine cellar', 'Below the kitchen'],
      ['Wine cellar (copy)', 'Below the kitchen'],
    ],
  );

  const full = await make(greenhouseDashboard);
  await page.reload();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export Greenhouse' }).click();
  const download = await downloading;
  assert.equal(download.suggestedFilename(), 'greenhouse.dashboard.json');
  const file = join(tempDir(t), 'x.json');
  await download.saveAs(file);
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByLabel('File').setInputFiles(file);
  await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click();
  await page.getByRole('heading', { name: 'Greenhouse', level: 1 }).waitFor();
  const imported = await read(new URL(page.url()).hash.split('/').at(-1)!);
  assert.deepEqual({ ...imported, id: full.id, changedAt: full.changedAt }, full);
  assert.equal(JSON.parse(await readFile(file, 'utf8')).cauldronDashboard, 1);

  await page.getByRole('link', { name: 'All dashboards' }).click();
  for (const name of ['Wine cellar (copy)', 'Wine cellar', 'Greenhouse']) {
    await page
      .getByRole('button', { name: `Delete ${name}`, exact: true })
      .first()
      .click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText(`“${name}” is deleted.`).waitFor();
  }
  assert.equal((await api<DashboardsList>('GET', '/dashboards')).items.length, 1);
  clean();
});

test('what cannot be imported is said with its place in words, and nothing is made of it', async (t) => {
  const { page } = await open(t, '#/dashboards');
  await page.getByRole('button', { name: 'Import' }).click();
  const importing = page.getByRole('dialog').getByRole('button', { name: 'Import' });
  await page.getByLabel('Or paste it').fill('{"name": "x", "widgets": [');
  await importing.click();
  await page.getByText(/It is no JSON/).waitFor();
  const wrong = structuredClone(greenhouseDashboard) as { widgets: { w: number; type: string }[] };
  wrong.widgets[1]!.w = 99;
  wrong.widgets[3]!.type = 'teapot';
  const file = join(tempDir(t), 'wrong.json');
  await writeFile(file, JSON.stringify(wrong));
  await page.getByLabel('File').setInputFiles(file);
  await importing.click();
  await page.getByText(/^widget 2 “Climate”, width \(w\): /).waitFor();
  await page.getByText(/^widget 4 “Air”, type: /).waitFor();
  assert.deepEqual((await api<DashboardsList>('GET', '/dashboards')).items, []);
});

test('each widget shows what its devices say, as it comes', async (t) => {
  const { id } = await make(greenhouseDashboard);
  const devices = await greenhouse(t);
  const { page, clean } = await open(t, `#/dashboards/${id}`);
  const says = (title: string, text: string | RegExp) => widget(page, title).getByText(text).first().waitFor();
  await says('Humidity', 'no message yet on greenhouse/climate');
  await says('Climate', 'no message yet on greenhouse/climate and greenhouse/outside');
  await says('Camera', 'no message yet on greenhouse/camera');
  await says('All of it', 'no message yet on greenhouse/#');
  await says('Note', /Vent above 28 °C/);

  await devices.measure({ humidity: 61, air: 21.46, soil: 17 });
  await says('Humidity', '61');
  await widget(page, 'Humidity').getByRole('meter', { name: 'Humidity' }).waitFor();
  await says('Air', '21.5');
  await says('Climate', '17.0 °C');
  await widget(page, 'Climate').locator('canvas').waitFor();
  await devices.measure({ humidity: 85, air: 31.2, soil: 18 });
  await widget(page, 'Humidity').locator('.gauge-value.bad').waitFor();
  await widget(page, 'Air').locator('.number-line.bad').getByText('31.2').waitFor();

  await devices.say('outside', 'foggy');
  await devices.say('alarm', '{"text":"too hot"}');
  await says('Last alarm', 'too hot');
  await devices.say('alarm', 'no JSON');
  await says('Last alarm', 'nothing at $.text in “no JSON”');
  await devices.say('door', 'open');
  await widget(page, 'Door').locator('[data-on=true]').getByText('open').waitFor();
  await devices.say('door', 'shut');
  await widget(page, 'Door').locator('[data-on=false]').getByText('closed').waitFor();

  const picture = widget(page, 'Camera').getByRole('img');
  const width = () => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
  for (const pixels of [160, 90]) {
    await devices.say('camera', pictureOfSky(12, pixels));
    await picture.waitFor();
    for (let tries = 0; (await width()) !== pixels && tries < 200; tries++) await page.waitForTimeout(20);
    assert.equal(await width(), pixels);
  }
  const log = widget(page, 'All of it');
  await log.locator('li', { hasText: 'door' }).first().getByText('shut').waitFor();
  await log
    .getByText(/\(image, /)
    .first()
    .waitFor();
  clean();
});

test('buttons, switches and sliders tell devices what to do, and show what the devices answer', async (t) => {
  const { id } = await make(greenhouseDashboard);
  const devices = await greenhouse(t);
  await devices.say('pump', '{"state":"standing"}');
  await devices.say('vent', '20');
  const { page, clean } = await open(t, `#/dashboards/${id}`);
  const last = (topic: string): string | undefined =>
    devices.commands.findLast(([one]) => one === `greenhouse/${topic}/set`)?.[1];

  await page.getByRole('button', { name: 'Water 5 litres' }).click();
  await widget(page, 'Watering').getByText('sent', { exact: true }).waitFor();
  assert.equal(last('water'), '{"litres":5}');

  const pump = page.getByRole('switch', { name: 'Pump' });
  await widget(page, 'Pump').getByText('off').waitFor();
  await pump.click();
  await page.locator('[role=switch][aria-checked=true]:not(.pending)').waitFor();
  assert.equal(last('pump'), 'start');
  await devices.say('pump', '{"state":"standing"}'); // somebody stopped it at the device
  await page.locator('[role=switch][aria-checked=false]').waitFor();
  const answer = devices.answer;
  devices.answer = () => {};
  await pump.click();
  await widget(page, 'Pump').getByText('waiting for the device…').waitFor();
  await widget(page, 'Pump').getByText('no answer from the device').waitFor();
  assert.equal(await pump.getAttribute('aria-checked'), 'false', 'it shows what the device says');
  devices.answer = answer;

  const vent = page.getByRole('slider', { name: /Vent/ });
  await page.locator('input[type=range][aria-valuetext="20%"]').waitFor();
  const box = (await vent.boundingBox())!;
  const middle = box.y + box.height / 2;
  const before = devices.commands.length;
  await page.mouse.move(box.x + box.width * 0.2, middle);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, middle, { steps: 40 });
  await page.mouse.up();
  const shown = Number(await vent.inputValue());
  assert.ok(shown >= 70 && shown <= 90, `${shown}`);
  await until('the vent was told the end', () => last('vent') === String(shown));
  await page.locator(`input[type=range][aria-valuetext="${shown}%"]`).waitFor();
  const sent = devices.commands.length - before;
  assert.ok(sent <= 12, `${sent} messages for forty moves`);
  for (let presses = 0; presses < 4; presses++) await vent.press('ArrowLeft');
  await until('keys move it, too', () => last('vent') === String(shown - 20));
  clean();
});

test('widgets are moved, sized and changed by mouse and by keyboard, others make room, and all of it is saved', async (t) => {
  const { id } = await make(greenhouseDashboard);
  const { page, clean } = await open(t, `#/dashboards/${id}?edit=1`);
  const cell = (one: string) => page.locator(`[data-widget=${one}]`);
  await cell('door').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowRight');
  assert.equal(await cell('door').getAttribute('aria-label'), 'Door, column 3, row 5, 3 wide, 2 high');
  assert.ok(await cell('door').evaluate((element) => element.matches(':focus')), 'the focus stays on it');

  const drag = async (from: { x: number; y: number }, dx: number, dy: number): Promise<void> => {
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x + dx / 2, from.y + dy / 2, { steps: 4 });
    await page.mouse.move(from.x + dx, from.y + dy, { steps: 4 });
    await page.mouse.up();
  };
  const column = (await cell('climate').boundingBox())!.width / 6;
  const camera = (await cell('camera').boundingBox())!;
  await drag({ x: camera.x + 60, y: camera.y + 120 }, -column * 9, 0);
  // Away from the edges of the window, where dragging scrolls.
  await cell('air').evaluate((element) => element.scrollIntoView({ block: 'center' }));
  const air = (await cell('air').boundingBox())!;
  await drag({ x: air.x + air.width - 10, y: air.y + air.height - 10 }, column * 1.1, 96);

  await cell('note').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('textbox', { name: 'Text' }).fill('Water at dawn.');
  await page.getByRole('button', { name: 'OK' }).click();
  await page.getByText('Water at dawn.').waitFor();

  await cell('log').focus();
  await page.keyboard.press('Delete');
  await page.getByText('“All of it” is removed.').waitFor();
  assert.equal(await cell('log').count(), 0);
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await cell('log').waitFor();
  await cell('water').hover();
  await page.getByRole('button', { name: 'Duplicate Watering' }).click();
  await cell('button-1').waitFor();
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  assert.equal(await cell('button-1').count(), 0);
  await page.getByRole('button', { name: 'Redo', exact: true }).click();

  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Edit', exact: true }).waitFor();
  const saved = await read(id);
  assert.deepEqual([saved.revision, saved.widgets.length], [2, 12]);
  assert.deepEqual(placeOf(saved, 'camera'), [0, 0, 3, 3]);
  assert.deepEqual(placeOf(saved, 'humidity').slice(0, 2), [0, 3], 'it made room');
  assert.deepEqual(placeOf(saved, 'air').slice(2), [3, 3]);
  assert.equal(placeOf(saved, 'door')[2], 3);
  clean();
});

test('a widget is added from the palette: topics are suggested, paths offered, and what it would show is seen', async (t) => {
  const { id } = await make({ name: 'Empty' });
  const devices = await greenhouse(t);
  await devices.measure({ humidity: 44, air: 20, soil: 15 });
  const { page, clean } = await open(t, `#/dashboards/${id}?edit=1`);
  await page.getByRole('button', { name: 'Add a widget' }).click();
  await page.getByRole('button', { name: /^Gauge/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByText('Say which topic').waitFor();
  await dialog.getByLabel('Topic', { exact: true }).fill('green');
  await dialog.locator('datalist option[value="greenhouse/climate"]').waitFor({ state: 'attached' });
  await dialog.getByLabel('Topic', { exact: true }).fill('greenhouse/climate');
  await dialog.getByRole('button', { name: '$.humidity' }).click();
  await dialog.getByText('now: 44').waitFor();
  await dialog.getByLabel('Unit').fill('%');
  await dialog.getByLabel('Lowest').fill('seven');
  await dialog.getByText('Is no number').waitFor();
  await dialog.getByLabel('Lowest').fill('10,5');
  await dialog.getByRole('button', { name: 'Add a colour' }).click();
  await dialog.getByRole('textbox', { name: 'From' }).fill('40');
  await dialog.getByLabel('Title').fill('Damp');
  await dialog.locator('.gauge-value.good').waitFor();
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await widget(page, 'Damp').getByRole('meter').waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Edit', exact: true }).waitFor();
  const [made] = (await read(id)).widgets;
  assert.deepEqual(made, {
    ...{ id: 'gauge-1', type: 'gauge', title: 'Damp', x: 0, y: 0, w: 3, h: 3 },
    ...{ source: { topic: 'greenhouse/climate', path: '$.humidity' }, min: 10.5, max: 100, unit: '%', decimals: 1 },
    thresholds: [{ from: 40, color: 'good' }],
  });
  clean();
});

test('where somebody else saved first nothing is written over, and both versions can be kept', async (t) => {
  const { id } = await make(greenhouseDashboard);
  const { page } = await open(t, `#/dashboards/${id}?edit=1`);
  await page.locator('[data-widget=note]').focus();
  await page.keyboard.press('Delete');
  const { id: _, changedAt: __, ...theirs } = await read(id);
  await api('PUT', `/dashboards/${id}`, { ...theirs, name: 'Theirs' });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('heading', { name: 'Somebody else has saved this dashboard' }).waitFor();
  await page.getByRole('button', { name: 'Save mine as a copy' }).click();
  await page.getByRole('heading', { name: 'Greenhouse (my changes)' }).waitFor();
  assert.deepEqual([(await read(id)).name, (await read(id)).widgets.length], ['Theirs', 11]);
  const copy = new URL(page.url()).hash.split('/').at(-1)!;
  assert.equal((await read(copy)).widgets.length, 10);
});

test('unsaved changes are asked about before they are left behind', async (t) => {
  const { id } = await make(greenhouseDashboard);
  const { page, clean } = await open(t, `#/dashboards/${id}`);
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.locator('[data-widget=note]').focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('link', { name: 'Topics' }).click();
  await page.getByRole('button', { name: 'Stay here' }).click();
  assert.match(page.url(), /edit=1$/);
  await page.evaluate('history.back()');
  await page.getByRole('button', { name: 'Stay here' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Save and leave' }).click();
  await page.getByRole('button', { name: 'Edit', exact: true }).waitFor();
  assert.deepEqual(placeOf(await read(id), 'note'), [0, 6, 4, 2]);
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.locator('[data-widget=note]').focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('button', { name: 'Leave, and lose the changes' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.equal((await read(id)).revision, 2);
  clean();
});

test('who may only look sees everything and can press nothing, with the reason', async (t) => {
  const { id } = await make(greenhouseDashboard);
  const { page } = await open(t, '');
  await page.route('**/api/v1/session', async (route) => {
    const answer = await route.fetch();
    const session = (await answer.json()) as { user: object };
    await route.fulfill({ json: { ...session, user: { ...session.user, username: 'guest', role: 'viewer' } } });
  });
  await page.goto(`${setup().url}#/dashboards/${id}?edit=1`);
  await page.reload();
  await page.getByRole('button', { name: 'Edit', exact: true }).waitFor();
  for (const control of [
    page.getByRole('button', { name: 'Edit', exact: true }),
    page.getByRole('button', { name: 'Water 5 litres' }),
    page.getByRole('switch', { name: 'Pump' }),
    page.getByRole('slider', { name: /Vent/ }),
  ]) {
    assert.ok(await control.isDisabled());
    assert.match((await control.getAttribute('title')) ?? '', /an admin may/);
  }
  await page.getByRole('link', { name: 'All dashboards' }).click();
  await page.getByRole('button', { name: 'Delete Greenhouse' }).waitFor();
  for (const name of ['New dashboard', 'Import', 'Rename Greenhouse', 'Delete Greenhouse']) {
    assert.ok(await page.getByRole('button', { name }).isDisabled(), name);
  }
  assert.ok(await page.getByRole('button', { name: 'Export Greenhouse' }).isEnabled());
});

test('on a phone widgets stand in one column as they are read, and change their order by buttons', async (t) => {
  const { id } = await make(greenhouseDashboard);
  const opened = await setup().open(`#/dashboards/${id}?edit=1`, 'phone');
  t.after(() => opened.close());
  const { page } = opened;
  const top = async (one: string): Promise<number> => (await page.locator(`[data-widget=${one}]`).boundingBox())!.y;
  await page.locator('[data-widget=log]').waitFor();
  assert.ok((await top('humidity')) < (await top('climate')) && (await top('climate')) < (await top('camera')));
  await page.getByRole('button', { name: 'Move Camera up' }).click();
  assert.ok((await top('camera')) < (await top('climate')));
  opened.clean();
});

test('with a finger a widget is moved by its handle, and sized by its corner', async (t) => {
  const { id } = await make(greenhouseDashboard);
  const opened = await setup().open(`#/dashboards/${id}?edit=1`, 'phone');
  t.after(() => opened.close());
  const { page } = opened;
  await page.setViewportSize({ width: 1024, height: 768 });
  const cell = page.locator('[data-widget=camera]');
  const column = (await cell.boundingBox())!.width / 3;
  const finger = await page.context().newCDPSession(page);
  const swipe = async (from: string, dx: number, dy: number): Promise<void> => {
    const box = (await cell.locator(from).boundingBox())!;
    const at = (part: number) => [{ x: box.x + box.width / 2 + dx * part, y: box.y + box.height / 2 + dy * part }];
    await finger.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
    for (const part of [0.3, 0.7, 1])
      await finger.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(part) });
    await finger.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  await swipe('.dashboards-handle', -column * 2, 0);
  await page.getByRole('group', { name: 'Camera, column 8, row 1, 3 wide, 3 high' }).waitFor();
  await swipe('.dashboards-resize', column, 96);
  await page.getByRole('group', { name: 'Camera, column 8, row 1, 4 wide, 4 high' }).waitFor();
  opened.clean();
});

test('lists, dashboards, edit mode and dialogs are legible in every look', async (t) => {
  const { id } = await make(greenhouseDashboard);
  await make({ name: 'Cold store', description: 'Doors and temperatures of the five rooms', widgets: [] });
  let timer: NodeJS.Timeout | undefined;
  t.after(() => clearInterval(timer));
  const devices = await greenhouse(t);
  await devices.say('door', 'open');
  await devices.say('pump', '{"state":"running"}');
  await devices.say('vent', '35');
  await devices.say('camera', pictureOfSky(9));
  await devices.say('alarm', '{"text":"Frost at 04:12"}');
  let step = 0;
  timer = setInterval(() => {
    step += 1;
    const wave = Math.sin(step / 3);
    void devices.measure({ humidity: 58 + wave * 4, air: 23 + wave * 2, soil: 18 + wave / 2 });
    void devices.say('outside', String(14 + wave));
  }, 200);
  const values = async (page: Page): Promise<void> => {
    await page.getByRole('meter').waitFor();
    await page.locator('.number-trend').waitFor({ state: 'attached' });
    await page.getByRole('img', { name: /last message on/ }).waitFor();
  };
  await setup().pictures('dashboards-list', '#/dashboards', async (page) => {
    await page.getByRole('link', { name: /Cold store/ }).waitFor();
  });
  await setup().pictures('dashboards-all-widgets', `#/dashboards/${id}`, values, true);
  await setup().pictures('dashboards-edit', `#/dashboards/${id}?edit=1`, values);
  await setup().pictures('dashboards-widget', `#/dashboards/${id}?edit=1`, async (page) => {
    await values(page);
    await page.locator('[data-widget=humidity]').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('now:').waitFor();
  });
});
