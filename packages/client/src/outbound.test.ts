import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AckType, encodeUtf8, type Packet, PacketType, type PublishPacket, ReasonCode } from '@cauldron/protocol';
import { Client } from './client.ts';
import type { PublishResult, UndeliveredMessage } from './options.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { type BrokerLink, type Reaction, type Scene, ScriptedBroker, startClient } from './testing/scripted-broker.ts';
import { watchedSignal } from './testing/watched-signal.ts';

const utf8 = new TextDecoder();

/** How a promise stands, once everything has happened. */
interface Outcome {
  result?: PublishResult;
  code?: string;
  error?: Error & { code: string; reasonCode: number };
}

function outcomeOf(promise: Promise<PublishResult>): Outcome {
  const outcome: Outcome = {};
  promise.then(
    (result) => {
      outcome.result = result;
    },
    (error) => {
      outcome.error = error;
      outcome.code = error.code;
    },
  );
  return outcome;
}

/** A broker that answers no PUBLISH and no PUBREL by itself. */
const silent: Reaction = ({ type }) => type === PacketType.publish || type === PacketType.pubrel;

/** CONNACKs with this, and is otherwise silent. */
const connackWith =
  (sessionPresent: boolean, properties = {}): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.connect) return silent(packet, link);
    link.send({
      type: PacketType.connack,
      sessionPresent: sessionPresent && !packet.cleanStart,
      reasonCode: 0,
      properties,
    });
    return true;
  };

const ack = (link: BrokerLink, type: AckType, packetId: number, reasonCode = 0) =>
  link.send({ type, packetId, reasonCode });

/** Cuts the connection and lets the client come back. */
async function reconnect({ platform, broker }: Scene): Promise<BrokerLink> {
  broker.link.cut();
  await platform.advance(2000);
  return broker.link;
}

/** What a connection got of publishes and releases: `payload id dup` and `rel id`. */
const flow = (link: BrokerLink): string[] =>
  link.received.flatMap((packet) => {
    if (packet.type === PacketType.publish) {
      return [`${utf8.decode(packet.payload)} ${packet.packetId}${packet.dup ? ' dup' : ''}`];
    }
    return packet.type === PacketType.pubrel ? [`rel ${packet.packetId}`] : [];
  });

// ---- QoS

test('a publish is fulfilled when its exchange is complete: QoS 0 at once, 1 with PUBACK, 2 with PUBCOMP', async () => {
  const { platform, broker, client } = await startClient({}, silent);
  const [zero, one, two] = ([0, 1, 2] as const).map((qos) => outcomeOf(client.publish('a', `${qos}`, { qos })));
  await platform.settle();
  assert.deepEqual(zero!.result, { reasonCode: 0, properties: undefined });
  assert.deepEqual(flow(broker.link), ['0 0', '1 1', '2 2']);
  const properties = { reasonString: 'nobody' };
  broker.link.send({ type: PacketType.puback, packetId: 1, reasonCode: ReasonCode.noMatchingSubscribers, properties });
  ack(broker.link, PacketType.pubrec, 2);
  await platform.settle();
  assert.deepEqual(one!.result, { reasonCode: 0x10, properties });
  assert.equal(two!.result, undefined);
  assert.deepEqual(flow(broker.link).at(-1), 'rel 2');
  ack(broker.link, PacketType.pubcomp, 2);
  await platform.settle();
  assert.deepEqual(two!.result, { reasonCode: 0, properties: undefined });
  assert.equal(client.queue.inflight, 0);
});

test('a PUBLISH says what its options say', async () => {
  const { platform, broker, client } = await startClient();
  const properties = { contentType: 'text/plain', messageExpiryInterval: 7 };
  void client.publish('kitchen/soup', 'hot', { qos: 1, retain: true, properties });
  await platform.settle();
  const expected: PublishPacket = {
    type: PacketType.publish,
    topic: 'kitchen/soup',
    payload: encodeUtf8('hot'),
    qos: 1,
    retain: true,
    dup: false,
    packetId: 1,
    properties,
  };
  assert.deepEqual(broker.all(PacketType.publish), [expected]);
});

test('a PUBACK or PUBREC with an error rejects the publish with its code, and ends the exchange [MQTT-4.4.0-2]', async () => {
  const { platform, broker, client } = await startClient({}, silent);
  const outcomes = ([1, 2] as const).map((qos) => outcomeOf(client.publish('a', '', { qos })));
  await platform.settle();
  ack(broker.link, PacketType.puback, 1, ReasonCode.notAuthorized);
  ack(broker.link, PacketType.pubrec, 2, ReasonCode.quotaExceeded);
  await platform.settle();
  assert.deepEqual(
    outcomes.map(({ error }) => [error!.code, error!.reasonCode]),
    [
      ['PUBLISH_REFUSED', 0x87],
      ['PUBLISH_REFUSED', 0x97],
    ],
  );
  assert.match(String(outcomes[0]!.error), /refused a message on a: Not authorized \(0x87\)/);
  assert.equal(broker.all(PacketType.pubrel).length, 0);
  assert.equal(client.queue.inflight, 0);
});

test('a PUBCOMP with 0x92 completes a QoS 2 exchange: the broker has the message and has forgotten the identifier', async () => {
  const { platform, broker, client } = await startClient({}, silent);
  const outcome = outcomeOf(client.publish('a', '', { qos: 2 }));
  await platform.settle();
  ack(broker.link, PacketType.pubrec, 1);
  ack(broker.link, PacketType.pubcomp, 1, ReasonCode.packetIdentifierNotFound);
  await platform.settle();
  assert.equal(outcome.result?.reasonCode, 0);
});

test('acknowledgements that answer nothing are ignored, but an unknown PUBREC is told so with 0x92', async () => {
  const { platform, broker, client } = await startClient({}, silent);
  const outcome = outcomeOf(client.publish('a', '', { qos: 2 }));
  await platform.settle();
  ack(broker.link, PacketType.puback, 1);
  ack(broker.link, PacketType.pubcomp, 1);
  for (const type of [PacketType.puback, PacketType.pubrec, PacketType.pubcomp]) ack(broker.link, type, 99);
  await platform.settle();
  assert.deepEqual(outcome, {});
  assert.deepEqual(broker.all(PacketType.pubrel), [
    { type: PacketType.pubrel, packetId: 99, reasonCode: 0x92, properties: undefined },
  ]);
  assert.equal(client.connected, true);
});

test('a PUBREC that comes twice is answered twice, and the publish completes once', async () => {
  const { platform, broker, client } = await startClient({}, silent);
  const outcome = outcomeOf(client.publish('a', '', { qos: 2 }));
  await platform.settle();
  ack(broker.link, PacketType.pubrec, 1);
  ack(broker.link, PacketType.pubrec, 1);
  ack(broker.link, PacketType.pubcomp, 1);
  ack(broker.link, PacketType.pubcomp, 1);
  await platform.settle();
  assert.deepEqual(flow(broker.link), [' 1', 'rel 1', 'rel 1']);
  assert.equal(outcome.result?.reasonCode, 0);
});

test('PUBRELs leave in the order of the PUBRECs [MQTT-4.6.0-4]', async () => {
  const { platform, broker, client } = await startClient({}, silent);
  for (let i = 0; i < 3; i++) void client.publish('a', '', { qos: 2 });
  await platform.settle();
  for (const id of [2, 3, 1]) ack(broker.link, PacketType.pubrec, id);
  await platform.settle();
  assert.deepEqual(
    broker.all(PacketType.pubrel).map(({ packetId }) => packetId),
    [2, 3, 1],
  );
});

test('no packet identifier is used twice at a time, by PUBLISH, SUBSCRIBE and UNSUBSCRIBE together, and none is 0 [MQTT-2.2.1-3]', async () => {
  const inUse = new Set<number>();
  const stuck: { link: BrokerLink; packetId: number }[] = [];
  const answers: Packet[] = [];
  let seen = 0;
  const { platform, client } = await startClient({ maxInflight: 500 }, (packet, link) => {
    if (!('packetId' in packet) || packet.packetId === 0) return undefined;
    assert.equal(inUse.has(packet.packetId), false, `${packet.packetId} is in use`);
    assert.ok(packet.packetId > 0);
    seen += 1;
    if (packet.type === PacketType.publish && utf8.decode(packet.payload) === 'stuck') {
      inUse.add(packet.packetId);
      stuck.push({ link, packetId: packet.packetId });
      return true;
    }
    if (packet.type !== PacketType.publish) return undefined;
    if (answers.push({ type: PacketType.puback, packetId: packet.packetId, reasonCode: 0 }) === 1) {
      setImmediate(() => link.send(...answers.splice(0)));
    }
    return true;
  });
  for (let i = 0; i < 10; i++) void client.publish('a', 'stuck', { qos: 1 });
  for (let i = 0; i < 70_000; i++) {
    if (i % 1000 === 0) {
      void client.subscribe(`f/${i}`);
      void client.unsubscribe(`f/${i}`);
    }
    void client.publish('a', 'x', { qos: 1 });
    if (i % 10_000 === 0) await platform.settle();
  }
  await platform.settle();
  assert.ok(seen > 70_010);
  for (const { link, packetId } of stuck) ack(link, PacketType.puback, packetId);
  await platform.settle();
  assert.equal(client.queue.inflight, 0);
});

// ---- the window

test('no more QoS 1 and 2 messages are under way than the receive maximum and maxInflight allow; the rest waits in order [MQTT-3.3.4-7] [MQTT-4.9.0-2]', async () => {
  for (const [receiveMaximum, maxInflight, most] of [
    [2, 1000, 2],
    [undefined, 3, 3],
    [5, 4, 4],
  ] as const) {
    const properties = receiveMaximum === undefined ? {} : { receiveMaximum };
    const { platform, broker, client } = await startClient({ maxInflight }, connackWith(false, properties));
    for (let i = 0; i < 8; i++) void client.publish('a', `${i}`, { qos: i % 2 === 0 ? 1 : 2 });
    await platform.settle();
    assert.equal(broker.all(PacketType.publish).length, most);
    assert.deepEqual([client.queue.inflight, client.queue.messages], [most, 8 - most]);
    ack(broker.link, PacketType.pubrec, 2); // a QoS 2 message is under way until PUBCOMP
    await platform.settle();
    assert.equal(broker.all(PacketType.publish).length, most);
    ack(broker.link, PacketType.puback, 1);
    ack(broker.link, PacketType.pubcomp, 2);
    await platform.settle();
    assert.deepEqual(
      broker.all(PacketType.publish).map(({ payload }) => utf8.decode(payload)),
      Array.from({ length: most + 2 }, (_, i) => `${i}`),
    );
  }
});

test('a broker of 3.1.1, which cannot say how many it takes, gets 20 at a time', async () => {
  const { platform, broker, client } = await startClient({ protocolVersion: 4 }, silent);
  for (let i = 0; i < 50; i++) void client.publish('a', `${i}`, { qos: 2 });
  await platform.settle();
  assert.equal(broker.all(PacketType.publish).length, 20);
  const more = await startClient({ protocolVersion: 4, maxInflight: 30 }, silent);
  for (let i = 0; i < 50; i++) void more.client.publish('a', `${i}`, { qos: 2 });
  await more.platform.settle();
  assert.equal(more.broker.all(PacketType.publish).length, 30);
});

test('a client with a full window still sends everything but PUBLISH [MQTT-3.3.4-8]', async () => {
  const { platform, broker, client } = await startClient({ keepAlive: 10 }, connackWith(false, { receiveMaximum: 1 }));
  void client.publish('a', '1', { qos: 2 });
  void client.publish('a', '2', { qos: 2 });
  void client.subscribe('b', { qos: 2 });
  await platform.settle();
  broker.link.send({
    type: PacketType.publish,
    topic: 'b',
    payload: new Uint8Array(0),
    qos: 1,
    retain: false,
    dup: false,
    packetId: 5,
  });
  ack(broker.link, PacketType.pubrec, 1);
  await platform.advance(10_000);
  void client.unsubscribe('c');
  await platform.settle();
  const types = broker.link.received.map(({ type }) => type).slice(1);
  const { publish, subscribe, unsubscribe, pubrel, pingreq } = PacketType;
  assert.deepEqual(
    types.filter((type) => type !== PacketType.puback),
    [publish, subscribe, pubrel, pingreq, unsubscribe],
  );
});

// ---- sessions

test('when the session is still there, what was in flight is repeated with DUP, its identifier and in its order, before anything new [MQTT-3.3.1-1] [MQTT-4.4.0-1] [MQTT-4.6.0-1]', async () => {
  const scene = await startClient({}, connackWith(true));
  const { platform, broker, client } = scene;
  const outcomes = [1, 2, 1, 2].map((qos, i) => outcomeOf(client.publish('a', `m${i}`, { qos: qos as 1 | 2 })));
  await platform.settle();
  ack(broker.link, PacketType.pubrec, 2);
  ack(broker.link, PacketType.puback, 3);
  await platform.settle();
  broker.link.cut();
  await platform.settle();
  outcomes.push(outcomeOf(client.publish('a', 'new', { qos: 1 })));
  await platform.advance(2000);
  assert.deepEqual(flow(broker.link), ['rel 2', 'm0 1 dup', 'm3 4 dup', 'new 5']);
  for (const id of [1, 5]) ack(broker.link, PacketType.puback, id);
  ack(broker.link, PacketType.pubcomp, 2);
  ack(broker.link, PacketType.pubrec, 4);
  ack(broker.link, PacketType.pubcomp, 4);
  await platform.settle();
  assert.deepEqual(
    outcomes.map(({ result }) => result?.reasonCode),
    [0, 0, 0, 0, 0],
  );
});

test('what is repeated obeys the receive maximum of the new CONNACK, and PUBRELs do not wait for it [MQTT-3.3.4-8]', async () => {
  const scene = await startClient({}, connackWith(true));
  const { platform, broker, client } = scene;
  for (let i = 0; i < 5; i++) void client.publish('a', `m${i}`, { qos: 2 });
  await platform.settle();
  ack(broker.link, PacketType.pubrec, 4);
  ack(broker.link, PacketType.pubrec, 5);
  await platform.settle();
  broker.reaction = connackWith(true, { receiveMaximum: 3 });
  const link = await reconnect(scene);
  assert.deepEqual(flow(link), ['rel 4', 'rel 5', 'm0 1 dup']);
  ack(link, PacketType.pubcomp, 4);
  await platform.settle();
  assert.deepEqual(flow(link).slice(3), ['m1 2 dup']);
});

test('when the session is gone, QoS 1 is sent again as new before what waits, and QoS 2 fails with SESSION_LOST [MQTT-3.2.2-5]', async () => {
  const scene = await startClient({}, connackWith(false));
  const { platform, broker, client } = scene;
  const outcomes = [1, 2, 1, 2].map((qos, i) => outcomeOf(client.publish('a', `m${i}`, { qos: qos as 1 | 2 })));
  await platform.settle();
  ack(broker.link, PacketType.pubrec, 4);
  await platform.settle();
  broker.link.cut();
  await platform.settle();
  outcomes.push(outcomeOf(client.publish('a', 'new', { qos: 1 })));
  await platform.advance(2000);
  assert.deepEqual(flow(broker.link), ['m0 5', 'm2 6', 'new 7']);
  assert.deepEqual(
    outcomes.map(({ code, result }) => code ?? result?.reasonCode),
    [undefined, 'SESSION_LOST', undefined, 0, undefined],
  );
});

test('with onSessionLost: resend, QoS 2 is sent again as new too', async () => {
  const scene = await startClient({ onSessionLost: 'resend' }, connackWith(false));
  void scene.client.publish('a', 'm', { qos: 2 });
  await scene.platform.settle();
  assert.deepEqual(flow(await reconnect(scene)), ['m 2']);
});

test('a QoS 2 message that never left does not fail when the session is gone', async () => {
  const scene = await startClient({}, connackWith(false, { receiveMaximum: 1 }));
  const { platform, client } = scene;
  const outcomes = [1, 2].map((qos) => outcomeOf(client.publish('a', `m${qos}`, { qos: qos as 1 | 2 })));
  await platform.settle();
  const link = await reconnect(scene);
  ack(link, PacketType.puback, 2);
  await platform.settle();
  assert.deepEqual(flow(link), ['m1 2', 'm2 3']);
  assert.equal(outcomes[1]!.code, undefined);
});

test('what onUndelivered publishes goes behind what is sent again', async () => {
  const given: UndeliveredMessage[] = [];
  const scene: Scene = await startClient(
    {
      onUndelivered: (_, message) => {
        given.push(message);
        void scene.client.publish('again', 'from onUndelivered', { qos: 1 });
      },
    },
    connackWith(false),
  );
  const { client } = scene;
  await client.enqueue('a', 'lost', { qos: 2, retain: true });
  await client.enqueue('a', 'm1', { qos: 1 });
  await scene.platform.settle();
  const link = await reconnect(scene);
  assert.deepEqual(flow(link), ['m1 3', 'from onUndelivered 4']);
  assert.deepEqual(given, [{ topic: 'a', payload: encodeUtf8('lost'), qos: 2, retain: true, properties: undefined }]);
});

// ---- what cannot be sent

test('what the broker said it does not support is refused before it is sent [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15] [MQTT-3.2.2-17] [MQTT-3.2.2-18]', async () => {
  const properties = { maximumQoS: 1, retainAvailable: 0, maximumPacketSize: 100, topicAliasMaximum: 2 } as const;
  const { platform, broker, client } = await startClient({}, connackWith(false, properties));
  const cases: [string, Promise<PublishResult>][] = [
    ['QOS_NOT_SUPPORTED', client.publish('a', '', { qos: 2 })],
    ['RETAIN_NOT_SUPPORTED', client.publish('a', '', { retain: true })],
    ['PACKET_TOO_LARGE', client.publish('a', new Uint8Array(100))],
    ['PACKET_TOO_LARGE', client.publish('a', new Uint8Array(100), { qos: 1 })],
    ['TOPIC_ALIAS_INVALID', client.publish('a', '', { properties: { topicAlias: 3 } })],
    ['TOPIC_NAME_INVALID', client.publish('a/#', '')],
    ['TOPIC_NAME_INVALID', client.publish('', '')],
  ];
  const outcomes = cases.map(([, promise]) => outcomeOf(promise));
  void client.publish('a', 'fits', { qos: 1 });
  await platform.settle();
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    cases.map(([code]) => code),
  );
  assert.deepEqual(
    flow(broker.link).map((line) => line.split(' ')[0]),
    ['fits'],
  );
  const none = await startClient();
  await assert.rejects(none.client.publish('a', '', { properties: { topicAlias: 1 } }), {
    code: 'TOPIC_ALIAS_INVALID',
  });
});

test('a message in flight that a new connection cannot take any more is given up, and those behind it go on', async () => {
  const scene = await startClient({}, connackWith(true));
  const outcomes = [new Uint8Array(200), 'small'].map((payload) =>
    outcomeOf(scene.client.publish('a', payload, { qos: 1 })),
  );
  await scene.platform.settle();
  scene.broker.reaction = connackWith(true, { maximumPacketSize: 100 });
  assert.deepEqual(flow(await reconnect(scene)), ['small 2 dup']);
  assert.equal(outcomes[0]!.code, 'PACKET_TOO_LARGE');
  assert.equal(scene.client.queue.inflight, 1);
});

test('a topic alias of the program that means nothing on a new connection fails its publish, not the connection', async () => {
  const scene = await startClient({}, connackWith(true, { topicAliasMaximum: 5 }));
  const { platform, client } = scene;
  void client.publish('long/topic', '0', { properties: { topicAlias: 5 } });
  const outcomes = ['long/topic', ''].map((topic) =>
    outcomeOf(
      client.publish(topic, topic.length.toString(), { qos: 1, properties: { topicAlias: topic === '' ? 5 : 4 } }),
    ),
  );
  const early = outcomeOf(client.publish('', '', { properties: { topicAlias: 3 } }));
  await platform.settle();
  assert.equal(early.code, 'TOPIC_ALIAS_INVALID');
  scene.broker.reaction = connackWith(true, { topicAliasMaximum: 3 });
  const link = await reconnect(scene);
  assert.deepEqual(flow(link), ['10 1 dup']);
  assert.equal(link.all(PacketType.publish)[0]!.properties, undefined);
  assert.equal(outcomes[1]!.code, 'TOPIC_ALIAS_INVALID');
});

// ---- the end

test('end() waits for what is under way, says DISCONNECT and drops the session, and nothing follows [MQTT-3.14.4-1] [MQTT-3.14.4-2]', async () => {
  const { platform, broker, client } = await startClient({}, silent);
  const outcome = outcomeOf(client.publish('a', '', { qos: 1 }));
  let isOver = false;
  void client.end().then(() => {
    isOver = true;
  });
  await platform.advance(4000);
  assert.equal(broker.all(PacketType.disconnect).length, 0);
  ack(broker.link, PacketType.puback, 1);
  await platform.settle();
  assert.equal(outcome.result?.reasonCode, 0);
  assert.equal(isOver, true);
  const properties = { sessionExpiryInterval: 0 };
  assert.deepEqual(broker.link.received.at(-1), { type: PacketType.disconnect, reasonCode: 0, properties });
  assert.equal(broker.link.state, 'ended');
  assert.equal(platform.timers, 0);
  await assert.rejects(client.publish('a', ''), { code: 'CONNECTION_CLOSED' });
});

test('end() rejects what is not done in time, and keeps the session where it was wanted', async () => {
  for (const options of [{ cleanStart: false }, { sessionExpiry: 100 }]) {
    const { platform, broker, client } = await startClient(options, silent);
    const outcomes = [outcomeOf(client.publish('a', '', { qos: 1 }))];
    const ended = client.end({ timeout: 100, reasonCode: 4 });
    await platform.advance(100);
    await ended;
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      ['CONNECTION_CLOSED'],
    );
    assert.deepEqual(broker.link.received.at(-1), { type: PacketType.disconnect, reasonCode: 4 });
    assert.equal(platform.timers, 0);
  }
});

test('end() right after createClient still publishes what was handed over, but does not wait for a broker that is away', async () => {
  const platform = new FakePlatform();
  const broker = new ScriptedBroker(platform);
  const client = new Client(platform, 'mqtt://broker', {});
  void client.start(false);
  const outcome = outcomeOf(client.publish('a', 'b', { qos: 1 }));
  const ended = client.end();
  await platform.settle();
  await ended;
  assert.equal(outcome.result?.reasonCode, 0);
  assert.deepEqual(flow(broker.link), ['b 1']);
  const away = await startClient();
  away.broker.unreachable = new Error('nobody there');
  away.broker.link.cut();
  await away.platform.settle();
  const lost = outcomeOf(away.client.publish('a', 'b'));
  await away.client.end();
  await away.platform.settle();
  assert.equal(lost.code, 'CONNECTION_CLOSED');
});

test('end() while it connects closes at once where nothing waits, and leaves nothing behind', async () => {
  const { platform, broker, client } = await startClient({}, () => true);
  const ended = client.end();
  await platform.settle();
  await ended;
  assert.equal(broker.link.state, 'ended');
  assert.equal(platform.timers, 0);
  assert.equal(platform.watchers, 0);
});

test('a broker that does not close its side is left after a second', async () => {
  const { platform, broker, client } = await startClient();
  broker.link.ended = () => undefined;
  let isOver = false;
  void client.end().then(() => {
    isOver = true;
  });
  await platform.advance(999);
  assert.equal(isOver, false);
  await platform.advance(1);
  assert.equal(isOver, true);
});

test('an aborted signal ends the client in every state, even while end() waits, and its listener is gone then', async () => {
  for (const when of ['connecting', 'connected', 'waiting', 'ending'] as const) {
    const watched = watchedSignal();
    const { signal } = watched.controller;
    const { platform, broker, client } = await startClient({ signal }, when === 'connecting' ? () => true : silent);
    const outcome = outcomeOf(client.publish('a', '', { qos: 1 }));
    if (when === 'waiting') broker.link.cut();
    await platform.settle();
    const ended = when === 'ending' ? client.end() : undefined;
    watched.controller.abort();
    await platform.settle();
    await ended;
    assert.equal(outcome.code, 'ABORTED', when);
    assert.equal(((await client.closed) as Error & { code: string }).code, 'ABORTED', when);
    assert.equal(platform.timers, 0, when);
    assert.equal(watched.listeners, 0, when);
  }
});

test('ending twice, and aborting what has ended, changes nothing', async () => {
  const controller = new AbortController();
  const { platform, broker, client } = await startClient({ signal: controller.signal });
  const both = Promise.all([client.end(), client.end()]);
  controller.abort();
  await platform.settle();
  await both;
  assert.equal(broker.all(PacketType.disconnect).length, 1);
  await client[Symbol.asyncDispose]();
});

test('a packet of ours that waits to be written when the client ends is written before DISCONNECT', async () => {
  const { platform, broker, client } = await startClient();
  const last = client.publish('a', 'last');
  const ended = client.end();
  await platform.settle();
  await Promise.all([last, ended]);
  const types = broker.link.received.map(({ type }: Packet) => type);
  assert.deepEqual(types, [PacketType.connect, PacketType.publish, PacketType.disconnect]);
});
