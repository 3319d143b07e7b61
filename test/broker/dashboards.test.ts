// Dashboards over the API of a running broker: what is kept, what two people do to each other, and files that are broken.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ApiServer, startApi } from '../support/admin-api.ts';
import { tempDir } from '../support/temp-dir.ts';

const gauge = { id: 'w1', type: 'gauge', x: 0, y: 0, w: 3, h: 3, source: { topic: 'a/b', path: '$.c' } };
const kitchen = { cauldronDashboard: 1, name: 'Kitchen', widgets: [gauge] };

const made = async ({ ask }: Pick<ApiServer, 'ask'>, body: unknown = kitchen) => {
  const answer = await ask('dashboards', { method: 'POST', body });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
};

test('a dashboard is there when the broker starts again, as it was changed last', async (t) => {
  const data = { directory: tempDir(t) };
  const first = await startApi(t, { data });
  const { id } = await made(first);
  const change = { revision: 1, name: 'Cellar', description: '', widgets: [gauge] };
  const changed = await first.ask(`dashboards/${id}`, { method: 'PUT', body: change });
  assert.deepEqual([changed.status, changed.body.revision], [200, 2], changed.text);
  await first.broker.close();

  const second = await startApi(t, { data });
  const list = (await second.ask('dashboards')).body;
  assert.deepEqual([list.kept, list.items.length, list.items[0].name], [true, 1, 'Cellar']);
  assert.deepEqual((await second.ask(`dashboards/${id}`)).body, changed.body);
});

test('what is exported can be imported, here or elsewhere, and is the same', async (t) => {
  const server = await startApi(t);
  const { id } = await made(server);
  const exported = await server.ask(`dashboards/${id}/export`);
  assert.match(exported.headers['content-disposition']!, /filename="Kitchen\.json"/);
  const again = await made(await startApi(t), exported.body);
  assert.deepEqual(again.widgets, exported.body.widgets);
});

test('a change that somebody else was faster with is refused with what to do', async (t) => {
  const server = await startApi(t);
  const { id } = await made(server);
  const change = { revision: 1, name: 'Mine', widgets: [] };
  assert.equal((await server.ask(`dashboards/${id}`, { method: 'PUT', body: change })).status, 200);
  const late = await server.ask(`dashboards/${id}`, { method: 'PUT', body: { ...change, name: 'Yours' } });
  assert.deepEqual([late.status, late.body.error.code], [409, 'REVISION_CONFLICT']);
  assert.match(late.body.error.message, /Load it again/);
});

test('a widget that is none is refused with the place, and nothing is made', async (t) => {
  const server = await startApi(t);
  const body = { name: 'x', widgets: [{ ...gauge, typo: 1 }] };
  const answer = await server.ask('dashboards', { method: 'POST', body });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /typo/);
  assert.deepEqual((await server.ask('dashboards')).body.items, []);
});

test("the program's own dashboards are there from the start, and deleted ones stay away until the next", async (t) => {
  const dashboards = [{ id: 'demo', name: 'Demo' }];
  const server = await startApi(t, {}, { dashboards });
  assert.equal((await server.ask('dashboards/demo')).body.name, 'Demo');
  assert.equal((await server.ask('dashboards/demo', { method: 'DELETE' })).status, 204);
  assert.equal((await server.ask('dashboards/demo')).status, 404);
  assert.equal((await server.ask('dashboards')).body.kept, false);
});

test('a broken file is in the health, and does not keep the broker from starting', async (t) => {
  const directory = tempDir(t);
  const first = await startApi(t, { data: { directory } });
  const { id } = await made(first);
  await first.broker.close();
  writeFileSync(join(directory, 'dashboards', `${id}.json`), 'soup');
  const { broker, ask } = await startApi(t, { data: { directory } });
  assert.deepEqual(
    broker.health.findings.map(({ code }) => code),
    ['dashboards-failing'],
  );
  assert.match(broker.health.findings[0]!.message, new RegExp(`${id}\\.json .*mend or remove the files`));
  assert.equal((await ask(`dashboards/${id}`)).status, 404);
});
