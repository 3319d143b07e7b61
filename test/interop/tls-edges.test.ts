// Layers of a listener at once: host names with client certificates, proxies before TLS, an end in the middle of it all.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { encodePacket } from '@cauldron/protocol';
import { until } from '../support/broker.ts';
import { Authority, type Issued } from '../support/certificates.ts';
import { startListener } from '../support/listener.ts';
import { connectOf } from '../support/raw-client.ts';

const CONNECT = encodePacket(connectOf(5), 5);
const PROXY_HEADER = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 50312 1883\r\n');

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  t.after(() => void socket.destroy());
  socket.on('error', () => {}); // a reset is one way to be refused, and the tests ask what the broker says
  await once(socket, 'connect');
  return socket;
}

/** A TLS client that sends its CONNECT as soon as it may. */
function secured(t: TestContext, socket: Socket, options: ConnectionOptions): TLSSocket {
  const secure = connectTls({ socket, checkServerIdentity: () => undefined, ...options });
  t.after(() => void secure.destroy());
  secure.on('error', () => {});
  secure.write(CONNECT);
  return secure;
}

const filesOf = ({ cert, key }: Issued) => ({ cert: readFileSync(cert), key: readFileSync(key) });

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`with ${version}, a client that asks for another host name shows its certificate to the same authority and revocation list`, async (t) => {
    const ca = new Authority(t);
    const server = ca.issue('server');
    const revoked = ca.issue('revoked');
    const sni = [{ host: 'other.example.org', ...ca.issue('other') }];
    const tls = { ...server, ca: ca.file, crl: ca.revoke(revoked), clientCertificate: 'require', sni } as const;
    const { port, logins, refusals, listener } = await startListener(t, { tls });
    const common = { ca: readFileSync(ca.file), minVersion: version, maxVersion: version };
    for (const servername of ['other.example.org', 'elsewhere.example.org']) {
      const join = async (own?: Issued) =>
        secured(t, await open(t, port), { ...common, servername, ...(own === undefined ? {} : filesOf(own)) });
      const cases: [Issued | undefined, RegExp][] = [
        [undefined, /sent no certificate/],
        [revoked, /was revoked/],
        [new Authority(t, 'Other').issue('eve'), /unknown authority/],
      ];
      for (const [own, reason] of cases) {
        refusals.length = 0;
        await join(own);
        await until(`${servername}: ${reason}`, () => refusals.length > 0 && listener.connections === 0);
        assert.match(refusals.join('; '), reason);
      }
      assert.equal(logins.length, 0);
      const ann = await join(ca.issue('ann'));
      await until('the login', () => logins.length > 0);
      ann.destroy();
      assert.deepEqual(logins.shift()?.peer, { by: 'certificate', username: 'ann' });
    }
  });
}

test('a proxy’s header and the handshake behind it may come byte by byte', async (t) => {
  const ca = new Authority(t);
  const { port, logins } = await startListener(t, {
    tls: ca.issue('server'),
    proxyProtocol: { from: ['127.0.0.0/8'] },
  });
  const socket = await open(t, port);
  for (const byte of PROXY_HEADER) {
    socket.write(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  const hello = connectTls({ socket, ca: readFileSync(ca.file), checkServerIdentity: () => undefined });
  hello.write(CONNECT);
  await until('the login', () => logins.length === 1);
  assert.equal(logins[0]?.remoteAddress, '192.0.2.7:50312');
});

test('a listener that closes in the middle of headers and handshakes leaves no connection and counts none twice', async (t) => {
  const ca = new Authority(t);
  const tls = ca.issue('server');
  const proxyProtocol = { from: ['127.0.0.0/8'] };
  for (const layers of [{ tls }, { proxyProtocol }, { tls, proxyProtocol }]) {
    const { core, listener, port } = await startListener(t, layers);
    const begun = [new Uint8Array(0), PROXY_HEADER.subarray(0, 20), PROXY_HEADER, Uint8Array.of(0x16, 3, 1, 2, 0)];
    const sockets = await Promise.all(begun.map(() => open(t, port)));
    for (const [i, bytes] of begun.entries()) sockets[i]!.write(bytes);
    await until('all of them', () => core.metrics.connectionsAccepted === sockets.length);
    listener.stopAccepting();
    core.close();
    await until('nothing to be open', () => listener.connections === 0 && core.connections.size === 0);
    assert.equal(core.guard.halfOpen.size, 0);
    assert.equal(core.metrics.connectionsRefused, sockets.length);
    await until('the clients to be closed', () => sockets.every((socket) => socket.destroyed || socket.readableEnded));
  }
});
