// MQTT over WebSocket on the wire: frames, packets, limits, backpressure, compression; with the ws package on the other side.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import type { ConfigInput } from '@cauldron/broker';
import { type Packet, PacketType, type PublishPacket } from '@cauldron/protocol';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { clientFrame, framesOf } from '../support/client-frame.ts';
import { connectOf } from '../support/raw-client.ts';
import { bytesOf, WebSocketClient } from '../support/websocket-client.ts';

async function start(t: TestContext, config: ConfigInput = {}, webSocket = {}) {
  const { broker } = await startBroker(t, { listeners: [{ port: 0, webSocket }], ...config });
  return { broker, url: broker.addresses[0]!.url };
}

const publishOf = (topic: string, payload: Uint8Array | string, qos: 0 | 1 = 0): PublishPacket =>
  ({
    type: PacketType.publish,
    topic,
    payload: Buffer.from(payload as string),
    qos,
    retain: false,
    dup: false,
    ...(qos === 0 ? {} : { packetId: 7 }),
  }) as PublishPacket;

const subscribeTo = (filter: string): Packet =>
  ({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ filter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  }) as Packet;

async function subscribed(client: WebSocketClient, filter: string): Promise<void> {
  client.socket.send(bytesOf(subscribeTo(filter)));
  await client.some(PacketType.suback);
}

const payloadOf = (packet: Packet): string => String(Buffer.from((packet as PublishPacket).payload));

test('text frames close the connection with 1003, and the client is told why in MQTT, too [MQTT-6.0.0-1]', async (t) => {
  const { broker, url } = await start(t);
  const client = await WebSocketClient.connected(t, url);
  const gone = nextEvent(broker, 'disconnect');
  client.socket.send('text');
  const { code, reason } = await client.closed();
  assert.equal(code, 1003);
  assert.match(reason, /text frame/);
  const disconnect = client.received.find(({ type }) => type === PacketType.disconnect);
  assert.equal((disconnect as { reasonCode: number }).reasonCode, 0x82);
  const [, { by, reason: told }] = await gone;
  assert.equal(by, 'server');
  assert.match(told, /text frame/);
  await until('it to be gone', () => broker.core.connections.size === 0);
});

test('a text frame in place of the CONNECT ends it too, and is told as a refusal [MQTT-6.0.0-1]', async (t) => {
  const { broker, url } = await start(t);
  const refused = nextEvent(broker, 'refuse');
  const client = await WebSocketClient.open(t, url);
  client.socket.send(bytesOf(connectOf(5)), { binary: false });
  assert.equal((await client.closed()).code, 1003);
  assert.match((await refused)[2].reason, /text frame/);
});

test('packets may span frames and share them, in any cut [MQTT-6.0.0-2]', async (t) => {
  const { url } = await start(t);
  const client = await WebSocketClient.open(t, url);
  const packets = [
    connectOf(5, { clientId: 'cut' }),
    subscribeTo('cut/#'),
    ...Array.from({ length: 20 }, (_, i) => publishOf(`cut/${i}`, 'x'.repeat(i * 50))),
  ];
  const bytes = Buffer.concat(packets.map((packet) => bytesOf(packet)));
  const cuts = Array.from({ length: 30 }, (_, i) => ((i * 37) % 100) / 400);
  client.raw(framesOf(bytes, cuts, false));
  await until('twenty messages', () => client.received.filter(({ type }) => type === PacketType.publish).length === 20);
  client.raw(framesOf(bytesOf(publishOf('cut/last', 'one message of many fragments')), [0.3, 0, 0.5], true));
  const last = () => client.received.find((packet) => (packet as PublishPacket).topic === 'cut/last');
  await until('the last one', () => last() !== undefined);
  assert.equal(payloadOf(last()!), 'one message of many fragments');
});

test('a ping is answered with what it brought; of many at once the last one is', async (t) => {
  const { url } = await start(t);
  const client = await WebSocketClient.connected(t, url);
  const pongs: string[] = [];
  client.socket.on('pong', (data: Buffer) => void pongs.push(String(data)));
  client.socket.ping('soup');
  await until('a pong', () => pongs.length === 1);
  client.raw(Buffer.concat(['a', 'b', 'last'].map((text) => clientFrame(text, { opcode: 9 }))));
  await until('the last pong', () => pongs.at(-1) === 'last');
  assert.deepEqual([pongs[0], pongs.includes('a')], ['soup', false]);
});

test('pings keep no MQTT client alive', async (t) => {
  const { broker, url } = await start(t);
  const client = await WebSocketClient.open(t, url);
  client.socket.send(bytesOf(connectOf(5, { keepAlive: 1 })));
  await client.some(PacketType.connack);
  const pinging = setInterval(() => client.socket.ping(), 100);
  t.after(() => clearInterval(pinging));
  const [, { reason }] = await nextEvent(broker, 'disconnect');
  assert.match(reason, /keep alive/);
});

test('a close frame is answered with its code, and publishes the will', async (t) => {
  const { broker, url } = await start(t);
  const wills: string[] = [];
  broker.subscribe('will', ({ topic }) => void wills.push(topic));
  const client = await WebSocketClient.open(t, url);
  const will = { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false } as const;
  client.socket.send(bytesOf(connectOf(5, { will })));
  await client.some(PacketType.connack);
  client.socket.close(4000, 'bye');
  assert.equal((await client.closed()).code, 4000);
  await until('the will', () => wills.length === 1);
});

test('after DISCONNECT the broker closes with 1000', async (t) => {
  const { broker, url } = await start(t);
  const client = await WebSocketClient.connected(t, url);
  client.socket.send(bytesOf({ type: PacketType.disconnect, reasonCode: 0, properties: {} } as Packet));
  assert.equal((await client.closed()).code, 1000);
  await until('it to be gone', () => broker.core.connections.size === 0);
});

test('a broker that stops tells its clients in MQTT, then closes their WebSockets', async (t) => {
  const { broker, url } = await start(t);
  const client = await WebSocketClient.connected(t, url);
  await broker.close();
  assert.equal((await client.closed()).code, 1000);
  assert.equal((client.received.at(-1) as { reasonCode: number }).reasonCode, 0x8b);
});

test('messages of every size come through both ways', async (t) => {
  const { url } = await start(t);
  const client = await WebSocketClient.connected(t, url);
  await subscribed(client, 'size/#');
  // Around the lengths of frame headers, of pool buffers, and of what is sent by reference.
  for (const size of [0, 1, 100, 125, 126, 2030, 4086, 16_000, 65_500, 65_535, 65_536, 65_550, 200_000, 1_000_000]) {
    client.socket.send(bytesOf(publishOf(`size/${size}`, 'y'.repeat(size))));
    const got = await client.some(PacketType.publish);
    assert.equal(payloadOf(got).length, size);
    assert.equal((got as PublishPacket).topic, `size/${size}`);
  }
});

test('many messages in one turn go out in few frames', async (t) => {
  const { broker, url } = await start(t);
  const client = await WebSocketClient.connected(t, url);
  await subscribed(client, 'many');
  const before = client.messages;
  for (let i = 0; i < 5000; i++) broker.publish('many', `${i}`);
  await until('all of them', () => client.received.length === 5000);
  assert.deepEqual(client.received.map(payloadOf).at(-1), '4999');
  assert.ok(client.messages - before < 20, `${client.messages - before} frames`);
});

test('a packet above limits.maxPacketSize ends the connection as over TCP', async (t) => {
  const { url } = await start(t, { limits: { maxPacketSize: 1000 } });
  const client = await WebSocketClient.connected(t, url);
  client.socket.send(bytesOf(publishOf('t', 'x'.repeat(2000))));
  const disconnect = await client.some(PacketType.disconnect);
  assert.equal((disconnect as { reasonCode: number }).reasonCode, 0x95);
  assert.equal((await client.closed()).code, 1000);
});

test('a frame that announces more than memory holds costs nothing', async (t) => {
  const { broker, url } = await start(t);
  const client = await WebSocketClient.connected(t, url);
  await subscribed(client, 'endless');
  client.raw(clientFrame(bytesOf(publishOf('endless', 'here')), { length: 2n ** 52n }));
  assert.equal(payloadOf(await client.some(PacketType.publish)), 'here');
  client.socket.terminate();
  await until('it to be gone', () => broker.core.connections.size === 0);
});

test('who does not read is held back as over TCP: QoS 0 is dropped, what is unsent stays bounded', async (t) => {
  const { broker, url } = await start(t, { limits: { maxOutboundBytes: 100_000 } });
  const slow = await WebSocketClient.connected(t, url, 'slow');
  await subscribed(slow, 'busy');
  slow.socket.pause();
  const payload = new Uint8Array(10_000);
  const dropped = () => broker.metrics.droppedSlowConsumer;
  await until('drops', () => {
    for (let i = 0; i < 20; i++) broker.publish('busy', payload);
    for (const { link } of broker.core.connections) assert.ok(link.pending < 2_000_000, `${link.pending} bytes unsent`);
    return dropped() > 500;
  });
  slow.socket.resume();
  await until('it to have caught up', () => {
    const count = dropped();
    broker.publish('busy', 'again');
    return dropped() === count;
  });
  await until('the message', () => slow.received.some((packet) => payloadOf(packet) === 'again'));
});

test('pings of a client that does not read get no more answers than it takes', async (t) => {
  const { broker, url } = await start(t, { limits: { maxOutboundBytes: 20_000 } });
  const client = await WebSocketClient.connected(t, url);
  await subscribed(client, 'busy');
  client.socket.pause();
  const link = () => [...broker.core.connections][0]!.link;
  await until('a full connection', () => {
    broker.publish('busy', new Uint8Array(10_000));
    return broker.metrics.droppedSlowConsumer > 0;
  });
  const full = link().pending;
  const pings = Buffer.concat(Array.from({ length: 100 }, () => clientFrame('x'.repeat(125), { opcode: 9 })));
  for (let i = 0; i < 50; i++) {
    client.raw(pings);
    await new Promise(setImmediate);
  }
  client.socket.send(bytesOf(publishOf('other', 'read')));
  await until('the pings to be read', () => broker.metrics.publishReceived > 0);
  assert.ok(link().pending <= full + 127, `${link().pending} after ${full}`);
  const ponged = new Promise((resolve) => client.socket.once('pong', resolve));
  client.socket.resume();
  await ponged;
});

test('compressed messages come through both ways, and only large ones are compressed', async (t) => {
  const { url } = await start(t, {}, { compression: true });
  const client = await WebSocketClient.connected(t, url, 'z', { perMessageDeflate: { threshold: 0 } });
  assert.match(client.socket.extensions, /permessage-deflate/);
  await subscribed(client, 'z/#');
  const got = () => (client.socket as unknown as { _socket: { bytesRead: number } })._socket.bytesRead;
  for (const [size, most] of [
    [0, 50],
    [900, 2000],
    [5000, 1000],
    [200_000, 20_000],
  ] as const) {
    const before = got();
    client.socket.send(bytesOf(publishOf('z/1', 'z'.repeat(size))), { compress: true });
    assert.equal(payloadOf(await client.some(PacketType.publish)), 'z'.repeat(size));
    assert.ok(got() - before < most && got() - before > Math.min(size, 1000) / 100, `${size}: ${got() - before}`);
  }
  for (let i = 0; i < 200; i++)
    client.socket.send(bytesOf(publishOf('z/2', `${i} ${'.'.repeat(500)}`)), { compress: true });
  await until('all in their order', () => client.received.length === 200);
  assert.deepEqual(
    client.received.map((packet) => Number.parseInt(payloadOf(packet), 10)),
    Array.from({ length: 200 }, (_, i) => i),
  );
});

test('a compressed bomb is refused with 1009, whatever it would come to', async (t) => {
  const { broker, url } = await start(t, {}, { compression: true, maxInflatedSize: '64 KiB' });
  const bomb = deflateRawSync(Buffer.alloc(100_000_000), { level: 9 });
  for (const frames of [
    clientFrame(bomb, { reserved: 4 }),
    clientFrame(bomb.subarray(0, 50_000), { reserved: 4 }), // bytes enough, if not all of them
    clientFrame(deflateRawSync(Buffer.alloc(65_537)), { reserved: 4 }),
  ]) {
    const client = await WebSocketClient.connected(t, url, 'bomber', { perMessageDeflate: true });
    client.raw(frames);
    const { code, reason } = await client.closed();
    assert.equal(code, 1009);
    assert.match(reason, /webSocket\.maxInflatedSize/);
  }
  assert.equal(broker.metrics.protocolErrors, 3);
});

test('a compressed message that is damaged is refused with 1007, and one without agreement with 1002', async (t) => {
  const { url } = await start(t, {}, { compression: true });
  const client = await WebSocketClient.connected(t, url, 'z', { perMessageDeflate: true });
  client.raw(clientFrame(Buffer.alloc(100, 0xff), { reserved: 4 }));
  assert.equal((await client.closed()).code, 1007);
  const plain = await WebSocketClient.connected(t, url, 'z', { perMessageDeflate: false });
  plain.raw(clientFrame(deflateRawSync('x'), { reserved: 4 }));
  assert.equal((await plain.closed()).code, 1002);
});

test('before its CONNECT was answered a client may send no more compressed than uncompressed', async (t) => {
  const { url } = await start(t, { limits: { maxConnectPacketSize: 5000 } }, { compression: true });
  const held = clientFrame(randomBytes(5001), { reserved: 4, fin: false });
  const early = await WebSocketClient.open(t, url, { perMessageDeflate: true });
  early.raw(held);
  const { code, reason } = await early.closed();
  assert.equal(code, 1009);
  assert.match(reason, /limits\.maxConnectPacketSize/);
  const client = await WebSocketClient.connected(t, url, 'z', { perMessageDeflate: true });
  client.raw(held);
  client.raw(clientFrame('ping', { opcode: 9 }));
  await once(client.socket, 'pong');
});

test('what goes to many is compressed once, and what is more than a turn takes goes as it is', async (t) => {
  const { broker, url } = await start(t, {}, { compression: true });
  const clients: WebSocketClient[] = [];
  for (let i = 0; i < 5; i++) {
    const client = await WebSocketClient.connected(t, url, `z${i}`, { perMessageDeflate: true });
    await subscribed(client, 'z/#');
    clients.push(client);
  }
  const got = () => clients.map(({ socket }) => (socket as unknown as { _socket: Socket })._socket.bytesRead);
  const published = async (...topics: string[]): Promise<number[]> => {
    const before = got();
    for (const topic of topics) broker.publish(topic, 'z'.repeat(200_000));
    for (const client of clients) for (const _ of topics) await client.some(PacketType.publish);
    return got().map((bytes, i) => bytes - before[i]!);
  };
  assert.ok((await published('z/1')).every((bytes) => bytes < 20_000));
  assert.ok((await published('z/1', 'z/2')).every((bytes) => bytes > 200_000 && bytes < 220_000));
});
