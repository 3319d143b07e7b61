// The client over a real socket, against a scripted broker: one happy way through each of its parts, and each way to fail.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { connect, type NodeClientOptions, UnreachableError } from '@cauldron/client';
import type { Packet, PublishPacket } from '@cauldron/protocol';
import { MqttError, PacketType } from '@cauldron/protocol';
import { FakeBroker, type FakeLink, type Reaction } from '@cauldron/testkit/fake-broker';

const text = new TextDecoder();
const urlOf = (broker: FakeBroker): string => `mqtt://127.0.0.1:${broker.port}`;

async function listen(t: TestContext, reaction?: Reaction): Promise<FakeBroker> {
  const broker = await FakeBroker.listen(reaction);
  t.after(() => broker.close());
  return broker;
}

/** A client that does not connect again, since these tests are about one connection. */
async function start(t: TestContext, reaction?: Reaction, options: NodeClientOptions = {}) {
  const broker = await listen(t, reaction);
  const client = await connect(urlOf(broker), { reconnect: false, ...options });
  t.after(() => client.end({ timeout: 0 }));
  return { broker, client };
}

const refusedWith =
  (reasonCode: number): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    const properties = packet.protocolVersion === 5 ? { reasonString: 'ask the cook' } : undefined;
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode, properties });
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

/** Sends these behind the answer to SUBSCRIBE. */
const sending =
  (...messages: readonly Partial<PublishPacket>[]): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    const reasonCodes = packet.subscriptions.map(({ qos }) => qos);
    link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes });
    for (const one of messages) link.send(message(one));
    return true;
  };

for (const protocolVersion of [3, 4, 5] as const) {
  test(`a version ${protocolVersion} client publishes with QoS 0, 1 and 2, and each promise waits for its exchange`, async (t) => {
    const { broker, client } = await start(t, undefined, { protocolVersion, clientId: 'c1' });
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
    assert.deepEqual(
      broker
        .all(PacketType.publish)
        .map(({ qos, retain, topic, payload }) => [qos, retain, topic, text.decode(payload)]),
      [0, 1, 2].map((qos) => [qos, true, 'kitchen/soup', 'ready']),
    );
  });
}

test('a refused connection rejects with the reason and the reason string', async (t) => {
  const broker = await listen(t, refusedWith(0x87));
  await assert.rejects(connect(urlOf(broker)), (error) => {
    assert.ok(error instanceof MqttError);
    assert.equal(error.code, 'CONNECTION_REFUSED');
    assert.equal(error.reasonCode, 0x87);
    const said = `the broker at ${urlOf(broker)} refused the connection: Not authorized (0x87): ask the cook`;
    assert.equal(error.message, said);
    return true;
  });
});

test('a 3.1.1 return code is refused with the 5.0 reason code that means the same', async (t) => {
  const broker = await listen(t, refusedWith(4));
  await assert.rejects(connect(urlOf(broker), { protocolVersion: 4 }), {
    code: 'CONNECTION_REFUSED',
    reasonCode: 0x86,
    message: `the broker at ${urlOf(broker)} refused the connection: Bad user name or password (return code 4)`,
  });
});

test('a port where nothing listens rejects with UnreachableError that says what to check', async () => {
  const broker = await FakeBroker.listen();
  const url = urlOf(broker);
  await broker.close();
  await assert.rejects(connect(url), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.equal(error.target, url);
    assert.match(error.message, /connection refused, nothing listens there/);
    return true;
  });
});

test('a broker that hangs up instead of answering CONNECT, and one that says nothing, are told apart', async (t) => {
  const hangsUp = await listen(t, cutAt(PacketType.connect));
  await assert.rejects(connect(urlOf(hangsUp)), { code: 'CONNECTION_CLOSED' });
  const silent = await listen(t, () => true);
  await assert.rejects(connect(urlOf(silent), { connectTimeout: 50 }), { code: 'TIMEOUT' });
});

test('connecting can be given up with a signal, and so can a connected client', async (t) => {
  const silent = await listen(t, () => true);
  const abort = new AbortController();
  const connecting = connect(urlOf(silent), { signal: abort.signal });
  await silent.until(PacketType.connect);
  abort.abort();
  await assert.rejects(connecting, { code: 'ABORTED' });
  const later = new AbortController();
  const { client, broker } = await start(t, undefined, { signal: later.signal });
  later.abort();
  assert.equal(((await client.closed) as MqttError).code, 'ABORTED');
  await broker.until(PacketType.disconnect);
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
  await client.subscribe('b').ready; // answered after everything before it was read
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

test('a refusal in PUBACK or PUBREC rejects with its reason code and reason string, and ends that exchange only', async (t) => {
  const { broker, client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.publish) return undefined;
    const type = packet.qos === 1 ? PacketType.puback : PacketType.pubrec;
    const reasonCode = packet.topic === 'cellar' ? 0x87 : 0x10;
    link.send({ type, packetId: packet.packetId, reasonCode, properties: { reasonString: 'said so' } });
    return true;
  });
  for (const qos of [1, 2] as const) {
    await assert.rejects(client.publish('cellar', 'x', { qos }), {
      code: 'PUBLISH_REFUSED',
      reasonCode: 0x87,
      message: 'the broker refused a message on cellar: Not authorized (0x87): said so',
    });
  }
  assert.deepEqual(broker.all(PacketType.pubrel), []);
  const { reasonCode, properties } = await client.publish('kitchen', 'x', { qos: 1 });
  assert.deepEqual([reasonCode, properties?.reasonString], [0x10, 'said so']);
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
  assert.throws(() => client.subscribe('a/#/b'), { code: 'TOPIC_FILTER_INVALID' });
  await client.end();
  assert.deepEqual(broker.all(PacketType.publish), []);
});

test('a refused subscription rejects with its filter and reason, and gives back what was granted', async (t) => {
  const { broker, client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [1, 0x87] });
    return true;
  });
  await assert.rejects(
    client.on(['kitchen', 'cellar'], () => {}),
    {
      code: 'SUBSCRIBE_REFUSED',
      reasonCode: 0x87,
      message: 'the broker refused the subscription to cellar: Not authorized (0x87)',
    },
  );
  await broker.until(PacketType.unsubscribe);
  assert.deepEqual(broker.all(PacketType.unsubscribe)[0]?.filters.includes('kitchen'), true);
});

test('with onRefused a subscription goes on with the filters that were granted, unless none was', async (t) => {
  const refused: [string, number][] = [];
  const onRefused = (filter: string, code: number) => void refused.push([filter, code]);
  const { broker, client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    const reasonCodes = packet.subscriptions.map(({ filter }) => (filter === 'cellar' ? 0x87 : 0));
    link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes });
    if (reasonCodes.includes(0)) link.send(message({ topic: 'kitchen' }));
    return true;
  });
  for await (const { topic } of client.subscribe(['cellar', 'kitchen'], { onRefused })) {
    assert.equal(topic, 'kitchen');
    break;
  }
  assert.deepEqual(refused, [['cellar', 0x87]]);
  await broker.until(PacketType.unsubscribe);
  await assert.rejects(
    client.on('cellar', () => {}, { onRefused }),
    { code: 'SUBSCRIBE_REFUSED' },
  );
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
  await client.on('#', ({ topic }) => void got.push(topic), { qos: 2 });
  await broker.until(PacketType.puback);
  await broker.until(PacketType.pubcomp);
  assert.deepEqual(got, ['a', 'b']);
  assert.equal(broker.all(PacketType.pubrec).length, 2);
  assert.deepEqual(
    broker.all(PacketType.pubcomp).map(({ packetId, reasonCode }) => [packetId, reasonCode]),
    [[9, 0]],
  );
});

test('a message is acknowledged after its handler is done, and no other is handled by it meanwhile', async (t) => {
  const gate = Promise.withResolvers<void>();
  const got: number[] = [];
  const { broker, client } = await start(t, sending({ qos: 1, packetId: 1 }, { qos: 1, packetId: 2 }));
  const arrived = Promise.withResolvers<void>();
  await client.on('#', async ({ packetId }) => {
    got.push(packetId);
    arrived.resolve();
    if (packetId === 1) await gate.promise;
  });
  await arrived.promise;
  await client.publish('marker', 'x', { qos: 1 });
  assert.deepEqual(got, [1]);
  assert.deepEqual(broker.all(PacketType.puback), []);
  gate.resolve();
  await broker.until(PacketType.puback, 2);
  assert.deepEqual(got, [1, 2]);
});

test('what a session brings before anybody subscribed waits for whoever does, unacknowledged', async (t) => {
  const { client, broker } = await start(
    t,
    (packet, link) => {
      if (packet.type !== PacketType.connect) return undefined;
      link.send({ type: PacketType.connack, sessionPresent: true, reasonCode: 0 });
      link.send(message({ qos: 1, packetId: 1 }));
      return true;
    },
    { clientId: 'c1', cleanStart: false },
  );
  assert.equal(client.sessionPresent, true);
  await client.publish('marker', 'x', { qos: 1 });
  assert.deepEqual(broker.all(PacketType.puback), []);
  const got: string[] = [];
  await client.on('#', ({ topic }) => void got.push(topic));
  await broker.until(PacketType.puback);
  assert.deepEqual(got, ['a']);
});

test('a topic alias of the broker stands for its topic, and one above our maximum ends the connection [MQTT-3.1.2-26]', async (t) => {
  const got: string[] = [];
  const { client, broker } = await start(
    t,
    sending(
      { topic: 'long/topic', properties: { topicAlias: 2 } },
      { topic: '', properties: { topicAlias: 2 } },
      { topic: 'other', properties: { topicAlias: 3 } },
    ),
    { topicAliasMaximum: 2 },
  );
  await client.on('#', ({ topic }) => void got.push(topic));
  assert.equal(((await client.closed) as MqttError).code, 'TOPIC_ALIAS_INVALID');
  await broker.until(PacketType.disconnect);
  assert.deepEqual(got, ['long/topic', 'long/topic']);
  assert.equal(broker.all(PacketType.disconnect)[0]?.reasonCode, 0x94);
});

test('what is under way when the last connection goes is rejected, and so is what comes after', async (t) => {
  const { client } = await start(t, cutAt(PacketType.publish));
  await assert.rejects(client.publish('a', 'x', { qos: 1 }), { code: 'CONNECTION_CLOSED' });
  assert.equal(((await client.closed) as MqttError).code, 'CONNECTION_CLOSED');
  assert.equal(client.state.status, 'ended');
  await assert.rejects(client.publish('a', 'x'), { code: 'CONNECTION_CLOSED' });
  await assert.rejects(
    client.on('a', () => {}),
    { code: 'CONNECTION_CLOSED' },
  );
});

test('a client that ends itself has no reason to tell', async (t) => {
  const { client } = await start(t);
  await client.end();
  assert.equal(await client.closed, undefined);
  assert.deepEqual(client.state, { status: 'ended', reason: undefined });
});

test('an abrupt end says no DISCONNECT, waits for nothing, and rejects what is under way', async (t) => {
  const silent: Reaction = (packet) => (packet.type === PacketType.publish ? true : undefined);
  const { broker, client } = await start(t, silent);
  const publishing = client.publish('a', 'x', { qos: 1 });
  publishing.catch(() => undefined);
  await broker.until(PacketType.publish);
  await client.end({ abrupt: true });
  await assert.rejects(publishing, { code: 'CONNECTION_CLOSED' });
  assert.deepEqual(client.state, { status: 'ended', reason: undefined });
  assert.deepEqual(broker.all(PacketType.disconnect), []);
});

test('a DISCONNECT from the broker ends the connection with its reason', async (t) => {
  const { client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.publish) return undefined;
    link.send({ type: PacketType.disconnect, reasonCode: 0x8b, properties: { reasonString: 'dinner is over' } });
    return true;
  });
  await client.publish('a', 'x');
  const reason = (await client.closed) as MqttError;
  assert.equal(reason.reasonCode, 0x8b);
  assert.equal(reason.message, 'the broker ended the connection: Server shutting down (0x8b): dinner is over');
});

test('the keep-alive time that the broker names is used [MQTT-3.2.2-21]', async (t) => {
  const { client, broker } = await start(
    t,
    (packet, link) => {
      if (packet.type !== PacketType.connect) return undefined;
      const properties = { serverKeepAlive: 1 };
      link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0, properties });
      return true;
    },
    { keepAlive: 600 },
  );
  assert.deepEqual(client.serverProperties, { serverKeepAlive: 1 });
  const began = performance.now();
  await broker.until(PacketType.pingreq);
  assert.ok(performance.now() - began < 5000);
});

test('a packet that breaks the protocol is answered with its reason and ends the connection', async (t) => {
  const { client, broker } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    link.raw(Uint8Array.of(0x36, 0x03, 0x00, 0x01, 0x61)); // a PUBLISH with both QoS bits set
    return true;
  });
  await assert.rejects(client.subscribe('a').ready, { code: 'MALFORMED_PACKET' });
  await broker.until(PacketType.disconnect);
  assert.equal(broker.all(PacketType.disconnect)[0]?.reasonCode, 0x81);
});

test('a packet that has its place only before the CONNACK, or behind it, ends the connection [MQTT-3.2.0-1] [MQTT-3.2.0-2]', async (t) => {
  const early = await listen(t, (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    link.send(message({}));
    return true;
  });
  await assert.rejects(connect(urlOf(early)), { code: 'PROTOCOL_ERROR' });
  const { client } = await start(t, (packet, link) => {
    if (packet.type !== PacketType.publish) return undefined;
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0 });
    return true;
  });
  await client.publish('a', 'x');
  assert.equal(((await client.closed) as MqttError).code, 'PROTOCOL_ERROR');
});

test('an unsubscribe that is under way when the connection goes does not wait for ever', async (t) => {
  const { client } = await start(t, cutAt(PacketType.unsubscribe), { reconnect: { minDelay: 1, maxDelay: 1 } });
  await client.unsubscribe('left/over/#');
  const { client: last } = await start(t, cutAt(PacketType.unsubscribe));
  await last.unsubscribe('left/over/#');
  assert.equal(((await last.closed) as MqttError).code, 'CONNECTION_CLOSED');
});
