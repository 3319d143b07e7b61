// How pub and sub reach a broker, and what they do when they lose it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type Packet, PacketType } from '@cauldron/protocol';
import { FakeBroker, type Reaction } from '@cauldron/testkit/fake-broker';
import { nextEvent, startBroker, until } from '../../../test/support/broker.ts';
import { makeServerCertificate } from '../../../test/support/server-certificate.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { start } from './testing/program.ts';

async function fakeBroker(t: TestContext, reaction?: Reaction): Promise<FakeBroker> {
  const fake = await FakeBroker.listen(reaction);
  t.after(() => fake.close());
  return fake;
}

const at = (fake: FakeBroker): string[] => ['-h', '127.0.0.1', '-p', String(fake.port)];

/** What `cauldron sub` prints of a retained message that `cauldron pub` published, both with the same flags. */
async function thereAndBack(flags: readonly string[]): Promise<string> {
  const pub = start(['pub', ...flags, '-t', 'kitchen/soup', '-m', 'ready', '-r', '-q', '1']);
  assert.equal(await pub.code, 0, pub.err());
  const sub = start(['sub', ...flags, '-t', 'kitchen/#', '-v', '-C', '1', '-W', '10']);
  assert.equal(await sub.code, 0, sub.err());
  return sub.out();
}

test('-L ws:// reaches a broker over WebSocket, at /mqtt unless the URL has a path', async (t) => {
  const listeners = [
    { port: 0, webSocket: {} },
    { port: 0, webSocket: { path: '/other' } },
  ];
  const { broker } = await startBroker(t, { listeners });
  const [usual, other] = broker.addresses.map(({ port }) => port);
  assert.equal(await thereAndBack(['-L', `ws://127.0.0.1:${usual}`]), 'kitchen/soup ready\n');
  assert.equal(await thereAndBack(['-L', `ws://127.0.0.1:${other}/other`]), 'kitchen/soup ready\n');
  assert.equal(await thereAndBack(['-L', 'ws://127.0.0.1/other', '-p', `${other}`, '-V', '5']), 'kitchen/soup ready\n');
  const wrong = start(['pub', '-L', `ws://127.0.0.1:${other}/wrong`, '-t', 'a', '-m', 'x']);
  assert.equal(await wrong.code, 4);
  assert.match(wrong.err(), /^cauldron pub: cannot reach ws:.*HTTP 404.*\n$/);
});

test('-L wss:// encrypts, with the TLS flags', async (t) => {
  const { ca, cert, key } = makeServerCertificate(tempDir(t));
  const { port } = await startBroker(t, { listeners: [{ port: 0, webSocket: {}, tls: { cert, key } }] });
  assert.equal(await thereAndBack(['-L', `wss://127.0.0.1:${port}`, '--cafile', ca]), 'kitchen/soup ready\n');
  const distrustful = start(['pub', '-L', `wss://127.0.0.1:${port}`, '-t', 'a', '-m', 'x']);
  assert.equal(await distrustful.code, 4);
  assert.match(distrustful.err(), /certificate/);
});

test('--unix and -L unix:// reach a broker through a socket whose path has any characters', async (t) => {
  const path = join(tempDir(t), 'a b%41#?.sock');
  await startBroker(t, { listeners: [{ path }] });
  assert.equal(await thereAndBack(['--unix', path]), 'kitchen/soup ready\n');
  const url = path.split('/').map(encodeURIComponent).join('/');
  assert.equal(await thereAndBack(['-L', `unix://${url}`]), 'kitchen/soup ready\n');
  assert.equal(await thereAndBack(['-L', `mqtt+unix://${url}`]), 'kitchen/soup ready\n');
});

test('--header sends HTTP headers with the request for a WebSocket', async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer().on('upgrade', (request, socket) => {
    seen.push(request.headers);
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nConnection: close\r\n\r\nkeep out\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const headers = ['--header', 'X-Token: a:b', '--header', 'X-Room:kitchen'];
  const program = start(['pub', '-L', url, '-t', 'a', '-m', 'x', ...headers]);
  assert.equal(await program.code, 4);
  assert.match(program.err(), /HTTP 403.*keep out/);
  assert.deepEqual([seen[0]?.['x-token'], seen[0]?.['x-room']], ['a:b', 'kitchen']);
});

const usage: readonly [args: string[], text: RegExp][] = [
  [['--header', 'a:b'], /--header is for WebSockets; add -L ws:/],
  [['-L', 'ws://x', '--header', 'no colon'], /--header must look like NAME:VALUE, not "no colon"/],
  [['-L', 'ws://x', '--header', 'a:b\r\nc:d'], /--header must look like NAME:VALUE/],
  [['-L', 'unix://tmp/x'], /-L must look like .*unix:\/\/\/PATH, not "unix:\/\/tmp\/x"/],
  [['-L', 'mqtt://a b'], /-L must look like mqtt:/],
  [['-L', 'mqtt://a%:b@c'], /-L: the user name must be percent-encoded/],
  [['-h', 'a b'], /-h must be a host name or an IP address, not "a b"/],
  [['-h', 'mqtt://a'], /-h must be a host name or an IP address/],
];
for (const [args, expected] of usage) {
  test(`wrong usage is told in one line with exit code 2: cauldron pub ${JSON.stringify(args)}`, async () => {
    const program = start(['pub', '-t', 'a', '-m', 'x', ...args]);
    assert.equal(await program.code, 2);
    assert.match(program.err(), expected);
  });
}

/** Cuts the first connection at its SUBSCRIBE, and sends a message on every later one. */
function cuttingOnce(): Reaction {
  let subscribes = 0;
  return (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    subscribes += 1;
    if (subscribes === 1) {
      link.cut();
      return true;
    }
    link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [0] });
    link.send(message('a', 'back'));
    return true;
  };
}

const message = (topic: string, payload: string): Packet => ({
  type: PacketType.publish,
  topic,
  payload: new TextEncoder().encode(payload),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
});

test('sub connects and subscribes again when the connection is lost, and says so in one line each', async (t) => {
  const fake = await fakeBroker(t, cuttingOnce());
  const program = start(['sub', ...at(fake), '-t', 'a', '-C', '1']);
  assert.equal(await program.code, 0);
  assert.equal(program.out(), 'back\n');
  assert.match(
    program.err(),
    /^cauldron sub: the connection to .* was lost: .*connect again\ncauldron sub: connected again\n$/,
  );
});

test('sub --quiet connects again without a word', async (t) => {
  const fake = await fakeBroker(t, cuttingOnce());
  const program = start(['sub', ...at(fake), '-t', 'a', '-C', '1', '--quiet']);
  assert.equal(await program.code, 0);
  assert.equal(program.out(), 'back\n');
  assert.equal(program.err(), '');
});

test('sub tells when the broker refuses to take it back, and ends at Ctrl-C while it waits', async (t) => {
  let connects = 0;
  const fake = await fakeBroker(t, (packet, link) => {
    if (packet.type === PacketType.subscribe) {
      link.cut();
      return true;
    }
    if (packet.type !== PacketType.connect) return undefined;
    connects += 1;
    if (connects === 1) return undefined;
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 5 });
    return true;
  });
  const program = start(['sub', ...at(fake), '-t', 'a']);
  await until('the refusal to be told', () => program.err().split('\n').length === 3);
  assert.match(program.err(), /was lost.*\ncauldron sub: the broker at .* refused the connection: Not authorized/);
  program.signal('SIGINT');
  assert.equal(await program.code, 0);
});

test('sub ends when its session is taken over, instead of taking it back', async (t) => {
  const { broker, port } = await startBroker(t);
  const flags = ['-h', '127.0.0.1', '-p', String(port), '-t', 'a', '-i', 'twin', '-V', '5'];
  const subscribed = nextEvent(broker, 'subscribe');
  const first = start(['sub', ...flags]);
  await subscribed;
  const second = start(['sub', ...flags]);
  assert.equal(await first.code, 6);
  assert.match(first.err(), /Session taken over.*give each its own/);
  second.signal('SIGINT');
  assert.equal(await second.code, 0);
});

const refusingCellar: Reaction = (packet, link) => {
  if (packet.type !== PacketType.subscribe) return undefined;
  const reasonCodes = packet.subscriptions.map(({ filter }) => (filter === 'cellar' ? 0x87 : 0));
  link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes });
  link.send(message('kitchen', 'x'));
  return true;
};

test('one refused filter among several is told, and the others go on; with -E it is exit code 5', async (t) => {
  const fake = await fakeBroker(t, refusingCellar);
  const args = ['sub', ...at(fake), '-t', 'cellar', '-t', 'kitchen', '-V', '5'];
  const said = 'cauldron sub: the broker refused the subscription to cellar: Not authorized (0x87)\n';
  const going = start([...args, '-C', '1']);
  assert.equal(await going.code, 0);
  assert.deepEqual([going.out(), going.err()], ['x\n', said]);
  const asking = start([...args, '-E']);
  assert.equal(await asking.code, 5);
  assert.equal(asking.err(), said);
});

test('a message that several filters match is printed once', async (t) => {
  const { port } = await startBroker(t);
  const flags = ['-h', '127.0.0.1', '-p', String(port)];
  await start(['pub', ...flags, '-t', 'a/b', '-m', 'kept', '-r']).code;
  const program = start(['sub', ...flags, '-t', 'a/b', '-t', 'a/b', '-t', 'c', '-v', '-W', '1']);
  assert.equal(await program.code, 27);
  assert.equal(program.out(), 'a/b kept\n');
});

test('-D reaches SUBSCRIBE and UNSUBSCRIBE', async (t) => {
  const fake = await fakeBroker(t);
  const properties = ['-D', 'subscribe', 'user-property', 'a', 'b', '-D', 'unsubscribe', 'user-property', 'c', 'd'];
  assert.equal(await start(['sub', ...at(fake), '-t', 'x', '-U', 'y', '-E', ...properties]).code, 0);
  assert.deepEqual(fake.all(PacketType.subscribe)[0]?.properties, { userProperties: [['a', 'b']] });
  assert.deepEqual(fake.all(PacketType.unsubscribe)[0]?.properties, { userProperties: [['c', 'd']] });
});

test('pub, sub and bench load nothing of the broker', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (/packages\\/(broker|core)\\//.test(found.url)) console.log(found.url);
      return found;
    } });
    const { commands } = await import(${JSON.stringify(new URL('commands.ts', import.meta.url).href)});
    for (const name of ['pub', 'sub', 'bench']) await commands.find((one) => one.name === name).load();
    console.log('loaded');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(stdout, 'loaded\n');
});
