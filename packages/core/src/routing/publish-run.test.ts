import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, PacketType, type QoS } from '@cauldron/protocol';
import { TestBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';
import type { Subscriber } from '../ports.ts';
import { Subscription } from './subscription.ts';

/** A subscriber inside the program that takes messages one by one. */
function inside(take: (text: string) => void): Subscriber {
  return {
    ready: true,
    deliverRun: () => false,
    deliver: (fanout) => take(textOf(fanout.message().payload())),
  };
}

/** Publishes to topic 't' that arrive in one chunk. */
function publishTogether(client: TestClient, texts: readonly string[], qos: QoS = 0): void {
  const packets = texts.map((text, i) =>
    encodePacket(
      {
        type: PacketType.publish,
        topic: 't',
        payload: textBytes(text),
        qos,
        retain: false,
        dup: false,
        packetId: qos === 0 ? 0 : i + 1,
      },
      client.version,
    ),
  );
  client.sendBytes(new Uint8Array(Buffer.concat(packets)));
}

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

test('publishes that arrive together reach every kind of subscriber once each and in order', () => {
  for (const from of [3, 4, 5] as const) {
    for (const qos of [0, 1, 2] as const) {
      const broker = new TestBroker();
      const plain = ([3, 4, 5] as const).map((version) => broker.connect(`plain${version}`, { version }));
      const aliased = broker.connect('aliased', { properties: { topicAliasMaximum: 1 } });
      const bounded = broker.connect('bounded', { properties: { maximumPacketSize: 60 } });
      const everyone = [...plain, aliased, bounded];
      for (const client of everyone) client.subscribe('t');
      const identified = broker.connect('identified');
      identified.subscribe('+', { identifier: 4 });
      const sharing = [broker.connect('s1'), broker.connect('s2')];
      for (const client of sharing) client.subscribe('$share/g/t');
      const seen: string[] = [];
      broker.core.router.add(
        't',
        new Subscription(
          inside((text) => seen.push(text)),
          { qos: 0 },
        ),
      );
      const publisher = broker.connect('p', { version: from });
      publisher.subscribe('t', from === 5 ? { noLocal: true } : {});
      const sent = ['1', '2', '3', '4', 'x'.repeat(100)];
      publishTogether(publisher, sent, qos);
      for (const client of [...plain, aliased, identified]) assert.deepEqual(texts(client), sent);
      assert.deepEqual(texts(bounded), sent.slice(0, 4));
      assert.deepEqual(sharing.map(texts), [
        [sent[0], sent[2], sent[4]],
        [sent[1], sent[3]],
      ]);
      assert.deepEqual(seen, sent);
      assert.deepEqual(texts(publisher), from === 5 ? [] : sent);
    }
  }
});

test('a subscriber inside the program may publish while it is delivered to', () => {
  for (const qos of [0, 1] as const) {
    const broker = new TestBroker();
    const echo = inside((text) => {
      const draft = { topic: 'echo', payload: textBytes(`echo ${text}`), qos: 1 as const, retain: false };
      broker.core.publish({ ...draft, properties: undefined });
    });
    broker.core.router.add('t', new Subscription(echo, { qos: 0 }));
    const client = broker.connect('c', { properties: { topicAliasMaximum: 2 } });
    client.subscribe('#');
    publishTogether(broker.connect('p'), ['1', '2', '3'], qos);
    assert.deepEqual(texts(client).sort(), ['1', '2', '3', 'echo 1', 'echo 2', 'echo 3']);
  }
});

test('a subscriber inside the program that throws ends the connection of the publisher, and nobody hears the message again', () => {
  const errors: unknown[] = [];
  const broker = new TestBroker({ observer: { internalError: (error) => errors.push(error) } });
  const client = broker.connect('c');
  client.subscribe('t');
  const broken = inside(() => {
    throw new Error('broken subscriber');
  });
  broker.core.router.add('t', new Subscription(broken, { qos: 0 }));
  const publisher = broker.connect('p');
  publisher.publish('t', 'x');
  assert.equal(publisher.closed, true);
  assert.equal(errors.length, 1);
  const other = broker.connect('o');
  other.publish('u', 'x');
  assert.equal(other.closed, false);
  assert.deepEqual(texts(client), ['x']);
});
