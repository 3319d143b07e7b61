// `cauldron store` on the folder of a real broker, running or stopped.
import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import { CAULDRON, CommandLine, cauldron, linesOf } from '../support/command-line.ts';
import { type ExitStatus, type StartedProcess, startProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';

type Json = Record<string, unknown>;
type Finished = ExitStatus & Pick<StartedProcess, 'stdout' | 'stderr'>;

/** Runs `cauldron store`. */
async function store(t: TestContext, args: readonly string[], input?: string): Promise<Finished> {
  const options = input === undefined ? {} : { input };
  const started = startProcess(t, process.execPath, [CAULDRON, 'store', ...args], options);
  const status = await started.waitForExit(60_000);
  return { ...status, stdout: started.stdout, stderr: started.stderr };
}

/** The same, where it has to end with 0: what it printed. */
async function done(t: TestContext, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await store(t, args, input);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

async function exported(t: TestContext, folder: string): Promise<Json[]> {
  const text = await done(t, ['export', folder]);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);
}

interface Running {
  readonly port: number;
  stop(): Promise<void>;
  /** Kills it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
}

/** `cauldron broker` on a data folder. */
async function brokerOn(t: TestContext, folder: string): Promise<Running> {
  const args = [CAULDRON, 'broker', '-h', '127.0.0.1', '-p', '0', '--data', folder];
  const started = startProcess(t, process.execPath, args, { cwd: tempDir(t) });
  const [, port] = await started.waitForLine(/^Cauldron listens on .*?:(\d+)(?= |$)/, 30_000);
  const stop = async (): Promise<void> => {
    started.kill('SIGTERM');
    assert.equal((await started.waitForExit()).code, 0);
  };
  const kill = async (): Promise<void> => {
    started.kill('SIGKILL');
    assert.equal((await started.waitForExit()).signal, 'SIGKILL');
  };
  return { port: Number(port), stop, kill };
}

const worker = ['-i', 'worker', '-c', '-q', '2', '-t', 'jobs/#'];

/** Leaves in a broker two sessions whose clients are away, messages that wait for them, and retained ones. */
async function fill(t: TestContext, port: number): Promise<void> {
  const v5 = new CommandLine(t, cauldron, port, 'mqttv5');
  await linesOf(v5.sub(...worker, '-x', '3600', '-E'));
  await linesOf(v5.sub('-i', 'second', '-c', '-q', '1', '-t', 'jobs/+', '-x', '3600', '-E'));
  await v5.pub('-t', 'jobs/1', '-m', 'one', '-q', '1', '-D', 'publish', 'user-property', 'from', 'kitchen');
  await v5.pub('-t', 'jobs/2', '-m', 'zwölf', '-q', '2', '-r', '-D', 'publish', 'message-expiry-interval', '1000');
  await v5.pub('-t', 'jobs/3/deep', '-m', 'three', '-q', '2');
  await v5.pub('-t', 'state/soup', '-m', 'hot', '-q', '1', '-r');
}

const received = ['jobs/1 1 one', 'jobs/2 2 zwölf', 'jobs/3/deep 2 three'];

/** What the worker gets when it comes back. */
const fetched = (t: TestContext, port: number): Promise<string[]> =>
  linesOf(new CommandLine(t, cauldron, port, 'mqttv5').sub(...worker, '-x', '3600', '-C', '3', '-F', '%t %q %p'));

const ofType = (lines: Json[], type: string): Json[] => lines.filter((line) => line.type === type);

test('what a running broker keeps can be checked, counted and exported, and is the same when it has stopped', async (t) => {
  const folder = join(tempDir(t), 'data');
  const broker = await brokerOn(t, folder);
  await fill(t, broker.port);
  assert.equal(await done(t, ['check', folder]), `${folder}: the store is sound\n`);
  const stats = JSON.parse(await done(t, ['stats', folder, '--json'])) as Record<string, Json> & { retained: number };
  assert.deepEqual(stats.sessions, { total: 2, connected: 0, away: 2 });
  assert.deepEqual([stats.queued?.messages, stats.messages?.total, stats.retained], [5, 4, 2]);
  const running = await exported(t, folder);
  assert.deepEqual(
    ofType(running, 'message').map(({ payload }) => payload),
    ['one', 'zwölf', 'three'],
  );
  assert.deepEqual(ofType(running, 'message')[0]!.properties, { userProperties: [['from', 'kitchen']] });
  assert.equal(ofType(running, 'queued').length, 5);
  assert.deepEqual(
    ofType(running, 'retained').map(({ message, payload }) => [message, payload]),
    [
      [2, undefined],
      [undefined, 'hot'],
    ],
  );
  await broker.stop();
  assert.deepEqual(await exported(t, folder), running);
  assert.equal((await store(t, ['check', folder])).code, 0);
});

test('a broker on an import of an export delivers what the first one kept', async (t) => {
  const [folder, copy] = [join(tempDir(t), 'data'), join(tempDir(t), 'copy')];
  const broker = await brokerOn(t, folder);
  await fill(t, broker.port);
  await done(t, ['import', copy], await done(t, ['export', folder]));
  assert.deepEqual(await exported(t, copy), await exported(t, folder));
  const second = await brokerOn(t, copy);
  assert.deepEqual(await fetched(t, second.port), received);
  const reader = new CommandLine(t, cauldron, second.port).sub('-t', 'state/#', '-C', '1', '-F', '%r %t %p');
  assert.deepEqual(await linesOf(reader), ['1 state/soup hot']);
  await second.stop();
  assert.deepEqual((await store(t, ['check', copy])).stdout, `${copy}: the store is sound\n`);
});

test('a broker begins with the retained messages, sessions and queues of lines written by hand', async (t) => {
  const folder = join(tempDir(t), 'data');
  const lines = [
    '{"type":"retained","topic":"a/b","payload":"21.5","qos":1}',
    '{"type":"session","clientId":"worker"}',
    '{"type":"subscription","clientId":"worker","filter":"jobs/#","qos":2}',
    '{"type":"message","id":70,"topic":"jobs/1","payload":"one","qos":1}',
    '{"type":"message","id":5,"topic":"jobs/2","payloadBase64":"enfDtmxm","qos":2}',
    '{"type":"message","id":6,"topic":"jobs/3/deep","payload":"three","qos":2}',
    '{"type":"inflight","clientId":"worker","sent":[{"packetId":9,"message":70}],"received":[3]}',
    '{"type":"queued","clientId":"worker","message":5}',
    '{"type":"queued","clientId":"worker","message":6}',
  ];
  await done(t, ['import', folder], lines.join('\n'));
  const broker = await brokerOn(t, folder);
  assert.deepEqual(await fetched(t, broker.port), received);
  const reader = new CommandLine(t, cauldron, broker.port).sub('-t', 'a/#', '-C', '1', '-F', '%r %q %t %p', '-q', '2');
  assert.deepEqual(await linesOf(reader), ['1 1 a/b 21.5']);
  await broker.stop();
  const left = await exported(t, folder);
  assert.deepEqual(ofType(left, 'message'), []);
});

test('a broker on a backup has everything that was acknowledged before the backup began, and nothing torn', async (t) => {
  const [folder, copy] = [join(tempDir(t), 'data'), join(tempDir(t), 'backup')];
  const { port } = await brokerOn(t, folder);
  await linesOf(new CommandLine(t, cauldron, port).sub(...worker, '-E'));
  const publisher = await connectAsync(`mqtt://127.0.0.1:${port}`);
  t.after(() => publisher.endAsync(true));
  let acknowledged = 0;
  let writing = true;
  const load = (async () => {
    for (let next = 1; writing; next += 50) {
      const batch = Array.from({ length: 50 }, (_, i) => publisher.publishAsync('jobs/x', `${next + i}`, { qos: 1 }));
      await Promise.all(batch);
      acknowledged = next + 49;
    }
  })();
  while (acknowledged < 2000) await new Promise((resolve) => setTimeout(resolve, 5));
  const before = acknowledged;
  await done(t, ['backup', folder, '--to', copy]);
  const after = acknowledged;
  writing = false;
  await load;
  assert.ok(after > before, 'the broker went on while the backup was made');
  assert.equal((await store(t, ['check', copy])).code, 0);
  const { queued } = JSON.parse(await done(t, ['stats', copy, '--json'])) as { queued: { messages: number } };
  assert.ok(queued.messages >= before, `${queued.messages} of ${before}`);
  const second = await brokerOn(t, copy);
  const drained = new CommandLine(t, cauldron, second.port).sub(...worker, '-C', `${queued.messages}`);
  const expected = Array.from({ length: queued.messages }, (_, i) => `${i + 1}`);
  assert.equal((await drained.waitForExit(30_000)).code, 0);
  assert.deepEqual(drained.stdout.trimEnd().split('\n'), expected);
});

test('the folder of a running broker is neither compacted nor imported into, and the broker is named', async (t) => {
  const folder = join(tempDir(t), 'data');
  const broker = await brokerOn(t, folder);
  const compacted = await store(t, ['compact', folder]);
  assert.equal(compacted.code, 1);
  assert.match(
    compacted.stderr,
    /^cauldron store compact: the data folder .* is in use by process \d+ .*: stop that one/,
  );
  assert.match((await store(t, ['import', folder], '')).stderr, /holds a store already/);
  await broker.stop();
  assert.match(await done(t, ['compact', folder]), / before, .* now\n$/);
  await (await brokerOn(t, folder)).stop();
});

test('an export whose reader goes away ends quietly', async (t) => {
  const folder = join(tempDir(t), 'data');
  const lines = Array.from({ length: 20_000 }, (_, i) => `{"type":"retained","topic":"t/${i}","payload":"${i}"}`);
  await done(t, ['import', folder], lines.join('\n'));
  const command = `"${process.execPath}" "${CAULDRON}" store export "${folder}" | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const shell = startProcess(t, 'bash', ['-c', command]);
  assert.equal((await shell.waitForExit(30_000)).code, 0);
  assert.deepEqual([shell.stdout.split('\n').slice(1), shell.stderr], [['0', ''], '']);
});

test('export -o replaces its file only when everything is in it', async (t) => {
  const [folder, file] = [join(tempDir(t), 'data'), join(tempDir(t), 'store.jsonl')];
  await done(t, ['import', folder], '{"type":"retained","topic":"a","payload":"1"}');
  writeFileSync(file, 'before');
  assert.match(await done(t, ['export', folder, '-o', file]), /: 0 sessions, .* 1 retained message\n$/);
  assert.equal(
    await done(t, ['import', join(tempDir(t), 'second'), file]).then((text) => /1 retained message/.test(text)),
    true,
  );
});

test('the folder of a killed broker is sound, and can be read, copied and compacted with what is in its log', async (t) => {
  const [folder, copy] = [join(tempDir(t), 'data'), join(tempDir(t), 'copy')];
  const broker = await brokerOn(t, folder);
  await fill(t, broker.port);
  const running = await exported(t, folder);
  await broker.kill();
  assert.ok(statSync(join(folder, 'cauldron.db-wal')).size > 0);
  assert.equal(await done(t, ['check', folder]), `${folder}: the store is sound\n`);
  assert.deepEqual(await exported(t, folder), running);
  await done(t, ['backup', folder, '--to', copy]);
  await done(t, ['compact', folder]);
  assert.deepEqual(await exported(t, folder), running);
  assert.deepEqual(await fetched(t, (await brokerOn(t, copy)).port), received);
});

test('a backup, import or export that finds no room says so, ends with 1 and leaves nothing half done', async (t) => {
  const root = tempDir(t);
  const [folder, lines] = [join(root, 'data'), join(root, 'lines.jsonl')];
  const payload = 'x'.repeat(2000);
  const retained = Array.from({ length: 1500 }, (_, i) =>
    JSON.stringify({ type: 'retained', topic: `t/${i}`, payload }),
  );
  writeFileSync(lines, retained.join('\n'));
  await done(t, ['import', folder, lines]);
  const [copy, second, file] = ['copy', 'second', 'file.jsonl'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const args of [
    ['backup', folder, '--to', copy],
    ['import', second, lines],
    ['export', folder, '-o', file],
  ]) {
    // No file may grow beyond 1000 KiB: the nearest thing to a full disk that needs no rights.
    const command = `trap '' XFSZ; ulimit -f 1000; exec "$@"`;
    const limited = startProcess(t, 'bash', ['-c', command, 'bash', process.execPath, CAULDRON, 'store', ...args]);
    assert.equal((await limited.waitForExit(30_000)).code, 1);
    assert.match(limited.stderr, /^cauldron store \w+: cannot .*(there is no room left: free some|too large)/);
  }
  for (const target of [copy, second]) {
    assert.deepEqual(
      readdirSync(target).filter((name) => !name.startsWith('lock')),
      [],
    );
  }
  assert.deepEqual(readdirSync(root).sort(), ['copy', 'data', 'lines.jsonl', 'second']);
  await done(t, ['import', second, lines]);
});

test('import and export take no memory for what passes through them: 60 MB with a heap of 40', async (t) => {
  const root = tempDir(t);
  const [folder, lines, again] = [join(root, 'data'), join(root, 'lines.jsonl'), join(root, 'again.jsonl')];
  const payload = 'x'.repeat(1000);
  const header = { cauldron: 'store-export', version: 1 };
  const messages = function* (): Generator<Json> {
    yield header;
    yield { type: 'session', clientId: 'c' };
    for (let id = 1; id <= 60_000; id++) yield { type: 'message', id, topic: 't', payload, qos: 1, publishedAt: id };
    for (let message = 1; message <= 60_000; message++) yield { type: 'queued', clientId: 'c', message };
    yield { type: 'end', lines: 120_001 };
  };
  const file = openSync(lines, 'w');
  for (const line of messages()) writeSync(file, `${JSON.stringify(line)}\n`);
  closeSync(file);
  for (const args of [
    ['import', folder, lines],
    ['export', folder, '-o', again],
  ]) {
    const small = startProcess(t, process.execPath, ['--max-old-space-size=40', CAULDRON, 'store', ...args]);
    assert.deepEqual([(await small.waitForExit(60_000)).code, small.stderr], [0, '']);
  }
  assert.equal(readFileSync(again, 'utf8').split('\n').length, 120_004);
});
