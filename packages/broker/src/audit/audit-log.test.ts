import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AuditGroup, auditGroups } from './audit-events.ts';
import { MAX_WAITING } from './audit-file.ts';
import { AuditLog } from './audit-log.ts';

interface Line {
  readonly time: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

class Fixture {
  readonly file: string;
  readonly health: string[] = [];
  now = Date.UTC(2026, 0, 31, 12);

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), 'cauldron-audit-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    this.file = join(folder, 'audit.jsonl');
  }

  open(file = this.file, events = auditGroups as readonly AuditGroup[]): Promise<AuditLog> {
    return AuditLog.open({
      file,
      events,
      now: () => this.now,
      failing: (error) => this.health.push(error.message),
      recovered: () => this.health.push('recovered'),
    });
  }

  lines(file = this.file): Line[] {
    const text = readFileSync(file, 'utf8');
    assert.ok(text === '' || text.endsWith('\n'));
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Line);
  }
}

const who = { user: 'ali', client: 'lamp', address: '192.0.2.1:1000', listener: 'default' };

test('lines are JSON with time, event and the fields there are, in a file for its owner alone', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  audit.record('login', { ...who, provider: 'passwords', cached: undefined });
  audit.record('users', { provider: 'passwords', users: ['ali', 'baba'] });
  await audit.close();
  const time = '2026-01-31T12:00:00.000Z';
  assert.deepEqual(fixture.lines(), [
    { time, event: 'login', ...who, provider: 'passwords' },
    { time, event: 'users', provider: 'passwords', users: ['ali', 'baba'] },
  ]);
  assert.equal(statSync(fixture.file).mode & 0o777, 0o600);
});

test('names with control characters and quotes forge no lines and no fields', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  const evil = 'x"}\n{"time":"now","event":"login","user":"root"}\r\u2028\u0000\u001b[2J';
  audit.record('login', { ...who, user: evil, client: evil });
  await audit.close();
  const [line, ...more] = fixture.lines();
  assert.deepEqual([line!.user, line!.client, more.length], [evil, evil, 0]);
  assert.equal(readFileSync(fixture.file, 'utf8').split('\n').length, 2);
});

test('long texts and lists are cut', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  audit.record('denied', { ...who, topic: 'x'.repeat(65_535) });
  audit.record('users', { users: Array.from({ length: 5000 }, (_, index) => `${index}${'u'.repeat(1000)}`) });
  await audit.close();
  const [denied, users] = fixture.lines();
  assert.equal(denied!.topic, `${'x'.repeat(512)}... (65535 characters)`);
  assert.equal((users!.users as string[]).length, 100);
  assert.ok(readFileSync(fixture.file).length < 60_000);
});

test('the same refusal within ten seconds is written once, and then how often it came', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  const refusal = { ...who, kind: 'credentials', reason: 'wrong password', code: 0x86 };
  for (let port = 0; port < 500; port += 1) audit.record('refused', { ...refusal, address: `192.0.2.1:${port}` });
  audit.record('refused', { ...refusal, address: '192.0.2.2:1' });
  audit.record('refused', { ...refusal, user: 'baba' });
  fixture.now += 9999;
  audit.tick();
  fixture.now += 1;
  audit.tick();
  audit.record('refused', refusal);
  await audit.close();
  assert.deepEqual(
    fixture.lines().map(({ address, user, count }) => [address, user, count]),
    [
      ['192.0.2.1:0', 'ali', undefined],
      ['192.0.2.2:1', 'ali', undefined],
      ['192.0.2.1:1000', 'baba', undefined],
      ['192.0.2.1:0', 'ali', 499],
      ['192.0.2.1:0', 'ali', 1],
    ],
  );
});

test('only the kinds of events that were chosen are written', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open(fixture.file, ['refusal', 'administration']);
  audit.record('login', who);
  audit.record('denied', who);
  audit.record('refused', who);
  audit.record('stop', {});
  await audit.close();
  assert.deepEqual(
    fixture.lines().map(({ event }) => event),
    ['refused', 'stop'],
  );
});

test('logins are never folded', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  for (let index = 0; index < 5; index += 1) audit.record('login', who);
  await audit.close();
  assert.equal(fixture.lines().length, 5);
});

test('a flood of different refusals is told apart up to 1,000, the rest is counted', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  for (let index = 0; index < 5000; index += 1) audit.record('refused', { ...who, client: `${index}` });
  await audit.close();
  const lines = fixture.lines();
  assert.equal(lines.length, 1001);
  assert.deepEqual([lines[1000]!.event, lines[1000]!.count], ['folded', 4000]);
});

test('when too many lines wait for the disk, more are dropped, and a line says how many', {
  timeout: 20_000,
}, async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  // The first goes to the disk at once, so that as many again may wait; nothing of this waits for it.
  for (let index = 0; index < MAX_WAITING + 501; index += 1) audit.record('login', { ...who, client: `${index}` });
  const isSaid = () => readFileSync(fixture.file, 'utf8').endsWith('"event":"dropped","lines":500}\n');
  while (!isSaid()) await new Promise((resolve) => setTimeout(resolve, 5));
  await audit.close();
  const lines = fixture.lines();
  assert.equal(lines.length, MAX_WAITING + 2);
  assert.deepEqual([lines.at(-1)!.event, lines.at(-1)!.lines], ['dropped', 500]);
  assert.equal(lines.at(-2)!.client, `${MAX_WAITING}`);
});

test('a file that cannot be opened is an error that says which and why', async (t) => {
  const fixture = new Fixture(t);
  const missing = join(fixture.file, 'nowhere', 'audit.jsonl');
  appendFileSync(fixture.file, '');
  await assert.rejects(fixture.open(missing), {
    name: 'AuditFileError',
    code: 'ENOTDIR',
    message: /audit\.jsonl cannot be opened/,
  });
});

test('a file that is there keeps its mode and its lines, and half a line at its end is ended', async (t) => {
  const fixture = new Fixture(t);
  appendFileSync(fixture.file, '{"event":"old"}\n{"event":"hal');
  chmodSync(fixture.file, 0o640);
  const audit = await fixture.open();
  audit.record('stop', {});
  await audit.close();
  const lines = readFileSync(fixture.file, 'utf8').split('\n');
  assert.deepEqual(lines.slice(0, 2), ['{"event":"old"}', '{"event":"hal']);
  assert.equal((JSON.parse(lines[2]!) as Line).event, 'stop');
  assert.equal(statSync(fixture.file).mode & 0o777, 0o640);
});

test('after a reload lines go to a new file of the same name', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  audit.record('login', { ...who, client: 'before' });
  renameSync(fixture.file, `${fixture.file}.1`);
  audit.record('login', { ...who, client: 'between' });
  await audit.reopen();
  audit.record('login', { ...who, client: 'after' });
  await audit.close();
  assert.deepEqual(
    fixture.lines(`${fixture.file}.1`).map(({ client }) => client),
    ['before', 'between'],
  );
  assert.deepEqual(
    fixture.lines().map(({ client }) => client),
    ['after'],
  );
});

test('where it cannot be opened anew, it goes on in the old file', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  rmSync(fixture.file);
  mkdirSync(fixture.file);
  await assert.rejects(audit.reopen(), { code: 'EISDIR' });
  audit.record('stop', {});
  await audit.close();
  assert.deepEqual(fixture.health, []);
});

test('failing writes are told once, tried again where they stopped, and told when they work', async (t) => {
  const fixture = new Fixture(t);
  const audit = await fixture.open();
  // The prototype of all file handles: a disk that takes ten bytes of a write and is then full for two more attempts.
  const probe = await open(fixture.file, 'r');
  const prototype = Object.getPrototypeOf(probe) as {
    write: (...args: unknown[]) => Promise<{ bytesWritten: number }>;
  };
  await probe.close();
  const write = prototype.write;
  let attempts = 0;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  prototype.write = function (this: unknown, buffer, offset) {
    attempts += 1;
    if (attempts === 1) return write.call(this, buffer, offset, 10);
    if (attempts <= 3) return Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }));
    return write.call(this, buffer, offset);
  };
  t.after(() => {
    prototype.write = write;
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const until = async (holds: () => boolean) => {
    while (!holds()) await turn();
  };
  audit.record('login', { ...who, client: 'first' });
  await until(() => attempts === 2);
  await turn();
  audit.record('login', { ...who, client: 'second' });
  await until(() => attempts === 3);
  await turn();
  t.mock.timers.tick(1000);
  await until(() => fixture.health.includes('recovered'));
  await audit.close();
  assert.deepEqual(
    fixture.lines().map(({ client }) => client),
    ['first', 'second'],
  );
  assert.equal(fixture.health.length, 2);
  assert.match(fixture.health[0]!, /cannot be written: no space left; check/);
});
