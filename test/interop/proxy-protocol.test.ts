// Listeners behind a proxy that says who the client is, by raw sockets.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { encodePacket } from '@cauldron/protocol';
import { until } from '../support/broker.ts';
import { Authority } from '../support/certificates.ts';
import { startListener } from '../support/listener.ts';
import { connectOf } from '../support/raw-client.ts';

const CONNECT = encodePacket(connectOf(5), 5);
const SIGNATURE = '0d0a0d0a000d0a515549540a';
const fromLoopback = { from: ['127.0.0.0/8'] };

const V1 = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 50312 1883\r\n');
const V2 = Buffer.from(`${SIGNATURE}2111${'000f'}c0000207c6336401c488075b040000`, 'hex');
const V2_IPV6 = Buffer.from(
  `${SIGNATURE}2121${'0024'}20010db8000000000000000000000007${'20010db8000000000000000000000001'}c488075b`,
  'hex',
);
const V2_LOCAL = Buffer.from(`${SIGNATURE}2000${'0000'}`, 'hex');

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  t.after(() => void socket.destroy());
  socket.on('error', () => {}); // a reset is one way to be refused, and the tests ask whether it closed
  await once(socket, 'connect');
  return socket;
}

for (const [what, header, address] of [
  ['version 1', V1, '192.0.2.7:50312'],
  ['version 2', V2, '192.0.2.7:50312'],
  ['version 2 with IPv6', V2_IPV6, '[2001:db8::7]:50312'],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), null],
  ['version 2, the proxy itself', V2_LOCAL, null],
] as const) {
  test(`behind a proxy (${what}) the client is who the header says, in one piece, in two or byte by byte`, async (t) => {
    const { port, logins } = await startListener(t, { proxyProtocol: fromLoopback });
    const bytes = Buffer.concat([header, CONNECT]);
    const own: string[] = [];
    for (const size of [bytes.length, header.length, header.length + 3, 1]) {
      const socket = await open(t, port);
      own.push(`127.0.0.1:${socket.localPort}`);
      for (let at = 0; at < bytes.length; at += size) {
        socket.write(bytes.subarray(at, at + size));
        await new Promise(setImmediate);
      }
      await until('the login', () => logins.length === own.length);
    }
    assert.deepEqual(
      logins.map(({ remoteAddress }) => remoteAddress),
      own.map((proxy) => address ?? proxy),
    );
  });
}

test('the header comes before TLS, and the handshake may come in the same piece', async (t) => {
  const ca = new Authority(t);
  const tls = { ...ca.issue('server'), ca: ca.file, clientCertificate: 'require' } as const;
  const ann = ca.issue('ann');
  const { port, logins } = await startListener(t, { tls, proxyProtocol: fromLoopback });
  for (const corked of [true, false]) {
    const socket = await open(t, port);
    if (corked) socket.cork();
    socket.write(V1);
    if (!corked) await new Promise((resolve) => setTimeout(resolve, 20));
    const files = { ca: readFileSync(ca.file), cert: readFileSync(ann.cert), key: readFileSync(ann.key) };
    const secure = connectTls({ socket, ...files, checkServerIdentity: () => undefined });
    t.after(() => void secure.destroy());
    socket.uncork();
    secure.write(CONNECT);
    await until('the login', () => logins.length === (corked ? 1 : 2));
    assert.equal(logins.at(-1)?.remoteAddress, '192.0.2.7:50312');
    assert.deepEqual(logins.at(-1)?.peer, { by: 'certificate', username: 'ann' });
  }
});

test('a header from an address that is not listed counts for nothing: the connection is refused', async (t) => {
  const under = await startListener(t, { proxyProtocol: { from: ['10.0.0.0/8', '::1'] } });
  const socket = await open(t, under.port);
  socket.write(Buffer.concat([V1, CONNECT]));
  await once(socket, 'close');
  assert.equal(under.refusals.length, 1);
  assert.match(under.refusals[0]!, /no proxy of this listener \(proxyProtocol\.from\)/);
  assert.match(under.refusedAddresses[0]!, /^127\.0\.0\.1:/);
  assert.deepEqual(under.logins, []);
});

test('a connection without a header, or with a wrong one, is refused with the reason', async (t) => {
  const tls = new Authority(t).issue('server');
  for (const layers of [{}, { tls }]) {
    const under = await startListener(t, { ...layers, proxyProtocol: fromLoopback });
    for (const bytes of [CONNECT, Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n'), Buffer.alloc(200, 'P')]) {
      const socket = await open(t, under.port);
      socket.write(bytes);
      await once(socket, 'close');
    }
    await until('all to be gone', () => under.listener.connections === 0);
    assert.deepEqual(under.refusals, [
      'it does not begin with a PROXY protocol header',
      'its PROXY protocol header does not hold two TCP4 addresses and two ports',
      'it does not begin with a PROXY protocol header',
    ]);
    assert.deepEqual(under.logins, []);
  }
});

test('a header that does not come is waited for as long as a CONNECT, and told of once', async (t) => {
  const tls = new Authority(t).issue('server');
  for (const layers of [{}, { tls }]) {
    const own = { ...layers, proxyProtocol: fromLoopback };
    const { port, refusals } = await startListener(t, own, { connectTimeout: 0.2 });
    const socket = await open(t, port);
    socket.write('PROXY TCP4 ');
    await once(socket, 'close');
    assert.equal(refusals.length, 1);
    assert.match(refusals[0]!, /within 0\.2 s/);
  }
});

test('a proxy that closes before its header is whole leaves nothing behind', async (t) => {
  const tls = new Authority(t).issue('server');
  for (const layers of [{}, { tls }]) {
    const { port, listener, core, refusals } = await startListener(t, { ...layers, proxyProtocol: fromLoopback });
    const socket = await open(t, port);
    socket.write('PROXY TCP4 ');
    await until('it to be there', () => listener.connections === 1);
    socket.end();
    await until('it to be gone', () => listener.connections === 0 && core.connections.size === 0);
    assert.deepEqual(refusals, []);
  }
});

test('rates of connecting count the client, not the proxy', async (t) => {
  const limits = { maxConnectRatePerAddress: 1 };
  const { port, logins, refusals, refusedAddresses } = await startListener(t, { proxyProtocol: fromLoopback }, limits);
  for (let i = 1; i <= 5; i++) {
    const socket = await open(t, port);
    socket.write(Buffer.concat([Buffer.from(`PROXY TCP4 192.0.2.${i} 198.51.100.1 1 2\r\n`), CONNECT]));
    await until('the login', () => logins.length === i);
  }
  for (let i = 0; i < 20 && refusals.length === 0; i++) {
    const socket = await open(t, port);
    const closed = once(socket, 'close');
    socket.write(Buffer.concat([V1, CONNECT]));
    await Promise.race([closed, once(socket, 'data')]);
  }
  assert.deepEqual(refusedAddresses, ['192.0.2.7:50312']);
});
