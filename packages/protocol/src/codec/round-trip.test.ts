import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AckType, type Packet, PacketType, type ProtocolVersion, type QoS } from '../packet.ts';
import { type Properties, type PropertyRow, properties as table, WILL } from '../property.ts';
import { isReasonCodeOf, ReasonCode } from '../reason-code.ts';
import { decodePacket } from './decode-packet.ts';
import { encodePacket } from './encode-packet.ts';

const character = fc
  .oneof(
    fc.integer({ min: 1, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((point) => String.fromCodePoint(point));
const text = fc.string({ unit: character, maxLength: 30 });
const topic = text.filter((s) => s !== '' && !/[+#]/.test(s));
const bytes = fc.uint8Array({ maxLength: 30 });
const packetId = fc.integer({ min: 1, max: 65_535 });
const qos = fc.constantFrom<QoS>(0, 1, 2);
const versions = [3, 4, 5] as const;

/** An arbitrary value that the property's row allows. */
function propertyValue(row: PropertyRow, packet: PacketType | typeof WILL): fc.Arbitrary<unknown> {
  const least = ['receiveMaximum', 'maximumPacketSize', 'topicAlias', 'subscriptionIdentifiers'].includes(row.name)
    ? 1
    : 0;
  const one = {
    byte: fc.nat(1),
    uint16: fc.integer({ min: least, max: 0xffff }),
    uint32: fc.integer({ min: least, max: 0xffffffff }),
    varint: fc.integer({ min: least, max: 268_435_455 }),
    utf8: row.name === 'responseTopic' ? topic : text,
    binary: bytes,
    pair: fc.tuple(text, text),
  }[row.type] as fc.Arbitrary<unknown>;
  if (!row.repeats) return one;
  const maxLength = row.name === 'subscriptionIdentifiers' && packet === PacketType.subscribe ? 1 : 3;
  return fc.array(one, { minLength: 1, maxLength });
}

function propertiesOf(packet: PacketType | typeof WILL): fc.Arbitrary<Properties | undefined> {
  const allowed = table.filter((row) => (row.packets & (1 << packet)) !== 0);
  const record = Object.fromEntries(allowed.map((row) => [row.name, propertyValue(row, packet)]));
  return fc
    .record(record, { requiredKeys: [] })
    .map((properties) => ({ ...properties }) as Properties)
    .map((properties) => (Object.keys(properties).length === 0 ? undefined : properties));
}

/** Properties in 5.0, none in 3.x. */
function propertiesFor(
  packet: PacketType | typeof WILL,
  version: ProtocolVersion,
): fc.Arbitrary<Properties | undefined> {
  return version === 5 ? propertiesOf(packet) : fc.constant(undefined);
}

function reasonCode(packet: PacketType, version: ProtocolVersion): fc.Arbitrary<number> {
  if (version !== 5) return fc.constant(0);
  return fc.constantFrom(...Object.values(ReasonCode).filter((code) => isReasonCodeOf(code, packet)));
}

function connect(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const will = fc.record({
    topic,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    properties: propertiesFor(WILL, version),
  });
  return fc
    .record({
      type: fc.constant(PacketType.connect),
      protocolVersion: fc.constant(version),
      bridge: version === 5 ? fc.constant(undefined) : fc.constantFrom(true as const, undefined),
      cleanStart: fc.boolean(),
      keepAlive: fc.nat(65_535),
      clientId: text,
      will: fc.option(will, { nil: undefined }),
      username: fc.option(text, { nil: undefined }),
      password: fc.option(bytes, { nil: undefined }),
      properties: propertiesFor(PacketType.connect, version),
    })
    .filter(({ username, password }) => version === 5 || username !== undefined || password === undefined)
    .filter(({ properties: p }) => p?.authenticationData === undefined || p.authenticationMethod !== undefined);
}

function connack(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc
    .record({
      type: fc.constant(PacketType.connack),
      sessionPresent: version === 3 ? fc.constant(false) : fc.boolean(),
      reasonCode: version === 5 ? reasonCode(PacketType.connack, 5) : fc.nat(5),
      properties: propertiesFor(PacketType.connack, version),
    })
    .map((packet) => ({ ...packet, sessionPresent: packet.sessionPresent && packet.reasonCode === 0 }));
}

function publish(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc
    .record({
      type: fc.constant(PacketType.publish),
      topic,
      payload: bytes,
      qos,
      retain: fc.boolean(),
      dup: fc.boolean(),
      packetId,
      properties: propertiesFor(PacketType.publish, version),
    })
    .map((packet) => (packet.qos > 0 ? packet : { ...packet, dup: false, packetId: 0 }));
}

function ack(type: AckType, version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc.record({
    type: fc.constant(type),
    packetId,
    reasonCode: reasonCode(type, version),
    properties: propertiesFor(type, version),
  });
}

function subscribe(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const five = version === 5;
  const subscription = fc
    .record({
      filter: text,
      qos,
      noLocal: five ? fc.boolean() : fc.constant(false),
      retainAsPublished: five ? fc.boolean() : fc.constant(false),
      retainHandling: five ? fc.constantFrom(0 as const, 1 as const, 2 as const) : fc.constant(0 as const),
    })
    .filter(({ filter, noLocal }) => !(noLocal && filter.startsWith('$share/')));
  return fc.record({
    type: fc.constant(PacketType.subscribe),
    packetId,
    subscriptions: fc.array(subscription, { minLength: 1, maxLength: 4 }),
    properties: propertiesFor(PacketType.subscribe, version),
  });
}

function suback(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const code = version === 5 ? reasonCode(PacketType.suback, 5) : fc.constantFrom(0, 1, 2, 0x80);
  return fc.record({
    type: fc.constant(PacketType.suback),
    packetId,
    reasonCodes: fc.array(code, { minLength: 1, maxLength: 5 }),
    properties: propertiesFor(PacketType.suback, version),
  });
}

function unsubscribe(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc.record({
    type: fc.constant(PacketType.unsubscribe),
    packetId,
    filters: fc.array(text, { minLength: 1, maxLength: 4 }),
    properties: propertiesFor(PacketType.unsubscribe, version),
  });
}

function unsuback(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc.record({
    type: fc.constant(PacketType.unsuback),
    packetId,
    reasonCodes:
      version === 5
        ? fc.array(reasonCode(PacketType.unsuback, 5), { minLength: 1, maxLength: 5 })
        : fc.constant<number[]>([]),
    properties: propertiesFor(PacketType.unsuback, version),
  });
}

function disconnect(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc.record({
    type: fc.constant(PacketType.disconnect),
    reasonCode: reasonCode(PacketType.disconnect, version),
    properties: propertiesFor(PacketType.disconnect, version),
  });
}

const auth: fc.Arbitrary<Packet> = fc.record({
  type: fc.constant(PacketType.auth),
  reasonCode: reasonCode(PacketType.auth, 5),
  properties: propertiesOf(PacketType.auth).map((properties) => ({ authenticationMethod: 'm', ...properties })),
});

const ping = fc.constantFrom<Packet>({ type: PacketType.pingreq }, { type: PacketType.pingresp });

/** Keys whose value is undefined count as missing. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, clean(inner)]));
}

function decodeFrame(frame: Uint8Array, version: ProtocolVersion): Packet {
  let body = 1;
  while (frame[body++]! > 0x7f);
  return decodePacket(frame[0]! >> 4, frame[0]! & 15, frame, body, frame.length, version);
}

function check(name: string, arbitrary: (version: ProtocolVersion) => fc.Arbitrary<Packet>, of = [...versions]): void {
  test(`every ${name} survives encoding and decoding`, () => {
    for (const version of of) {
      fc.assert(
        fc.property(arbitrary(version), (packet) => {
          const frame = encodePacket(packet, version);
          const decoded = decodeFrame(frame, version);
          assert.deepEqual(clean(decoded), clean(packet));
          assert.deepEqual(encodePacket(decoded, version), frame);
        }),
        { numRuns: 100, seed: version },
      );
    }
  });
}

check('CONNECT', connect);
check('CONNACK', connack);
check('PUBLISH', publish);
check('PUBACK', (version) => ack(PacketType.puback, version));
check('PUBREC', (version) => ack(PacketType.pubrec, version));
check('PUBREL', (version) => ack(PacketType.pubrel, version));
check('PUBCOMP', (version) => ack(PacketType.pubcomp, version));
check('SUBSCRIBE', subscribe);
check('SUBACK', suback);
check('UNSUBSCRIBE', unsubscribe);
check('UNSUBACK', unsuback);
check('PINGREQ and PINGRESP', () => ping);
check('DISCONNECT', disconnect);
check('AUTH', () => auth, [5]);
