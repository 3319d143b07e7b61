import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { ConnectOptions } from '@cauldron/client';
import { type Client, connect, UnreachableError } from '@cauldron/client';
import type { Packet, PublishPacket } from '@cauldron/protocol';
import { MqttError, PacketType } from '@cauldron/protocol';
import { FakeBroker, type FakeLink, type Reaction } from '@cauldron/testkit/fake-broker';

const text = new TextDecoder();

async function start(t: TestContext, reaction?: Reaction, options: ConnectOptions = {}) {
  const broker = await FakeBroker.listen(reaction);
  t.after(() => broker.close());
  const client = await connect({ host: '127.0.0.1', port: broker.port, ...options });
  t.after(() => client.end());
  return { broker, client };
}

const refusedWith =
  (reasonCode: number): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    const reasonString = packet.protocolVersion === 5 ? { reasonString: 'ask the cook' } : undefined;
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode, properties: reasonString });
    return true;
  };

const cutAt =
  (type: number): Reaction =>
  (packet, link) => {
    if (packet.type !== type) return undefined;
    link.cut();
    return true;
  };

const message = (rest: Partial<PublishPacket>): PublishPacket => ({
  type: PacketType.publish,
  topic: 'a',
  payload: new TextEncoder().encode('x'),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  ...rest,
});

for (const version of [3, 4, 5] as const) {
  test(`a version ${version} client publishes with QoS 0, 1 and 2, and each promise waits for its exchange`, async (t) => {
    const { broker, client } = await start(t, undefined, { protocolVersion: version, clientId: 'c1' });
    for (const qos of [0, 1, 2] as const) {
      const result = await client.publish('kitchen/soup', 'ready', { qos, retain: true });
      assert.equal(result.reasonCode, 0);
    }
    await client.end();
    await broker.until(PacketType.disconnect);
    assert.deepEqual(
      broker.received.map((packet) => packet.type),
      [
        PacketType.connect,
        PacketType.publish,
        PacketType.publish,
        PacketType.publish,
        PacketType.pubrel,
        PacketType.disconnect,
      ],
    );
    const publishes = broker.all(PacketType.publish);
    assert.deepEqual(
      publishes.map(({ qos, retain, topic, payload }) => [qos, retain, topic, text.decode(payload)]),
      [0, 1, 2].map((qos) => [qos, true, 'kitchen/soup', 'ready']),
    );
  });
}

test('CONNECT carries user name, password, will, keep alive and properties', async (t) => {
  const { broker } = await start(t, undefined, {
    clientId: 'c1',
    cleanStart: false,
    keepAlive: 7,
    username: 'ann',
    password: 'secret',
    will: {
      topic: 'gone',
      payload: new TextEncoder().encode('bye'),
      qos: 1,
      retain: true,
      properties: { willDelayInterval: 3 },
    },
    properties: { sessionExpiryInterval: 60 },
  });
  const [packet] = broker.all(PacketType.connect);
  assert.equal(packet?.clientId, 'c1');
  assert.equal(packet?.cleanStart, false);
  assert.equal(packet?.keepAlive, 7);
  assert.equal(packet?.username, 'ann');
  assert.equal(text.decode(packet?.password), 'secret');
  assert.equal(packet?.will?.topic, 'gone');
  assert.equal(packet?.will?.qos, 1);
  assert.equal(packet?.will?.properties?.willDelayInterval, 3);
  assert.equal(packet?.properties?.sessionExpiryInterval, 60);
});

test('a refused connection rejects with the reason and the reason string', async (t) => {
  const broker = await FakeBroker.listen(refusedWith(0x87));
  t.after(() => broker.close());
  await assert.rejects(connect({ host: '127.0.0.1', port: broker.port }), (error) => {
    assert.ok(error instanceof MqttError);
    assert.equal(error.code, 'CONNECTION_REFUSED');
    assert.equal(error.reasonCode, 0x87);
    assert.equal(
      error.message,
      `the broker at 127.0.0.1:${broker.port} refused the connection: Not authorized (0x87): ask the cook`,
    );
    return true;
  });
});

test('a 3.1.1 return code is refused with the 5.0 reason code that means the same', async (t) => {
  const broker = await FakeBroker.listen(refusedWith(4));
  t.after(() => broker.close());
  await assert.rejects(connect({ host: '127.0.0.1', port: broker.port, protocolVersion: 4 }), {
    code: 'CONNECTION_REFUSED',
    reasonCode: 0x86,
    message: `the broker at 127.0.0.1:${broker.port} refused the connection: Bad user name or password (return code 4)`,
  });
});

test('a port where nothing listens rejects with UnreachableError that says what to check', async () => {
  const broker = await FakeBroker.listen();
  const { port } = broker;
  await broker.close();
  await assert.rejects(connect({ host: '127.0.0.1', port }), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.equal(error.target, `127.0.0.1:${port}`);
    assert.match(error.message, /connection refused, nothing listens there/);
    return true;
  });
});

test('a broker that hangs up instead of answering CONNECT, and one that says nothing, are told apart', async (t) => {
  const hangsUp = await FakeBroker.listen(cutAt(PacketType.connect));
  t.after(() => hangsUp.close());
  await assert.rejects(connect({ host: '127.0.0.1', port: hangsUp.port }), { code: 'CONNECTION_CLOSED' });
  const silent = await FakeBroker.listen(() => true);
  t.after(() => silent.close());
  await assert.rejects(connect({ host: '127.0.0.1', port: silent.port, connectTimeout: 50 }), { code: 'TIMEOUT' });
});

test('connecting can be given up', async (t) => {
  const silent = await FakeBroker.listen(() => true);
  t.after(() => silent.close());
  const abort = new AbortController();
  const connecting = connect({ host: '127.0.0.1', port: silent.port, signal: abort.signal });
  await silent.until(PacketType.connect);
  abort.abort();
  await assert.rejects(connecting, { message: 'connecting was given up' });
});

test('no more QoS 1 and 2 messages are under way than the Receive Maximum of the broker [MQTT-3.3.4-7]', async (t) => {
  const held: [Packet, FakeLink][] = [];
  const { broker, client } = await start(t, (packet, link) => {
    if (packet.type === PacketType.connect) {
      link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0, properties: { receiveMaximum: 2 } });
      return true;
    }
    if (packet.type === PacketType.publish) held.push([packet, link]);
    return packet.type === PacketType.publish;
  });
  const results = ['1', '2', '3'].map((payload) => client.publish('a', payload, { qos: 1 }));
  await broker.until(PacketType.publish, 2);
  await client.subscribe('b'); // answered after everything before it was read
  assert.equal(held.length, 2);
  const [first, link] = held[0] as [PublishPacket, FakeLink];
  link.send({ type: PacketType.puback, packetId: first.packetId, reasonCode: 0 });
  await results[0];
  await broker.until(PacketType.publish, 3);
  for (const [packet, own] of held.slice(1) as [PublishPacket, FakeLink][]) {
    own.send({ type: PacketType.puback, packetId: packet.packetId, reasonCode: 0 });
  }
  await Promise.all(results);
  const payloads = broker.all(PacketType.publish).map(({ payload }) => text.decode(payload));
  assert.deepEqual(payloads, ['1', '2', '3']);
});

test('a refusal in PUBACK or PUBREC is a result with its reason code', async (t) => {
  const { broker, client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.publish) return undefined;
    const type = packet.qos === 1 ? PacketType.puback : PacketType.pubrec;
    link.send({ type, packetId: packet.packetId, reasonCode: 0x87 });
    return true;
  });
  assert.equal((await client.publish('a', 'x', { qos: 1 })).reasonCode, 0x87);
  assert.equal((await client.publish('a', 'x', { qos: 2 })).reasonCode, 0x87);
  await client.end();
  assert.deepEqual(broker.all(PacketType.pubrel), []);
});

test('what the broker said it does not support is refused before it is sent [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15] [MQTT-3.2.2-17]', async (t) => {
  const { client, broker } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    const properties = { maximumQoS: 1, retainAvailable: 0, maximumPacketSize: 50 };
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0, properties });
    return true;
  });
  await assert.rejects(client.publish('a', 'x', { qos: 2 }), { code: 'QOS_NOT_SUPPORTED' });
  await assert.rejects(client.publish('a', 'x', { retain: true }), { code: 'RETAIN_NOT_SUPPORTED' });
  await assert.rejects(client.publish('a', 'x'.repeat(50)), { code: 'PACKET_TOO_LARGE' });
  await assert.rejects(client.publish('a', 'x'.repeat(50), { qos: 1 }), { code: 'PACKET_TOO_LARGE' });
  await assert.rejects(client.publish('a', 'x', { properties: { topicAlias: 1 } }), { code: 'TOPIC_ALIAS_INVALID' });
  await assert.rejects(client.publish('a/#', 'x'), { code: 'TOPIC_NAME_INVALID' });
  await assert.rejects(client.subscribe('a/#/b'), { code: 'TOPIC_FILTER_INVALID' });
  await client.end();
  assert.deepEqual(broker.all(PacketType.publish), []);
});

test('a QoS 2 message that is repeated before PUBREL is handed over once [MQTT-4.3.3-10]', async (t) => {
  const got: string[] = [];
  const { broker, client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    link.send(message({ qos: 2, packetId: 9 }));
    link.send(message({ qos: 2, packetId: 9, dup: true }));
    link.send({ type: PacketType.pubrel, packetId: 9, reasonCode: 0 });
    link.send(message({ qos: 1, packetId: 10, topic: 'b' }));
    return undefined;
  });
  client.onMessage(({ topic }) => void got.push(topic));
  await client.subscribe({ filter: '#', qos: 2 });
  await broker.until(PacketType.puback);
  assert.deepEqual(got, ['a', 'b']);
  assert.equal(broker.all(PacketType.pubrec).length, 2);
  assert.deepEqual(
    broker.all(PacketType.pubcomp).map(({ packetId, reasonCode }) => [packetId, reasonCode]),
    [[9, 0]],
  );
});

test('a message is acknowledged after its handler is done, and nothing more is handled meanwhile', async (t) => {
  const gate = Promise.withResolvers<void>();
  const got: number[] = [];
  const { broker, client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    for (const packetId of [1, 2]) link.send(message({ qos: 1, packetId }));
    return undefined;
  });
  const arrived = Promise.withResolvers<void>();
  client.onMessage(async ({ packetId }) => {
    got.push(packetId);
    arrived.resolve();
    if (packetId === 1) await gate.promise;
  });
  const subscribed = client.subscribe('#');
  await arrived.promise;
  await client.publish('marker', 'x');
  await broker.until(PacketType.publish);
  assert.deepEqual(got, [1]);
  assert.deepEqual(broker.all(PacketType.puback), []);
  gate.resolve();
  await subscribed;
  await broker.until(PacketType.puback, 2);
  assert.deepEqual(got, [1, 2]);
});

test('after pause() the messages that follow are neither handled nor acknowledged', async (t) => {
  const got: number[] = [];
  const { broker, client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    for (const packetId of [1, 2, 3]) link.send(message({ qos: 1, packetId }));
    return true;
  });
  client.onMessage(({ packetId }) => {
    got.push(packetId);
    client.pause();
  });
  client.subscribe('#').catch((error: MqttError) => assert.equal(error.code, 'CONNECTION_CLOSED'));
  await broker.until(PacketType.puback);
  await client.end();
  await broker.until(PacketType.disconnect);
  assert.deepEqual(got, [1]);
  assert.equal(broker.all(PacketType.puback).length, 1);
});

test('messages that come before the first handler wait for it', async (t) => {
  const { client, broker } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    link.send(message({ qos: 1, packetId: 1 }));
    return undefined;
  });
  await client.subscribe('#');
  assert.deepEqual(broker.all(PacketType.puback), []);
  const got: string[] = [];
  client.onMessage(({ topic }) => void got.push(topic));
  await broker.until(PacketType.puback);
  assert.deepEqual(got, ['a']);
});

test('a topic alias of the broker stands for its topic, and one above our maximum ends the connection [MQTT-3.1.2-26]', async (t) => {
  const got: string[] = [];
  const { client, broker } = await start(
    t,
    (packet, link) => {
      if (packet.type !== PacketType.subscribe) return undefined;
      link.send(message({ topic: 'long/topic', properties: { topicAlias: 2 } }));
      link.send(message({ topic: '', properties: { topicAlias: 2 } }));
      link.send(message({ topic: 'other', properties: { topicAlias: 3 } }));
      return true;
    },
    { properties: { topicAliasMaximum: 2 }, onMessage: ({ topic }) => void got.push(topic) },
  );
  await assert.rejects(client.subscribe('#'), { code: 'TOPIC_ALIAS_INVALID' });
  await broker.until(PacketType.disconnect);
  assert.deepEqual(got, ['long/topic', 'long/topic']);
  assert.equal(broker.all(PacketType.disconnect)[0]?.reasonCode, 0x94);
});

test('what is under way when the connection goes is rejected, and closed says who ended it', async (t) => {
  const { client } = await start(t, cutAt(PacketType.publish));
  await assert.rejects(client.publish('a', 'x', { qos: 1 }), { code: 'CONNECTION_CLOSED' });
  assert.notEqual((await client.closed).by, 'client');
  await assert.rejects(client.publish('a', 'x'), { code: 'CONNECTION_CLOSED' });
  await assert.rejects(client.subscribe('a'), { code: 'CONNECTION_CLOSED' });
});

test('a DISCONNECT from the broker ends the connection with its reason', async (t) => {
  const { client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.publish) return undefined;
    link.send({ type: PacketType.disconnect, reasonCode: 0x8e, properties: { reasonString: 'someone else came' } });
    return true;
  });
  await client.publish('a', 'x');
  const { by, error } = await client.closed;
  assert.equal(by, 'server');
  assert.equal(error?.message, 'the broker ended the connection: Session taken over (0x8e): someone else came');
});

test('a client that has nothing to send pings within its keep-alive time [MQTT-3.1.2-20]', async (t) => {
  const { broker } = await start(t, undefined, { keepAlive: 1 });
  const began = performance.now();
  await broker.until(PacketType.pingreq);
  assert.ok(performance.now() - began < 1500);
});

test('a broker that does not answer a ping is given up', async (t) => {
  const { client } = await start(t, (packet) => packet.type === PacketType.pingreq, { keepAlive: 1 });
  const { by, error } = await client.closed;
  assert.equal(by, 'error');
  assert.equal((error as MqttError).code, 'TIMEOUT');
});

test('the keep-alive time and the identifier that the broker names are used', async (t) => {
  const { client, broker } = await start(
    t,
    (packet, link) => {
      if (packet.type !== PacketType.connect) return undefined;
      const properties = { assignedClientIdentifier: 'chosen', serverKeepAlive: 1 };
      link.send({ type: PacketType.connack, sessionPresent: true, reasonCode: 0, properties });
      return true;
    },
    { cleanStart: false, keepAlive: 600 },
  );
  assert.equal(client.clientId, 'chosen');
  assert.equal(client.sessionPresent, true);
  await broker.until(PacketType.pingreq);
});

test('a packet that breaks the protocol is answered with its reason and ends the connection', async (t) => {
  const { client, broker } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    link.raw(Uint8Array.of(0x36, 0x03, 0x00, 0x01, 0x61)); // a PUBLISH with both QoS bits set
    return true;
  });
  await assert.rejects((client as Client).subscribe('a'), { code: 'MALFORMED_PACKET' });
  await broker.until(PacketType.disconnect);
  assert.equal(broker.all(PacketType.disconnect)[0]?.reasonCode, 0x81);
});
