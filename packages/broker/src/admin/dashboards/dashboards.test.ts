import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../../../../../test/support/temp-dir.ts';
import { MemoryDisk } from '../../testing/memory-disk.ts';
import { dashboardDocument } from '../schema/index.ts';
import { Dashboards, type DashboardsOptions } from './dashboards.ts';
import type { FileOperations } from './file-operations.ts';

const NOW = 1_000_000;

/** Dashboards, with what they said in the log and to the health. */
async function open(folder: string | null, options: Partial<DashboardsOptions> = {}) {
  const log: string[] = [];
  const reports: (string | null)[] = [];
  const dashboards = await Dashboards.open(folder, {
    log: { warn: (text) => log.push(text), error: (text) => log.push(text) },
    now: () => NOW,
    report: (problem) => reports.push(problem),
    ...options,
  });
  return { dashboards, log, reports };
}

const documentOf = (name: string, text = '') =>
  dashboardDocument.parse({
    name,
    widgets: text === '' ? [] : [{ id: 'w', type: 'text', x: 0, y: 0, w: 2, h: 2, text }],
  });

const counting = () => {
  let last = 0;
  return () => `id${++last}`;
};

const fileOf = (folder: string, id: string): string => join(folder, 'dashboards', `${id}.json`);

test('what was created and changed is there again when they are opened again', async (t) => {
  const folder = tempDir(t);
  const { dashboards } = await open(folder);
  const { id } = await dashboards.create(documentOf('Kitchen', 'soup'));
  const gone = await dashboards.create(documentOf('Cellar'));
  const { cauldronDashboard: _version, ...contents } = documentOf('Kitchen', 'stew');
  const changed = await dashboards.update(id, { revision: 1, ...contents });
  assert.equal(await dashboards.remove(gone.id), true);
  assert.deepEqual(changed, { id, revision: 2, changedAt: NOW, ...contents });

  const again = await open(folder);
  assert.equal(again.dashboards.kept, true);
  assert.deepEqual(again.dashboards.get(id), changed);
  const [summary, ...others] = again.dashboards.list();
  assert.deepEqual(summary, { id, name: 'Kitchen', description: '', widgets: 1, revision: 2, changedAt: NOW });
  assert.deepEqual([others, again.log, again.reports], [[], [], []]);
});

test('without a folder they are in memory, and say that they are not kept', async () => {
  const { dashboards } = await open(null);
  const { id } = await dashboards.create(documentOf('Kitchen'));
  assert.equal(dashboards.kept, false);
  assert.equal(dashboards.get(id)?.name, 'Kitchen');
  assert.equal(await dashboards.remove(id), true);
  assert.equal(dashboards.get(id), null);
});

test('nothing is put into the data folder before there is a dashboard, and then only its owner may read it', async (t) => {
  const folder = tempDir(t);
  const { dashboards } = await open(folder);
  assert.deepEqual(readdirSync(folder), []);
  const { id } = await dashboards.create(documentOf('Kitchen'));
  assert.equal(statSync(join(folder, 'dashboards')).mode & 0o777, 0o700);
  assert.equal(statSync(fileOf(folder, id)).mode & 0o777, 0o600);
});

test('a change that is based on an older revision is refused with what to do, and changes nothing', async () => {
  const { dashboards } = await open(null);
  const { id } = await dashboards.create(documentOf('Kitchen'));
  const contents = { name: 'Mine', description: '', widgets: [] };
  await dashboards.update(id, { revision: 1, ...contents });
  await assert.rejects(dashboards.update(id, { revision: 1, ...contents, name: 'Yours' }), {
    status: 409,
    code: 'REVISION_CONFLICT',
    message: /it is at revision 2, and this change is based on 1\. Load it again/,
  });
  assert.equal(dashboards.get(id)?.name, 'Mine');
});

test('of two changes of one revision at the same time one holds and the other hears of it', async (t) => {
  const { dashboards } = await open(tempDir(t));
  const { id } = await dashboards.create(documentOf('Kitchen'));
  const contents = { description: '', widgets: [] };
  const ends = await Promise.allSettled(
    ['Mine', 'Yours'].map((name) => dashboards.update(id, { revision: 1, name, ...contents })),
  );
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  assert.deepEqual([dashboards.get(id)?.name, dashboards.get(id)?.revision], ['Mine', 2]);
});

test('changing or removing one that is not there says so', async () => {
  const { dashboards } = await open(null);
  assert.equal(await dashboards.update('none', { revision: 1, name: 'x', description: '', widgets: [] }), null);
  assert.equal(await dashboards.remove('none'), false);
});

test('there are at most 200, and deleting one makes room', async () => {
  const { dashboards } = await open(null, { newId: counting() });
  for (let i = 0; i < 200; i++) await dashboards.create(documentOf(`${i}`));
  await assert.rejects(dashboards.create(documentOf('more')), { status: 409, code: 'TOO_MANY_DASHBOARDS' });
  await dashboards.remove('id7');
  assert.equal((await dashboards.create(documentOf('more'))).name, 'more');
});

test('one of more than a megabyte is refused, new or changed', async () => {
  const { dashboards } = await open(null);
  const widgets = Array.from({ length: 120 }, (_, i) => ({
    ...{ id: `${i}`, type: 'text' as const, title: '', x: 0, y: 0, w: 1, h: 1 },
    ...{ source: null, text: 'x'.repeat(9000) },
  }));
  const large = { name: 'large', description: '', widgets };
  const refusal = { status: 413, code: 'DASHBOARD_TOO_LARGE', message: /at most 1048576 are kept/ };
  await assert.rejects(dashboards.create({ cauldronDashboard: 1, ...large }), refusal);
  const { id } = await dashboards.create(documentOf('small'));
  await assert.rejects(dashboards.update(id, { revision: 1, ...large }), refusal);
  assert.equal(dashboards.get(id)?.name, 'small');
});

test("a program's own dashboards are made where there are none of their identifiers, and those of users stay", async (t) => {
  const folder = tempDir(t);
  const initial = [{ id: 'demo', name: 'Demo' }];
  const first = await open(folder, { initial });
  const contents = { name: 'My demo', description: '', widgets: [] };
  await first.dashboards.update('demo', { revision: 1, ...contents });
  const second = await open(folder, { initial: [...initial, { id: 'other', name: 'Other' }] });
  assert.deepEqual(
    second.dashboards.list().map(({ id, name }) => [id, name]),
    [
      ['demo', 'My demo'],
      ['other', 'Other'],
    ],
  );
});

test('initial dashboards that are wrong are refused in words', async () => {
  const initial = [{ id: '../evil', name: 'Demo' }];
  await assert.rejects(open(null, { initial }), { name: 'TypeError', message: /"\.\.\/evil" is no identifier/ });
  const nameless = [{ id: 'demo', name: '' }];
  await assert.rejects(open(null, { initial: nameless }), { name: 'TypeError', message: /"demo" is none/ });
});

test('an exported document put into the folder by hand is a dashboard at the next start', async (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'dashboards'));
  writeFileSync(fileOf(folder, 'mine'), '{"cauldronDashboard":1,"name":"Mine"}');
  const { dashboards } = await open(folder);
  assert.deepEqual(dashboards.get('mine'), {
    ...{ id: 'mine', revision: 1, changedAt: 0 },
    ...{ name: 'Mine', description: '', widgets: [] },
  });
});

const unusable: readonly [what: string, file: string, text: string, why: RegExp][] = [
  ['cut off', 'a.json', '{"name":', /a\.json \(.*JSON/],
  ['of a later version', 'a.json', '{"cauldronDashboard":2,"name":"x"}', /a\.json \(.*cauldronDashboard/],
  ['with a key nobody knows', 'a.json', '{"name":"x","wigets":[]}', /a\.json \(.*wigets/],
  ['larger than a megabyte', 'a.json', `{"name":"${'x'.repeat(1_100_000)}"}`, /a\.json \(it has more than 1048576/],
  ['with a name that is no identifier', 'A b.json', '{"name":"x"}', /A b\.json \(its name may have small letters/],
];

for (const [what, file, text, why] of unusable) {
  test(`a file ${what} is told and left as it is, and the others are used`, async (t) => {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'dashboards'));
    writeFileSync(join(folder, 'dashboards', file), text);
    writeFileSync(fileOf(folder, 'good'), '{"name":"Good"}');
    const { dashboards, log, reports } = await open(folder, { initial: [{ id: 'a', name: 'A' }] });
    assert.ok(dashboards.get('good'));
    assert.equal(log.length, 1);
    assert.match(reports[0]!, why);
    assert.match(reports[0]!, /were left as they are: .*; mend or remove the files/);
    assert.equal(readFileSync(join(folder, 'dashboards', file), 'utf8'), text);
    assert.equal(
      dashboards.get('a') === null,
      file === 'a.json',
      'nothing is put in the place of a file that is there',
    );
  });
}

test('a folder that cannot be read is told, and nobody is kept from starting', async (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'dashboards'), 'a file');
  const { dashboards, reports } = await open(folder, { initial: [{ id: 'demo', name: 'Demo' }] });
  assert.match(reports[0]!, /^dashboards cannot be read from .*ENOTDIR/);
  assert.equal(dashboards.get('demo')?.name, 'Demo');
  await assert.rejects(dashboards.create(documentOf('more')), { code: 'STORE_FAILED' });
});

/** Opens on a disk in memory, under `/data`. */
const onDisk = (disk: FileOperations, options: Partial<DashboardsOptions> = {}) =>
  open('/data', { files: disk, newId: counting(), ...options });

const stew = { name: 'Kitchen', description: 'stew', widgets: [] };

/** Whether a change was promised that the power was cut in. */
const isPromised = (change: Promise<unknown>): Promise<boolean> =>
  change.then(
    () => true,
    () => false,
  );

for (const lucky of [false, true]) {
  const what = lucky ? 'and the disk had written everything' : 'and the disk had written only what it had to';

  test(`whenever the power is cut during a change ${what}, the old one or the new one is there, and the new one once it was promised`, async () => {
    for (let step = 0; ; step++) {
      const disk = new MemoryDisk();
      const { dashboards } = await onDisk(disk);
      await dashboards.create(documentOf('Kitchen'));
      disk.cutAfter(step);
      const promised = await isPromised(dashboards.update('id1', { revision: 1, ...stew }));
      disk.powerOn(lucky);
      const again = await onDisk(disk);
      const { revision, description } = again.dashboards.get('id1')!;
      const isNew = promised || (lucky && revision === 2);
      assert.deepEqual([revision, description], isNew ? [2, 'stew'] : [1, ''], `cut after ${step} operations`);
      assert.deepEqual(again.reports, []);
      assert.deepEqual(disk.names(), ['/data/dashboards/id1.json'], 'nothing unfinished is left');
      if (promised) {
        assert.equal(step, 3, 'write, rename and the sync of the folder come before the promise');
        return;
      }
    }
  });

  test(`whenever the power is cut while one is created ${what}, there is all of it or nothing`, async () => {
    for (let step = 0; ; step++) {
      const disk = new MemoryDisk();
      const { dashboards } = await onDisk(disk);
      disk.cutAfter(step);
      const promised = await isPromised(dashboards.create(documentOf('Kitchen', 'soup')));
      disk.powerOn(lucky);
      const again = await onDisk(disk);
      assert.deepEqual(again.reports, []);
      const there = again.dashboards.list().map(({ widgets }) => widgets);
      assert.deepEqual(there, promised || (lucky && there.length > 0) ? [1] : [], `cut after ${step} operations`);
      if (promised) return;
    }
  });
}

test('while the disk fails nothing changes and everybody hears of it; then it goes on', async () => {
  for (const operation of ['write', 'rename', 'syncFolder'] as const) {
    const disk = new MemoryDisk();
    const { dashboards, log, reports } = await onDisk(disk);
    await dashboards.create(documentOf('Kitchen'));
    disk.failing = { operation, code: 'ENOSPC' };
    const refusal = { status: 507, code: 'STORE_FAILED', message: /ENOSPC.*Make room on the disk, then try again/ };
    await assert.rejects(dashboards.update('id1', { revision: 1, ...stew }), refusal);
    await assert.rejects(dashboards.create(documentOf('Cellar')), refusal);
    assert.deepEqual([dashboards.list().length, dashboards.get('id1')?.revision], [1, 1]);
    assert.match(reports.at(-1)!, /^Dashboards cannot be kept in/);
    disk.failing = null;
    assert.equal((await dashboards.update('id1', { revision: 1, ...stew }))?.revision, 2);
    assert.equal(reports.at(-1), null);
    assert.match(log.at(-1)!, /can be kept again/);
    const again = await onDisk(disk);
    assert.deepEqual(
      again.dashboards.list().map(({ id, revision }) => [id, revision]),
      [['id1', 2]],
      `no half-made dashboard is left where ${operation} failed`,
    );
  }
});

test('one that could not be removed stays, and removing it again works', async () => {
  const disk = new MemoryDisk();
  const { dashboards } = await onDisk(disk);
  await dashboards.create(documentOf('Kitchen'));
  disk.failing = { operation: 'syncFolder', code: 'EIO' };
  await assert.rejects(dashboards.remove('id1'), { status: 500, code: 'STORE_FAILED' });
  assert.ok(dashboards.get('id1'));
  disk.failing = null;
  assert.equal(await dashboards.remove('id1'), true);
  assert.deepEqual((await onDisk(disk)).dashboards.list(), []);
});

test("a program's own dashboard is there where the disk cannot keep it", async () => {
  const disk = new MemoryDisk();
  disk.failing = { operation: 'write', code: 'EROFS' };
  const { dashboards, reports } = await onDisk(disk, { initial: [{ id: 'demo', name: 'Demo' }] });
  assert.equal(dashboards.get('demo')?.name, 'Demo');
  assert.match(reports[0]!, /EROFS/);
});

test('closing waits for what is being written', async (t) => {
  const folder = tempDir(t);
  const { dashboards } = await open(folder, { newId: counting() });
  let isDone = false;
  void dashboards.create(documentOf('Kitchen')).then(() => {
    isDone = true;
  });
  await dashboards.close();
  assert.equal(isDone, true);
});
