import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, PacketType, type QoS } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;
const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };
const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

/** Takes and acknowledges until nothing comes any more. */
function everything(client: TestClient): string[] {
  const got: string[] = [];
  for (let batch = client.takeMessages(); batch.length > 0; batch = client.takeMessages()) {
    for (const { payload, packetId, qos } of batch) {
      got.push(textOf(payload));
      if (qos === 1) client.ack(PacketType.puback, packetId);
      if (qos === 2) {
        client.ack(PacketType.pubrec, packetId);
        client.ack(PacketType.pubcomp, packetId);
      }
    }
  }
  return got;
}

test('messages of one publisher, topic and QoS arrive in the order they were sent, past windows and slow readers [MQTT-4.6.0-5] [MQTT-4.6.0-6]', () => {
  for (const version of versions) {
    for (const qos of [0, 1, 2] as const) {
      const broker = new TestBroker({ limits: { maxInflight: 3, maxOutboundBytes: 200 } });
      const client = broker.connect('c', { version });
      client.subscribe('t');
      const publisher = broker.connect('p', { version });
      for (let i = 0; i < 20; i++) {
        if (i === 5 && qos > 0) client.link.reading = false;
        if (i === 15 && qos > 0) client.link.drain();
        publisher.publish('t', `${i}`, { qos });
        publisher.ack(PacketType.pubrel, i + 1);
      }
      assert.deepEqual(everything(client), numbers(20), `version ${version}, QoS ${qos}`);
    }
  }
});

test('the order holds across a disconnection: what was in flight, then what waited, then what is new [MQTT-4.6.0-5]', () => {
  for (const qos of [1, 2] as const) {
    const broker = new TestBroker({ limits: { maxInflight: 4 } });
    const client = broker.connect('c', lasting);
    client.subscribe('t');
    const publisher = broker.connect('p');
    const publish = (i: number) => {
      publisher.publish('t', `${i}`, { qos, packetId: i + 1 });
      publisher.ack(PacketType.pubrel, i + 1);
    };
    for (let i = 0; i < 8; i++) publish(i);
    client.cut();
    for (let i = 8; i < 12; i++) publish(i);
    const again = broker.connect('c', lasting);
    for (let i = 12; i < 16; i++) publish(i);
    assert.deepEqual(everything(again), numbers(16));
  }
});

test('what several clients publish is interleaved, and in order for each of them [MQTT-4.6.0-5]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('#', { qos: 1 });
  const publishers = ['x', 'y', 'z'].map((name) => broker.connect(name));
  for (let i = 0; i < 10; i++) {
    for (const [n, publisher] of publishers.entries()) publisher.publish('t', `${n}:${i}`, { qos: 1 });
  }
  const got = everything(client);
  for (const n of [0, 1, 2]) {
    assert.deepEqual(
      got.filter((text) => text.startsWith(`${n}:`)),
      numbers(10).map((i) => `${n}:${i}`),
    );
  }
});

test('many packets in one chunk are handled one after another: publishes to several topics and QoS between other packets', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  const publish = (topic: string, text: string, qos: QoS = 0) =>
    encodePacket(
      {
        type: PacketType.publish,
        topic,
        payload: new TextEncoder().encode(text),
        qos,
        retain: false,
        dup: false,
        packetId: qos === 0 ? 0 : 9,
      },
      5,
    );
  const subscribe = (filter: string) =>
    encodePacket(
      {
        type: PacketType.subscribe,
        packetId: 1,
        subscriptions: [{ filter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
      },
      5,
    );
  const unsubscribe = encodePacket({ type: PacketType.unsubscribe, packetId: 2, filters: ['a'] }, 5);
  const chunk = Buffer.concat([
    publish('a', 'too early'),
    subscribe('a'),
    publish('a', '1'),
    publish('a', '2'),
    publish('b', 'nobody'),
    publish('a', '3'),
    publish('a', '4', 1),
    publish('a', '5'),
    subscribe('b'),
    publish('b', '6'),
    publish('a', '7'),
    unsubscribe,
    publish('a', 'too late'),
    publish('b', '8'),
  ]);
  client.sendBytes(chunk);
  assert.deepEqual(everything(client), ['1', '2', '3', '4', '5', '6', '7', '8']);
});

test('what stands before a malformed packet in the same chunk is delivered', () => {
  for (const qos of [0, 1] as const) {
    const broker = new TestBroker();
    const watcher = broker.connect('w');
    watcher.subscribe('t', { qos: 0 });
    const client = broker.connect('c');
    const good = encodePacket(
      {
        type: PacketType.publish,
        topic: 't',
        payload: Uint8Array.of(0x78),
        qos,
        retain: false,
        dup: false,
        packetId: qos,
      },
      5,
    );
    client.sendBytes(Buffer.concat([good, good, Uint8Array.of(0x36, 0)]));
    assert.equal(client.closed, true);
    assert.equal(watcher.takeMessages().length, 2);
  }
});
