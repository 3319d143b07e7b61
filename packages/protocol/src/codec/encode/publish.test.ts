import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PacketType, type QoS } from '../../packet.ts';
import { decodePacket } from '../decode-packet.ts';
import { encodePacket } from '../encode-packet.ts';
import { LARGEST_PACKET } from '../frame-decoder.ts';
import { encodeProperties } from '../properties.ts';
import { encodeUtf8 } from '../utf8.ts';
import { writeAck } from './ack.ts';
import { encodeFrame, type FrameLayout, PublishFrame, publishFrameSize, writePublish } from './publish.ts';

const layout: FrameLayout = {
  version5: true,
  hasId: false,
  identifiers: null,
  topicAlias: 0,
  omitTopic: false,
  expiry: -1,
};

/** A body of so many bytes of payload, whose bytes are never looked at. */
const bodyOf = (payload: number) => ({
  bytes: new Uint8Array(1),
  topicStart: 0,
  topicEnd: 1,
  propertiesStart: 1,
  propertiesEnd: 1,
  payloadStart: 1,
  end: 1 + payload,
  aliasAt: -1,
  expiryAt: -1,
});

test('a message that its layout makes larger than the protocol allows has a frame no receiver takes', () => {
  const frame = new PublishFrame();
  const scratch = new Uint8Array(16);
  // Two bytes of topic length and one of topic leave 268,435,452 for the payload in 3.x; 5.0 needs one for properties.
  assert.equal(encodeFrame(bodyOf(268_435_452), layout, frame, scratch), scratch);
  assert.ok(frame.end - frame.start > LARGEST_PACKET);
});

const publishes = fc.record({
  version: fc.constantFrom(3, 4, 5),
  topic: fc.stringMatching(/^[a-zä/]{1,30}$/),
  payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 100, maxLength: 300 })),
  qos: fc.constantFrom<QoS>(0, 1, 2),
  retain: fc.boolean(),
  dup: fc.boolean(),
  packetId: fc.integer({ min: 1, max: 65_535 }),
  properties: fc.option(
    fc.record(
      { contentType: fc.string({ maxLength: 200 }), topicAlias: fc.integer({ min: 1, max: 65_535 }) },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  ),
});

test('a PUBLISH written into a buffer is what encodePacket gives, takes the announced size and touches nothing else', () => {
  fc.assert(
    fc.property(publishes, fc.nat(20), ({ version, ...fields }, at) => {
      const { payload, qos, retain, packetId } = fields;
      const dup = fields.dup && qos > 0;
      const five = version === 5;
      fc.pre(!(fields.properties?.contentType ?? '').includes('\0'));
      const topic = encodeUtf8(fields.topic);
      const properties = five ? encodeProperties(fields.properties, PacketType.publish) : null;
      const size = publishFrameSize(topic, payload, qos, properties);
      const target = new Uint8Array(at + size + 5).fill(0xdd);
      assert.equal(writePublish(target, at, topic, payload, qos, retain, dup, packetId, properties), at + size);
      const packet = { ...fields, dup, packetId: qos === 0 ? 0 : packetId, type: PacketType.publish };
      assert.deepEqual(target.subarray(at, at + size), encodePacket(packet, version as 3 | 4 | 5));
      assert.ok(target.every((byte, i) => byte === 0xdd || (i >= at && i < at + size)));
      const body = at + (size > 129 ? 3 : 2);
      const decoded = decodePacket(3, target[at]! & 15, target, body, at + size, version as 3 | 4 | 5);
      const { properties: given, ...rest } = packet;
      const some = five && given !== undefined && Object.keys(given).length > 0;
      assert.deepEqual(decoded, { ...rest, properties: some ? { ...given } : undefined });
    }),
    { numRuns: 500, seed: 5 },
  );
});

test('an acknowledgement written into a buffer is what encodePacket gives for success', () => {
  for (const type of [PacketType.puback, PacketType.pubrec, PacketType.pubrel, PacketType.pubcomp] as const) {
    for (const packetId of [1, 255, 256, 65_535]) {
      const target = new Uint8Array(8).fill(0xdd);
      assert.equal(writeAck(target, 2, type, packetId), 6);
      assert.deepEqual(target.subarray(2, 6), encodePacket({ type, packetId, reasonCode: 0 }, 5));
      assert.deepEqual([...target.subarray(0, 2), ...target.subarray(6)], [0xdd, 0xdd, 0xdd, 0xdd]);
    }
  }
});

test('a topic over 65,535 bytes and a message over 268,435,455 have no frame', () => {
  const none = new Uint8Array(0);
  assert.throws(() => publishFrameSize(new Uint8Array(65_536), none, 0, null), { code: 'MALFORMED_PACKET' });
  const huge = { length: 268_435_455 } as Uint8Array;
  assert.throws(() => publishFrameSize(none, huge, 0, null), { code: 'PACKET_TOO_LARGE', message: /send less/ });
});

test('a QoS 1 PUBLISH without a packet identifier is not encoded [MQTT-2.2.1-3]', () => {
  const packet = {
    type: PacketType.publish,
    topic: 'a',
    payload: new Uint8Array(0),
    retain: false,
    dup: false,
  } as const;
  for (const packetId of [0, 65_536]) {
    assert.throws(() => encodePacket({ ...packet, qos: 1, packetId }, 4), { spec: 'MQTT-2.2.1-3' });
  }
});
