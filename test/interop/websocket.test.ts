// Clients over WebSocket as they are: MQTT.js and the ws package, plain and encrypted, directly and through proxies.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { WebSocket } from 'ws';
import { silentLogger } from '../../packages/broker/src/log.ts';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { Authority } from '../support/certificates.ts';
import { startListener } from '../support/listener.ts';
import { WebSocketClient } from '../support/websocket-client.ts';

async function join(t: TestContext, url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = connect(url, { reconnectPeriod: 0, ...options });
  t.after(() => void client.end(true));
  await new Promise<void>((resolve, reject) => void client.once('connect', () => resolve()).once('error', reject));
  return client;
}

for (const protocolVersion of [3, 4, 5] as const) {
  test(`MQTT.js over ws with protocol version ${protocolVersion}: each QoS comes through, in order, small and large`, async (t) => {
    const { listener } = await startListener(t, { webSocket: {} });
    const protocolId = protocolVersion === 3 ? 'MQIsdp' : 'MQTT';
    const client = await join(t, listener.url, { protocolVersion, protocolId });
    const got: string[] = [];
    client.on('message', (topic, payload) => void got.push(`${topic} ${payload.length}`));
    await client.subscribeAsync('q/#', { qos: 2 });
    const sent: string[] = [];
    for (const size of [0, 10, 1000, 70_000, 300_000]) {
      for (const qos of [0, 1, 2] as const) {
        await client.publishAsync(`q/${qos}`, Buffer.alloc(size), { qos });
        sent.push(`q/${qos} ${size}`);
      }
    }
    await until('all of them', () => got.length === sent.length);
    assert.deepEqual(got.sort(), sent.sort());
    await client.endAsync();
    await until('it to be gone', () => listener.connections === 0);
  });
}

test('MQTT.js over wss logs in with its certificate, and goes on when the broker gets another one', async (t) => {
  const ca = new Authority(t);
  const san = 'IP:127.0.0.1,DNS:localhost';
  const server = ca.issue('server', { san });
  const tls = { ...server, ca: ca.file, clientCertificate: 'require' } as const;
  const { listener, logins, refusals } = await startListener(t, { tls, webSocket: {} });
  assert.match(listener.url, /^wss:\/\/127\.0\.0\.1:\d+\/mqtt$/);
  const ann = ca.issue('ann');
  const own = { ca: readFileSync(ca.file), cert: readFileSync(ann.cert), key: readFileSync(ann.key) };
  const client = await join(t, listener.url, own);
  assert.deepEqual(logins[0]!.peer, { by: 'certificate', username: 'ann' });
  const got: number[] = [];
  client.on('message', (_topic, payload) => void got.push(payload.length));
  await client.subscribeAsync('t');
  const serial = await serialOf(listener.url, own);
  ca.issue('server', { san });
  await listener.reload();
  assert.notEqual(await serialOf(listener.url, own), serial);
  await client.publishAsync('t', Buffer.alloc(200_000), { qos: 1 });
  await until('the message', () => got.length === 1);
  await assert.rejects(join(t, listener.url, { ca: own.ca }));
  await until('the refusal', () => refusals.length === 1);
  assert.match(refusals[0]!, /certificate/);
});

/** Serial number of the certificate that a listener shows. */
async function serialOf(url: string, options: object): Promise<string> {
  const socket = new WebSocket(url, 'mqtt', options);
  const [response] = await once(socket, 'upgrade');
  const { serialNumber } = response.socket.getPeerCertificate();
  socket.terminate();
  return serialNumber;
}

test('pages are served by https beside wss', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: 'IP:127.0.0.1' });
  const { core, listener, port } = await startListener(t, { tls: server, webSocket: {} });
  listener.http!.serve((request, response) => void response.end(`page ${request.url}`));
  const { get } = await import('node:https');
  const [response] = await once(get(`https://127.0.0.1:${port}/a`, { ca: readFileSync(ca.file) }), 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  assert.equal(text, 'page /a');
  assert.equal(core.connections.size, 0);
});

/** A proxy in front of a port that says something first, and then hands on. */
async function proxyBefore(t: TestContext, port: number, says: string): Promise<number> {
  const server = createServer((client) => {
    const broker = connectTcp({ port, host: '127.0.0.1' });
    broker.write(says);
    client.pipe(broker).pipe(client);
    for (const socket of [client, broker]) {
      socket.on('error', () => {
        client.destroy();
        broker.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  t.after(() => void server.close());
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

for (const encrypted of [false, true]) {
  test(`behind a PROXY header ${encrypted ? 'wss' : 'ws'} has the client's address`, async (t) => {
    const ca = new Authority(t);
    const tls = encrypted ? ca.issue('server', { san: 'IP:127.0.0.1' }) : undefined;
    const webSocket = { names: ['127.0.0.1'], origins: ['*'] };
    const proxyProtocol = { from: ['127.0.0.1'] };
    const { logins, port } = await startListener(t, { webSocket, tls, proxyProtocol });
    const through = await proxyBefore(t, port, 'PROXY TCP4 192.0.2.7 198.51.100.1 50312 8083\r\n');
    const url = `${encrypted ? 'wss' : 'ws'}://127.0.0.1:${through}/mqtt`;
    const client = await join(t, url, { ca: readFileSync(ca.file) });
    assert.equal(logins[0]!.remoteAddress, '192.0.2.7:50312');
    await client.publishAsync('t', 'x', { qos: 1 });
  });
}

test('the WebSocket that browsers and Node have themselves is let in, and closes cleanly', async (t) => {
  const { listener } = await startListener(t, { webSocket: {} });
  const socket = new globalThis.WebSocket(listener.url, ['mqttv3.1', 'mqtt']);
  await once(socket, 'open');
  assert.equal(socket.protocol, 'mqtt');
  socket.close(1000, 'done');
  const [closed] = await once(socket, 'close');
  assert.deepEqual([closed.code, closed.wasClean], [1000, true]);
  await until('it to be gone', () => listener.connections === 0);
});

test('what is no HTTP within TLS is told so, as without it', async (t) => {
  const ca = new Authority(t);
  const server = ca.issue('server', { san: 'IP:127.0.0.1' });
  const { port, refusals } = await startListener(t, { tls: server, webSocket: {} });
  const socket = connectTls({ port, host: '127.0.0.1', ca: readFileSync(ca.file) });
  t.after(() => void socket.destroy());
  await once(socket, 'secureConnect');
  socket.write(Buffer.from('100c00044d5154540502003c00', 'hex'));
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 400 .*MQTT over WebSocket/s);
  await until('the refusal', () => refusals.length === 1);
});

test('X-Forwarded-For is not believed', async (t) => {
  const { listener, logins } = await startListener(t, { webSocket: {} });
  const headers = { 'X-Forwarded-For': '192.0.2.7', Forwarded: 'for=192.0.2.7' };
  await WebSocketClient.connected(t, listener.url, 'ws', { headers });
  assert.match(logins[0]!.remoteAddress, /^127\.0\.0\.1:/);
});

test('a WebSocket port that is taken fails the start where it was configured, and is a line of the log where it is optional', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => void taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const webSocket = { path: '/mqtt' };
  await assert.rejects(startBroker(t, { listeners: [{ port: 0 }, { port, webSocket }] }), { code: 'EADDRINUSE' });
  const lines: string[] = [];
  const log = { ...silentLogger, warn: (line: string) => void lines.push(line) };
  const { broker } = await startBroker(t, { listeners: [{ port: 0 }, { port, webSocket, optional: true }] }, { log });
  assert.equal(broker.addresses.length, 1);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, new RegExp(`not listening on ws://127\\.0\\.0\\.1:${port}/mqtt: another program has port`));
  await assert.rejects(startBroker(t, { listeners: [{ port, webSocket, optional: true }] }), { code: 'EADDRINUSE' });
});

test('a broker has TCP and WebSocket clients that hear each other, and names both addresses', async (t) => {
  const { broker } = await startBroker(t, { listeners: [{ port: 0 }, { port: 0, name: 'web', webSocket: {} }] });
  const [tcp, web] = broker.addresses;
  assert.match(`${tcp!.url} ${web!.url}`, /^mqtt:\/\/127\.0\.0\.1:\d+ ws:\/\/127\.0\.0\.1:\d+\/mqtt$/);
  const arrived = nextEvent(broker, 'connect');
  const [one, two] = [await join(t, web!.url), await join(t, tcp!.url)];
  assert.equal((await arrived)[0].listener, 'web');
  const got: string[] = [];
  one.on('message', (_topic, payload) => void got.push(String(payload)));
  await one.subscribeAsync('t', { qos: 1 });
  await two.publishAsync('t', 'from TCP', { qos: 1 });
  await until('the message', () => got.length === 1);
});
