import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, type Packet, PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestClient, textBytes } from '@cauldron/testkit';

/** A DISCONNECT's code and text; undefined where there was none. */
function disconnected(client: TestClient) {
  const packet = client.take().at(-1);
  return packet?.type === PacketType.disconnect ? packet : undefined;
}

/** Things a connected client may not do, and the 5.0 code that says so. */
const offences: readonly (readonly [claim: string, reasonCode: number, commit: (client: TestClient) => void])[] = [
  ['a PUBLISH of QoS 3', 0x81, (c) => c.sendBytes(Uint8Array.of(0x36, 0))],
  ['packet type 0', 0x81, (c) => c.sendBytes(Uint8Array.of(0x00, 0))],
  ['a remaining length of five bytes', 0x81, (c) => c.sendBytes(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x01))],
  ['flags on a PINGREQ', 0x81, (c) => c.sendBytes(Uint8Array.of(0xc1, 0))],
  ['a body on a PINGREQ', 0x81, (c) => c.sendBytes(Uint8Array.of(0xc0, 1, 0))],
  ['a SUBSCRIBE of no filter', 0x82, (c) => c.sendBytes(Uint8Array.of(0x82, 3, 0, 1, 0))],
  ['a CONNACK', 0x82, (c) => c.sendBytes(Uint8Array.of(0x20, 3, 0, 0, 0))],
  ['a SUBACK', 0x82, (c) => c.sendBytes(Uint8Array.of(0x90, 4, 0, 1, 0, 0))],
  ['an UNSUBACK', 0x82, (c) => c.sendBytes(Uint8Array.of(0xb0, 4, 0, 1, 0, 0))],
  ['a PINGRESP', 0x82, (c) => c.sendBytes(Uint8Array.of(0xd0, 0))],
  ['an unfinished CONNACK', 0x82, (c) => c.sendBytes(Uint8Array.of(0x20, 3, 0))],
  ['a PUBLISH without topic and alias', 0x82, (c) => c.sendBytes(Uint8Array.of(0x30, 3, 0, 0, 0))],
  ['a topic alias of 0', 0x94, (c) => c.sendBytes(Uint8Array.of(0x30, 7, 0, 1, 0x74, 3, 0x23, 0, 0))],
  ['a topic alias above the maximum', 0x94, (c) => c.publish('t', 'x', { properties: { topicAlias: 65 } })],
  ['an unknown reason code in DISCONNECT', 0x82, (c) => c.sendBytes(Uint8Array.of(0xe0, 1, 0x03))],
  ['a property that PUBLISH does not have', 0x81, (c) => c.sendBytes(Uint8Array.of(0x30, 6, 0, 1, 0x74, 2, 0x24, 1))],
];

for (const [claim, reasonCode, commit] of offences) {
  test(`${claim} ends a 5.0 connection with 0x${reasonCode.toString(16)} and the reason in words [MQTT-4.13.1-1]`, () => {
    const broker = new TestBroker();
    const client = broker.connect('c');
    commit(client);
    const packet = disconnected(client);
    const said = packet?.properties?.reasonString ?? '';
    assert.equal(packet?.reasonCode, reasonCode, said);
    assert(said.length > 10);
    assert.equal(client.closed, true);
    assert.equal(broker.core.metrics.protocolErrors, 1);
  });
}

test('the same in 3.x is a plain close [MQTT-4.13.1-1]', () => {
  const bytes = [
    [0x36, 0],
    [0x00, 0],
    [0xc1, 0],
    [0x20, 2, 0, 0],
    [0xf0, 0],
    [0x82, 2, 0, 1],
    [0x30, 2, 0, 0],
    [0x80, 6, 0, 1, 0, 1, 0x74, 0],
  ];
  for (const version of [3, 4] as const) {
    for (const packet of bytes) {
      const broker = new TestBroker();
      const client = broker.connect('c', { version });
      client.sendBytes(Uint8Array.from(packet));
      assert.deepEqual([client.take(), client.closed], [[], true], `version ${version}: ${packet}`);
      assert.equal(broker.core.metrics.protocolErrors, 1);
    }
  }
});

test('what comes before a mistake in the same bytes is done, what comes behind it is not', () => {
  const broker = new TestBroker();
  const witness = broker.connect('witness');
  witness.subscribe('#');
  const client = broker.connect('c');
  const publish = (topic: string): number[] => [
    ...encodePacket(
      { type: PacketType.publish, topic, payload: textBytes(''), qos: 0, retain: false, dup: false, packetId: 0 },
      5,
    ),
  ];
  client.sendBytes(Uint8Array.from([...publish('before'), ...publish('before'), 0xc1, 0, ...publish('behind')]));
  assert.deepEqual(
    witness.takeMessages().map(({ topic }) => topic),
    ['before', 'before'],
  );
  client.publish('later', '');
  assert.deepEqual(witness.take(), []);
});

test('acknowledgements repeat the identifier of what they answer [MQTT-2.2.1-5] [MQTT-2.2.1-6]', () => {
  for (const version of [3, 4, 5] as const) {
    const client = new TestBroker().connect('c', { version });
    for (const packetId of [1, 0x1234, 65_535]) {
      const packets: Packet[] = [
        { type: PacketType.publish, topic: 't', payload: textBytes(''), qos: 1, retain: false, dup: false, packetId },
        { type: PacketType.publish, topic: 't', payload: textBytes(''), qos: 2, retain: false, dup: false, packetId },
        { type: PacketType.pubrel, packetId, reasonCode: 0 },
        {
          type: PacketType.subscribe,
          packetId,
          subscriptions: [{ filter: 'f', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
        },
        { type: PacketType.unsubscribe, packetId, filters: ['f'] },
      ];
      client.send(...packets);
      assert.deepEqual(
        client.take().map((packet) => [packet.type, 'packetId' in packet && packet.packetId]),
        [
          [PacketType.puback, packetId],
          [PacketType.pubrec, packetId],
          [PacketType.pubcomp, packetId],
          [PacketType.suback, packetId],
          [PacketType.unsuback, packetId],
        ],
      );
    }
  }
});

test('each message in flight to a client has a packet identifier of its own, never 0 [MQTT-2.2.1-4]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('t', { qos: 2 });
  const publisher = broker.connect('p');
  for (let i = 0; i < 100; i++) publisher.publish('t', '', { qos: i % 2 === 0 ? 1 : 2, packetId: i + 1 });
  const ids = client.takeMessages().map(({ packetId }) => packetId);
  assert.equal(ids.length, 100);
  assert.equal(new Set(ids).size, 100);
  assert(ids.every((id) => id >= 1 && id <= 65_535));
});

test('packet identifiers of client and broker do not get in each other’s way [MQTT-2.2.1-4]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('t', { qos: 1 });
  client.publish('t', 'mine', { qos: 1, packetId: 1 });
  const packets = client.take();
  const ids = packets.map((packet) => [packet.type, 'packetId' in packet && packet.packetId]);
  assert.deepEqual(ids, [
    [PacketType.publish, 1],
    [PacketType.puback, 1],
  ]);
});

test('what an interceptor throws is reported and ends only the connection it happened on, with 0x80', () => {
  const errors: unknown[] = [];
  const broker = new TestBroker({
    interceptors: [
      {
        intercept: ({ topic }) => {
          if (topic === 'bad') throw new Error('interceptor');
          return undefined;
        },
      },
    ],
    observer: { internalError: (error) => errors.push(error) },
  });
  const other = broker.connect('other');
  other.subscribe('good');
  const client = broker.connect('c');
  client.publish('bad', 'x');
  assert.equal(disconnected(client)?.reasonCode, ReasonCode.unspecifiedError);
  assert.deepEqual([client.closed, errors.length], [true, 1]);
  other.publish('good', 'x');
  assert.equal(other.takeMessages().length, 1);
});
