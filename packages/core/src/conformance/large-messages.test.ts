import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishPacket, QoS } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';

/** Bytes in which every range differs from its neighbours. */
function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff;
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const sizes = [16_383, 16_384, 100 * 1024, 1024 * 1024];

for (const size of sizes) {
  test(`a payload of ${size} bytes reaches subscribers of every version and QoS with their own header and packet identifier`, () => {
    const payload = pattern(size);
    for (const published of [0, 1, 2] as const) {
      const broker = new TestBroker();
      const subscribers = ([3, 4, 5] as const).flatMap((version) =>
        ([0, 1, 2] as const).map((qos) => {
          const client = broker.connect(`s${version}${qos}`, { version });
          client.subscribe('big/#', { qos, retainAsPublished: version === 5 });
          return { client, version, qos };
        }),
      );
      // One that is ahead by a packet identifier, so that a shared one would show.
      const ahead = broker.connect('ahead');
      ahead.subscribe('big/#', { qos: 2, identifier: 7 });
      ahead.subscribe('small');
      const publisher = broker.connect('p');
      publisher.publish('small', 'x', { qos: 1 });
      ahead.takeMessages();
      publisher.publish('big/one', payload, { qos: published, retain: true });
      for (const { client, version, qos } of subscribers) {
        const [message] = client.takeMessages();
        const expected = Math.min(published, qos);
        assert.equal(message?.qos, expected);
        assert.equal(message.retain, version === 5);
        assert.equal(message.packetId, expected === 0 ? 0 : 1);
        assert.equal(sameBytes(message.payload, payload), true, `version ${version}, QoS ${qos}`);
      }
      const [message] = ahead.takeMessages();
      assert.equal(message?.packetId, published === 0 ? 0 : 2);
      assert.deepEqual(message.properties?.subscriptionIdentifiers, [7]);
      assert.equal(sameBytes(message.payload, payload), true);
    }
  });
}

test('a large message that arrives in small chunks is the same to a slow, an offline and a late subscriber', () => {
  const broker = new TestBroker();
  const payload = pattern(100 * 1024);
  const slow = broker.connect('slow');
  slow.subscribe('big', { qos: 1 });
  slow.link.reading = false;
  const away = broker.connect('away', { version: 4, cleanStart: false });
  away.subscribe('big', { qos: 2 });
  away.cut();
  const publisher = broker.connect('p');
  for (const text of ['before', 'after']) {
    publisher.publish('big', text, { qos: 1 });
    if (text === 'before') sendInChunks(publisher, { topic: 'big', payload, qos: 2 });
  }
  slow.link.drain();
  const late = broker.connect('late', { version: 3 });
  late.subscribe('big');
  const back = broker.connect('away', { version: 4, cleanStart: false });
  const isPayload = (message: PublishPacket | undefined) =>
    message !== undefined && sameBytes(message.payload, payload);
  const fromSlow = slow.takeMessages();
  assert.deepEqual([fromSlow.length, isPayload(fromSlow[1])], [3, true]);
  const fromBack = back.takeMessages();
  assert.deepEqual([fromBack.length, isPayload(fromBack[1])], [3, true]);
  assert.equal(isPayload(late.takeMessages()[0]), true);
});

function sendInChunks(
  client: ReturnType<TestBroker['connect']>,
  message: { topic: string; payload: Uint8Array; qos: QoS },
): void {
  const { topic, payload, qos } = message;
  const body = 2 + topic.length + 2 + 1 + payload.length;
  const frame = new Uint8Array(4 + body);
  frame.set([0x31 | (qos << 1), (body & 127) | 128, ((body >> 7) & 127) | 128, body >> 14, 0, topic.length]);
  for (let i = 0; i < topic.length; i++) frame[6 + i] = topic.charCodeAt(i);
  frame.set([0, 99, 0], 6 + topic.length);
  frame.set(payload, frame.length - payload.length);
  for (let at = 0; at < frame.length; at += 1460) client.sendBytes(frame.subarray(at, at + 1460));
}
