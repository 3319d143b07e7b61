// `cauldron broker` as its users run it: a process, its output, its exit code.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { CAULDRON, CommandLine, cauldron, linesOf, mosquitto } from '../support/command-line.ts';
import { type StartedProcess, startProcess } from '../support/process.ts';
import { RawClient } from '../support/raw-client.ts';
import { tempDir, tempTree } from '../support/temp-dir.ts';

interface Running {
  readonly process: StartedProcess;
  readonly port: number;
}

/** Starts `cauldron broker` away from any configuration file and waits until it listens. */
const start = (t: TestContext, args: readonly string[], files: Record<string, string> = {}): Promise<Running> =>
  startIn(t, tempTree(t, files), args);

async function startIn(t: TestContext, cwd: string, args: readonly string[]): Promise<Running> {
  const started = startProcess(t, process.execPath, [CAULDRON, 'broker', ...args], { cwd });
  const [, port] = await started.waitForLine(/^Cauldron listens on .*?:(\d+)(?= |$)/);
  return { process: started, port: Number(port) };
}

test('`npm start` runs `cauldron broker` on the Node the repository brings', () => {
  const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8'));
  assert.equal(scripts.start, 'node scripts/require-node.js && cauldron broker');
});

test('a started broker says where it listens, who may come in, what it keeps and how to try it; the hint works', async (t) => {
  const { process: broker, port } = await start(t, ['-h', '127.0.0.1', '-p', '0', '--memory']);
  await broker.waitForLine(/stop it/);
  assert.match(broker.stdout, /open to +programs on this machine only; no password is asked for/);
  assert.match(broker.stdout, /kept +in memory/);
  const hint = (command: string): string[] =>
    new RegExp(`npx cauldron ${command} (.*)`).exec(broker.stdout)![1]!.replaceAll("'", '').split(' ');
  const subscriber = startProcess(t, process.execPath, [CAULDRON, 'sub', ...hint('sub'), '-C', '1', '-d']);
  await subscriber.waitForLine(/SUBACK/);
  const publisher = startProcess(t, process.execPath, [CAULDRON, 'pub', ...hint('pub')]);
  assert.equal((await publisher.waitForExit()).code, 0);
  assert.deepEqual(await linesOf(subscriber), ['hello/world hi']);
  assert.ok(hint('pub').includes(String(port)));
});

test('a broker that other machines could reach without saying who they are does not start, and tells three ways out', async (t) => {
  const args = [CAULDRON, 'broker', '--host', '0.0.0.0', '-p', '0', '--memory'];
  const broker = startProcess(t, process.execPath, args, { cwd: tempDir(t) });
  assert.deepEqual(await broker.waitForExit(), { code: 2, signal: null });
  assert.equal(broker.stdout, '');
  assert.match(
    broker.stderr,
    /^--host and -p\/--port: listeners\[0\]: mqtt:\/\/0\.0\.0\.0:0 can be reached from other machines/,
  );
  assert.match(broker.stderr, /--host 127\.0\.0\.1 .*--password-file passwords .*--allow-anonymous\n$/);
});

test('SIGTERM and SIGINT tell 5.0 clients 0x8B, publish no will, and end with 0 within three seconds', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { process: broker, port } = await start(t, ['-h', '127.0.0.1', '-p', '0']);
    const client = await RawClient.connected(t, port, { clientId: 'watcher' });
    await client.subscribe('wills');
    const will = { topic: 'wills', payload: new Uint8Array(1), qos: 0, retain: false } as const;
    await RawClient.connected(t, port, { clientId: 'other', will });
    const old = await RawClient.connected(t, port, { clientId: 'old', version: 4 });
    broker.kill(signal);
    assert.equal((await client.take(PacketType.disconnect)).reasonCode, ReasonCode.serverShuttingDown);
    assert.deepEqual(await broker.waitForExit(3000), { code: 0, signal: null });
    await Promise.all([client.closed(), old.closed()]);
    assert.deepEqual([client.received, old.received], [[], []]);
  }
});

test('SIGTERM ends the broker with 0 within three seconds though a client reads nothing', async (t) => {
  const { process: broker, port } = await start(t, ['-h', '127.0.0.1', '-p', '0']);
  const stuck = await RawClient.connected(t, port, { clientId: 'stuck' });
  await stuck.subscribe('flood');
  stuck.socket.pause();
  const publisher = await RawClient.connected(t, port, { clientId: 'publisher' });
  const payload = new Uint8Array(1_000_000);
  const packet = { type: PacketType.publish, topic: 'flood', payload, retain: false, dup: false } as const;
  for (let i = 0; i < 12; i++) publisher.send({ ...packet, qos: 0, packetId: 0 });
  publisher.send({ ...packet, qos: 1, packetId: 1 });
  await publisher.take(PacketType.puback);
  broker.kill('SIGTERM');
  assert.deepEqual(await broker.waitForExit(3500), { code: 0, signal: null });
});

test('-c reads the file: its listeners and limits hold', async (t) => {
  const config = '[[listeners]]\nname = "small"\nhost = "127.0.0.1"\nport = 0\nmaxPacketSize = "1 KiB"\n';
  const { process: broker, port } = await start(t, ['-c', 'my.toml'], { 'my.toml': config });
  await broker.waitForLine(/configured +.*my\.toml/);
  const client = await RawClient.open(t, port);
  client.send({ type: PacketType.connect, protocolVersion: 5, clientId: 'a', cleanStart: true, keepAlive: 0 });
  assert.equal((await client.take(PacketType.connack)).properties?.maximumPacketSize, 1024);
});

test('a wrong configuration file ends the start with 2 and names the line and the likely spelling', async (t) => {
  const cwd = tempTree(t, { 'my.toml': '[limits]\nmaxPacktSize = 1024\n' });
  const broker = startProcess(t, process.execPath, [CAULDRON, 'broker', '-c', 'my.toml'], { cwd });
  assert.equal((await broker.waitForExit()).code, 2);
  assert.match(broker.stderr, /my\.toml:2.*maxPacktSize.*maxPacketSize/s);
});

test('an address in use ends the start with 1 and one line that says what to do', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => void taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const args = [CAULDRON, 'broker', '-h', '127.0.0.1', '-p', String(port)];
  const broker = startProcess(t, process.execPath, args, { cwd: tempDir(t) });
  assert.equal((await broker.waitForExit()).code, 1);
  assert.match(broker.stderr, new RegExp(`^cauldron broker: port ${port} on 127.0.0.1 is already in use.*-p \\d+\n$`));
});

test('two brokers side by side know nothing of each other', async (t) => {
  const [one, two] = await Promise.all([
    start(t, ['-h', '127.0.0.1', '-p', '0', '--memory']),
    start(t, ['-h', '127.0.0.1', '-p', '0', '--memory']),
  ]);
  assert.notEqual(one.port, two.port);
  await new CommandLine(t, mosquitto, one.port).pub('-t', 'a', '-m', 'one', '-r');
  await new CommandLine(t, mosquitto, two.port).pub('-t', 'a', '-m', 'two', '-r');
  assert.deepEqual(await linesOf(new CommandLine(t, cauldron, one.port).sub('-t', 'a', '-C', '1')), ['one']);
  assert.deepEqual(await linesOf(new CommandLine(t, cauldron, two.port).sub('-t', 'a', '-C', '1')), ['two']);
});

const onAnyPort = ['-h', '127.0.0.1', '-p', '0'] as const;

test('a broker keeps its data in a folder below the working directory, and names it', async (t) => {
  const cwd = tempDir(t);
  const { process: broker } = await startIn(t, cwd, onAnyPort);
  const [, folder, promise] = await broker.waitForLine(/^ {2}kept +in (\S+) \((.*)\)$/);
  assert.deepEqual([folder, promise], [join(cwd, 'cauldron-data'), 'durable: acknowledged means on disk']);
  assert.ok(existsSync(join(folder!, 'cauldron.db')));
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`what was acknowledged is there after ${signal}: a session with its messages in order, and retained ones`, async (t) => {
    const cwd = tempDir(t);
    const first = await startIn(t, cwd, onAnyPort);
    const before = new CommandLine(t, mosquitto, first.port);
    assert.equal((await before.sub('-i', 'kitchen', '-c', '-q', '2', '-t', 'orders/#', '-E').waitForExit()).code, 0);
    for (const order of ['soup', 'bread', 'cake']) await before.pub('-q', '1', '-t', 'orders/1', '-m', order);
    await before.pub('-q', '2', '-t', 'orders/2', '-m', 'tea');
    await before.pub('-q', '1', '-r', '-t', 'menu', '-m', 'today');
    first.process.kill(signal);
    await first.process.waitForExit();

    const second = await startIn(t, cwd, onAnyPort);
    const after = new CommandLine(t, mosquitto, second.port);
    const returned = after.sub('-i', 'kitchen', '-c', '-q', '2', '-t', 'orders/#', '-C', '4');
    assert.deepEqual(await linesOf(returned), ['soup', 'bread', 'cake', 'tea']);
    assert.deepEqual(await linesOf(after.sub('-t', 'menu', '-C', '1')), ['today']);
  });
}

test('--memory writes nothing', async (t) => {
  const cwd = tempDir(t);
  const { process: broker, port } = await startIn(t, cwd, [...onAnyPort, '--memory']);
  await new CommandLine(t, mosquitto, port).pub('-q', '1', '-r', '-t', 'a', '-m', 'kept in memory');
  broker.kill();
  assert.equal((await broker.waitForExit()).code, 0);
  assert.deepEqual(readdirSync(cwd), []);
});

/** A start that is refused: with exit code 1, and one line on standard error. */
async function refusal(t: TestContext, cwd: string, args: readonly string[]): Promise<string> {
  const broker = startProcess(t, process.execPath, [CAULDRON, 'broker', ...onAnyPort, ...args], { cwd });
  assert.equal((await broker.waitForExit()).code, 1, broker.stderr);
  assert.equal(broker.stdout, '');
  assert.match(broker.stderr, /^cauldron broker: [^\n]+\n$/);
  return broker.stderr;
}

test('a second broker on the same folder is refused with the first one named; it goes on, and its folder is free when it ends', async (t) => {
  const cwd = tempDir(t);
  const first = await startIn(t, cwd, onAnyPort);
  const told = await refusal(t, cwd, []);
  assert.ok(told.includes(String(first.process.pid)), told);
  assert.match(told, /cauldron-data.*--data/s);
  await new CommandLine(t, mosquitto, first.port).pub('-q', '1', '-r', '-t', 'a', '-m', 'still here');
  first.process.kill('SIGKILL');
  await first.process.waitForExit();
  const next = await startIn(t, cwd, onAnyPort);
  assert.deepEqual(await linesOf(new CommandLine(t, mosquitto, next.port).sub('-t', 'a', '-C', '1')), ['still here']);
});

test('a folder that cannot be one is refused with the reason', async (t) => {
  const cwd = tempTree(t, { 'a-file': 'here' });
  assert.match(await refusal(t, cwd, ['--data', 'a-file']), /a-file.*(not a folder|not a directory)/i);
  assert.match(await refusal(t, cwd, ['--data', '/proc/cauldron']), /\/proc\/cauldron/);
});

test('a damaged store is refused with what to do, and left as it is', async (t) => {
  const cwd = tempDir(t);
  const folder = join(cwd, 'cauldron-data');
  mkdirSync(folder);
  const database = join(folder, 'cauldron.db');
  writeFileSync(database, 'this was a database once'.repeat(1000));
  assert.match(await refusal(t, cwd, []), /cauldron\.db.*left as it is/);
  assert.equal(readFileSync(database, 'utf8'), 'this was a database once'.repeat(1000));
});
