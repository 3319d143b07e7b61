// What sockets do that tests without a network cannot: pieces, half-closes, resets, peers that do not read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, PacketType, type PublishPacket, ReasonCode } from '@cauldron/protocol';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { connectOf, RawClient } from '../support/raw-client.ts';

const publish = (topic: string, payload: Uint8Array, qos: 0 | 1 = 0, packetId = 0): PublishPacket => ({
  type: PacketType.publish,
  topic,
  payload,
  qos,
  retain: false,
  dup: false,
  packetId,
});

test('packets that arrive byte by byte are handled as if they came whole', async (t) => {
  const { broker, port } = await startBroker(t);
  const got: string[] = [];
  broker.subscribe('#', ({ topic, payload }) => void got.push(`${topic} ${new TextDecoder().decode(payload)}`));
  const client = await RawClient.open(t, port);
  const packets = [
    connectOf(5),
    publish('a/b', new TextEncoder().encode('one')),
    publish('a/c', new TextEncoder().encode('two'), 1, 7),
  ];
  for (const byte of packets.flatMap((packet) => [...encodePacket(packet, 5)])) {
    client.socket.write(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  assert.equal((await client.take(PacketType.puback)).packetId, 7);
  await until('both messages', () => got.length === 2);
  assert.deepEqual(got, ['a/b one', 'a/c two']);
});

test('many packets in one write are each handled, in order, and answered in order', async (t) => {
  const { port } = await startBroker(t);
  const client = await RawClient.connected(t, port);
  const ids = Array.from({ length: 200 }, (_, i) => i + 1);
  client.socket.write(Buffer.concat(ids.map((id) => encodePacket(publish('a', new Uint8Array(300), 1, id), 5))));
  await until('all answers', () => client.received.length === 200);
  assert.deepEqual(
    client.received.map((packet) => 'packetId' in packet && packet.packetId),
    ids,
  );
});

test('a client that half-closes gets what it is owed, then its will is published', async (t) => {
  const { broker, port } = await startBroker(t);
  const wills: string[] = [];
  broker.subscribe('wills', ({ topic }) => void wills.push(topic));
  const will = { topic: 'wills', payload: new Uint8Array(), qos: 0, retain: false } as const;
  const client = await RawClient.connected(t, port, { will });
  client.send(publish('a', new Uint8Array(1), 1, 1));
  client.socket.end();
  await client.take(PacketType.puback);
  await client.closed();
  await until('the will', () => wills.length === 1);
});

test('a reset connection publishes the will and is told as lost by the network', async (t) => {
  const { broker, port } = await startBroker(t);
  const gone = nextEvent(broker, 'disconnect');
  const wills: string[] = [];
  broker.subscribe('wills', ({ topic }) => void wills.push(topic));
  const will = { topic: 'wills', payload: new Uint8Array(), qos: 0, retain: false } as const;
  const client = await RawClient.connected(t, port, { will });
  client.socket.resetAndDestroy();
  assert.equal((await gone)[1].by, 'network');
  await until('the will', () => wills.length === 1);
});

test('a subscriber that reads nothing loses QoS 0, slows nobody, and takes no more memory than its limit', async (t) => {
  const limit = 1_000_000;
  const { broker, port } = await startBroker(t, { limits: { maxOutboundBytes: limit } });
  const stuck = await RawClient.connected(t, port, { clientId: 'stuck' });
  await stuck.subscribe('flood');
  stuck.socket.pause();
  const good = await RawClient.connected(t, port, { clientId: 'good' });
  await good.subscribe('flood');
  const dropped = nextEvent(broker, 'drop');
  const publisher = await RawClient.connected(t, port, { clientId: 'publisher' });
  const payload = new Uint8Array(10_000);
  const count = 5000;
  const before = process.memoryUsage().rss;
  for (let i = 0; i < count; i++) {
    publisher.send(publish('flood', payload));
    // At the pace of the one that reads.
    if (i % 50 === 49) await until('the one that reads to have them', () => good.received.length === i + 1);
  }
  assert.deepEqual(await dropped, ['stuck', 'slow-consumer']);
  const { droppedSlowConsumer, publishSent } = broker.metrics;
  assert.ok(droppedSlowConsumer > 0);
  assert.equal(droppedSlowConsumer + publishSent, 2 * count);
  const pending = [...broker.core.connections].map(({ link }) => link.pending);
  assert.ok(Math.max(...pending) < limit + 1_000_000, `${Math.max(...pending)} bytes wait for one client`);
  // What the test's own client has received (50 MB) lives in this process too.
  assert.ok(process.memoryUsage().rss - before < 200_000_000);
  stuck.socket.resume();
  await until('the stuck one to be served again', () => broker.metrics.publishSent - count === stuck.received.length);
  publisher.send(publish('flood', new TextEncoder().encode('again')));
  await until('a message after the drops', () => {
    const last = stuck.received.at(-1);
    return last?.type === PacketType.publish && last.payload.length === 5;
  });
});

test('QoS 1 for a subscriber that reads nothing waits in its session and arrives whole when it reads', async (t) => {
  const { broker, port } = await startBroker(t, { limits: { maxOutboundBytes: 100_000 } });
  const slow = await RawClient.connected(t, port, { clientId: 'slow' });
  await slow.subscribe('jobs', 1);
  slow.socket.pause();
  for (let i = 0; i < 300; i++) {
    const payload = new Uint8Array(50_000).fill(i % 251);
    broker.publish('jobs', payload, { qos: 1 });
  }
  await until('messages to wait', () => broker.metrics.queuedMessages > 0);
  slow.socket.resume();
  const seen: number[] = [];
  while (seen.length < 300) {
    const { payload, packetId } = await slow.take(PacketType.publish);
    seen.push(payload[0]!);
    slow.send({ type: PacketType.puback, packetId, reasonCode: 0 });
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 300 }, (_, i) => i % 251),
  );
  assert.equal(broker.metrics.publishDropped, 0);
});

test('close() ends within three seconds though a client with much to get reads nothing', async (t) => {
  const { broker, port } = await startBroker(t);
  const stuck = await RawClient.connected(t, port);
  await stuck.subscribe('flood');
  stuck.socket.pause();
  for (let i = 0; i < 100; i++) broker.publish('flood', new Uint8Array(200_000));
  await until('it to be stuck', () => broker.metrics.droppedSlowConsumer > 0);
  const before = performance.now();
  await broker.close();
  assert.ok(performance.now() - before < 3000, `took ${performance.now() - before} ms`);
});

test('close() with clients that read takes no time, and tells 5.0 clients 0x8B', async (t) => {
  const { broker, port } = await startBroker(t);
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, i) => RawClient.connected(t, port, { clientId: `c${i}` })),
  );
  for (const client of clients) client.socket.once('end', () => client.socket.end());
  const before = performance.now();
  await broker.close();
  assert.ok(performance.now() - before < 1000, `took ${performance.now() - before} ms`);
  for (const client of clients) {
    assert.equal((await client.take(PacketType.disconnect)).reasonCode, ReasonCode.serverShuttingDown);
  }
});

test('a connection that sends no CONNECT is closed after the time its listener gives it', async (t) => {
  const { broker, port } = await startBroker(t, { listeners: [{ port: 0, connectTimeout: 0.3 }] });
  const silent = await RawClient.open(t, port);
  await silent.closed(2000);
  assert.equal(broker.metrics.refusedConnectTimeout, 1);
});

test('bytes that are no MQTT close their connection and leave the others alone', async (t) => {
  const { port } = await startBroker(t);
  const good = await RawClient.connected(t, port);
  const http = await RawClient.open(t, port);
  http.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await http.closed();
  good.send({ type: PacketType.pingreq });
  await good.take(PacketType.pingresp);
});
