import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePublish, type Properties, PublishView, type QoS, Reader } from '@cauldron/protocol';
import fc from 'fast-check';
import { Message } from '../message.ts';
import { TopicTable } from '../routing/topic-table.ts';
import { mostStoredBytes } from './admission.ts';
import { ByteWriter } from './bytes.ts';

const now = 1_700_000_000_000;
const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((s) => !s.includes('\0'));
const topic = text.filter((s) => s.length > 0 && !/[#+]/.test(s));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const properties = fc
  .record({
    payloadFormatIndicator: optional(fc.constantFrom(0 as const, 1 as const)),
    messageExpiryInterval: optional(fc.nat(0xffffffff)),
    topicAlias: optional(fc.integer({ min: 1, max: 65_535 })),
    contentType: optional(text),
    responseTopic: optional(topic),
    correlationData: optional(fc.uint8Array({ maxLength: 40 })),
    userProperties: optional(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 })),
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Properties);
const packet = fc.record({
  topic,
  payload: fc.uint8Array({ maxLength: 300 }),
  qos: fc.constantFrom<QoS>(0, 1, 2),
  retain: fc.boolean(),
  version: fc.constantFrom<3 | 4 | 5>(3, 4, 5),
  properties,
});

/** The packet as a client's decoder shows it. */
function viewOf({ version, ...parts }: typeof packet extends fc.Arbitrary<infer T> ? T : never): PublishView {
  const publish = { type: 3, dup: false, packetId: parts.qos === 0 ? 0 : 7, ...parts } as const;
  const frame = encodePublish(version === 5 ? publish : { ...publish, properties: undefined }, version);
  const header = new Reader(frame, 1, frame.length);
  header.varint();
  const view = new PublishView();
  view.read(frame, 0, header.at, frame.length, version === 5);
  return view;
}

function store(message: Message): Uint8Array {
  const out = new ByteWriter();
  message.write(out);
  return out.finish();
}

test('a message comes back from its stored bytes as it was, with every property but the topic alias', () => {
  fc.assert(
    fc.property(packet, fc.boolean(), (parts, byAlias) => {
      const view = viewOf(parts);
      const bytes = new TextEncoder().encode(parts.topic);
      // A packet with an alias instead of its topic gets the topic's bytes from elsewhere.
      if (byAlias) view.topicStart = view.topicEnd;
      const message = Message.fromView(view, parts.topic, bytes, now);
      const body = store(message);
      assert.equal(body.length, message.storedSize);
      const restored = Message.stored(body);
      assert.equal(restored.topic, parts.topic);
      assert.deepEqual([restored.qos, restored.retain], [message.qos, message.retain]);
      assert.deepEqual([...restored.payload()], [...parts.payload]);
      assert.equal(restored.expiresAt, message.expiresAt);
      const { topicAlias: _ends, ...expected } = parts.version === 5 ? parts.properties : {};
      assert.deepEqual(restored.properties() ?? {}, expected);
      // The interval is found where it stands, to be counted down in place.
      for (const later of [0, 1500, 90_000]) {
        assert.equal(restored.remainingExpiry(now + later), message.remainingExpiry(now + later));
      }
      assert.equal(restored.storedSize, body.length);
      assert.deepEqual([...store(restored)], [...body]);
    }),
  );
});

test('the most that the store takes for a packet is never less than what it takes', () => {
  const topics = new TopicTable(16, 1);
  fc.assert(
    fc.property(packet, (parts) => {
      const view = viewOf(parts);
      const message = Message.fromView(view, parts.topic, new TextEncoder().encode(parts.topic), now);
      assert.ok(mostStoredBytes(topics.intern(parts.topic), view) >= message.storedSize);
    }),
  );
});

test('a will and a message of the program are stored like any other', () => {
  const draft = {
    topic: 'a/b',
    payload: new Uint8Array([1, 2]),
    qos: 1,
    retain: true,
    properties: { messageExpiryInterval: 9, userProperties: [['k', 'v']] },
  } as const;
  const message = Message.create({ ...draft, properties: { ...draft.properties, userProperties: [['k', 'v']] } }, now);
  const restored = Message.stored(store(message));
  assert.deepEqual(restored.properties(), draft.properties);
  assert.equal(restored.expiresAt, now + 9000);
});

test('damaged bytes are an error, whatever is wrong with them', () => {
  const body = store(
    Message.create(
      { topic: 'a/b', payload: new Uint8Array(3), qos: 1, retain: false, properties: { messageExpiryInterval: 9 } },
      now,
    ),
  );
  assert.throws(() => Message.stored(body.subarray(0, 5)), RangeError);
  assert.throws(() => Message.stored(new Uint8Array()), RangeError);
  assert.throws(() => Message.stored(new Uint8Array([3, 0, 0])), RangeError);
});
