// A client of Node reaches a Cauldron broker by every way there is, and says what it is told to say on that way.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '@cauldron/broker';
import { connect, type NodeClientOptions } from '@cauldron/client';
import { WebSocketServer } from 'ws';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { Authority } from '../support/certificates.ts';
import { tempDir } from '../support/temp-dir.ts';

type Listener = NonNullable<ConfigInput['listeners']>[number];

/** A round through the broker: 300 KB at QoS 1 and back. */
async function roundTrip(t: TestContext, url: string, options: NodeClientOptions = {}): Promise<void> {
  const client = await connect(url, { reconnect: false, ...options });
  t.after(() => client.end());
  const payload = Buffer.alloc(300_000, 'cauldron ');
  const subscription = client.subscribe('a/+name', { qos: 1 });
  await subscription.ready;
  await client.publish('a/b', payload, { qos: 1 });
  for await (const message of subscription) {
    assert.equal(Buffer.from(message.payload).equals(payload), true);
    assert.equal(message.params.name, 'b');
    break;
  }
  await client.end();
}

async function listening(
  t: TestContext,
  listener: Listener,
): Promise<{ port: number; broker: Awaited<ReturnType<typeof startBroker>>['broker'] }> {
  return startBroker(t, { listeners: [listener] });
}

test('mqtt: over IPv4, IPv6 and a name', async (t) => {
  const v4 = await listening(t, { port: 0 });
  const v6 = await listening(t, { host: '::1', port: 0 });
  await roundTrip(t, `mqtt://127.0.0.1:${v4.port}`);
  await roundTrip(t, `mqtt://[::1]:${v6.port}`);
  // A name may stand for both addresses of this machine, of which one works.
  await roundTrip(t, `mqtt://localhost:${v4.port}`);
});

test('unix: a socket file', async (t) => {
  const path = join(tempDir(t), 'broker.sock');
  await listening(t, { path });
  await roundTrip(t, `unix://${path}`);
});

test('mqtts:, wss: and TLS over a socket file with the CA of the broker', async (t) => {
  const authority = new Authority(t);
  const tls = authority.issue('server', { san: 'IP:127.0.0.1,DNS:localhost' });
  const options = { tls: { ca: readFileSync(authority.file) } };
  const plain = await listening(t, { port: 0, tls });
  await roundTrip(t, `mqtts://127.0.0.1:${plain.port}`, options);
  await roundTrip(t, `mqtts://localhost:${plain.port}`, options);
  const path = join(tempDir(t), 'broker.sock');
  await listening(t, { path, tls });
  await roundTrip(t, `unix://${path}`, options);
  const web = await listening(t, { port: 0, tls, webSocket: {} });
  await roundTrip(t, `wss://127.0.0.1:${web.port}/mqtt`, options);
  await roundTrip(t, `wss://localhost:${web.port}/mqtt`, options);
});

test('ws: in MQTT 5.0, 3.1.1 and 3.1, over IPv4 and IPv6', async (t) => {
  const v4 = await listening(t, { port: 0, webSocket: {} });
  for (const protocolVersion of [5, 4, 3] as const) {
    await roundTrip(t, `ws://127.0.0.1:${v4.port}/mqtt`, { protocolVersion, clientId: 'c' });
  }
  const v6 = await listening(t, { host: '::1', port: 0, webSocket: { path: '/other' } });
  await roundTrip(t, `ws://[::1]:${v6.port}/other`);
});

test('a client certificate is the user at the broker, over mqtts: and wss:', async (t) => {
  const authority = new Authority(t);
  const server = authority.issue('server', { san: 'IP:127.0.0.1' });
  const { cert, key } = authority.issue('ann');
  const tls = { ...server, ca: authority.file, clientCertificate: 'require' as const };
  const own = { ca: readFileSync(authority.file), cert: readFileSync(cert), key: readFileSync(key) };
  for (const [listener, scheme, path] of [
    [{ port: 0, tls }, 'mqtts', ''],
    [{ port: 0, tls, webSocket: {} }, 'wss', '/mqtt'],
  ] as const) {
    const { port, broker } = await listening(t, listener);
    const connected = nextEvent(broker, 'connect');
    await roundTrip(t, `${scheme}://127.0.0.1:${port}${path}`, { tls: own });
    const [{ username }] = await connected;
    assert.equal(username, 'ann');
  }
});

test('ws: headers, path and query of the program arrive at the server, and no credentials of the URL', async (t) => {
  const server = createHttpServer();
  const sockets = new WebSocketServer({ server });
  const request = once(sockets, 'connection') as Promise<[unknown, IncomingMessage]>;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  const { port } = server.address() as { readonly port: number };
  const ended = new AbortController();
  const connecting = connect(`ws://ann:secret@127.0.0.1:${port}/a%20b?token=1`, {
    headers: { authorization: 'Bearer 42', 'x-tenant': 'kitchen' },
    signal: ended.signal,
  });
  const [, { url, headers }] = await request;
  assert.equal(url, '/a%20b?token=1');
  assert.equal(headers.authorization, 'Bearer 42');
  assert.equal(headers['x-tenant'], 'kitchen');
  assert.equal(headers['sec-websocket-protocol'], 'mqtt');
  ended.abort();
  await assert.rejects(connecting, { code: 'ABORTED' });
});

test('localAddress is where the connection comes from, over mqtt: and ws:', async (t) => {
  const from: (string | undefined)[] = [];
  const server = createServer((socket) => {
    from.push(socket.remoteAddress);
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { readonly port: number };
  for (const scheme of ['mqtt', 'ws']) {
    await assert.rejects(connect(`${scheme}://127.0.0.1:${port}`, { localAddress: '127.0.0.2' }));
    assert.ok(from.length > 0);
    assert.ok(from.splice(0).every((address) => address === '127.0.0.2'));
  }
});

test('a slow consumer slows its publishers, over every transport, and loses nothing of QoS 1', async (t) => {
  const tcp = await listening(t, { port: 0 });
  const web = await listening(t, { port: 0, webSocket: {} });
  for (const url of [`mqtt://127.0.0.1:${tcp.port}`, `ws://127.0.0.1:${web.port}/mqtt`]) {
    const consumer = await connect(url, { receiveMaximum: 65_535 });
    const publisher = await connect(url);
    t.after(() => Promise.all([consumer.end(), publisher.end()]));
    const got: number[] = [];
    await consumer.on(
      'a',
      async (message) => {
        got.push(Number(message.text().slice(0, 5)));
        if (got.length % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      },
      { qos: 1, bufferSize: 10 },
    );
    const rest = 'x'.repeat(5000);
    const all = Array.from({ length: 1000 }, (_, i) =>
      publisher.publish('a', `${String(i).padStart(5, '0')}${rest}`, { qos: 1 }),
    );
    await Promise.all(all);
    await until('all are there', () => got.length === 1000);
    assert.deepEqual(
      got,
      Array.from({ length: 1000 }, (_, i) => i),
    );
  }
});
