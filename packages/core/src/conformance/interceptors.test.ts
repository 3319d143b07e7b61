import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interceptor } from '@cauldron/core';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, textBytes, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;
const noAnswer: Interceptor = { intercept: () => undefined };

/** An interceptor from its one function. */
function interceptor(intercept: Interceptor['intercept']): Interceptor {
  return { intercept };
}

test('an interceptor that does nothing leaves a message as it is, to its properties and their order', () => {
  const broker = new TestBroker({ interceptors: [noAnswer] });
  const client = broker.connect('c');
  client.subscribe('t');
  const properties = {
    userProperties: [
      ['b', '1'],
      ['a', '2'],
    ] as [string, string][],
    contentType: 'x',
    correlationData: Uint8Array.of(0, 1),
    messageExpiryInterval: 9,
  };
  const publisher = broker.connect('p');
  for (const qos of [0, 1, 2] as const) {
    publisher.publish('t', 'x', { qos, retain: true, properties: { ...properties, topicAlias: 1 } });
    const [message] = client.takeMessages();
    assert.deepEqual([message?.qos, message?.properties], [qos, properties]);
  }
  assert.equal(broker.core.retained.count, 1);
});

test('an interceptor may change topic, payload, QoS, retain flag and properties; the publisher is answered at its own QoS', () => {
  for (const version of versions) {
    const broker = new TestBroker({
      interceptors: [
        interceptor((draft, client) => {
          draft.topic = `by/${client?.clientId}`;
          draft.payload = textBytes(textOf(draft.payload).toUpperCase());
          draft.qos = 2;
          draft.retain = true;
          draft.properties = { contentType: 'changed' };
        }) as Interceptor,
      ],
    });
    const client = broker.connect('c');
    client.subscribe('#');
    const publisher = broker.connect('p', { version });
    publisher.publish('t', 'quiet', { qos: 1, packetId: 4 });
    assert.equal(publisher.takeOne().type, PacketType.puback);
    publisher.publish('t', 'quiet', { qos: 0 });
    assert.deepEqual(publisher.take(), []);
    for (const { topic, payload, qos, properties } of client.takeMessages()) {
      assert.deepEqual([topic, textOf(payload), qos, properties], ['by/p', 'QUIET', 2, { contentType: 'changed' }]);
    }
    assert.equal(textOf(broker.core.retained.get('by/p')!.payload()), 'QUIET');
    assert.equal(broker.core.retained.get('t'), null);
  }
});

test('interceptors are asked in their order, each with what the one before made of it, until one decides', () => {
  const asked: string[] = [];
  const broker = new TestBroker({
    interceptors: [
      interceptor((draft) => {
        asked.push(`first ${draft.topic}`);
        draft.topic = 'changed';
        return undefined;
      }),
      interceptor((draft) => {
        asked.push(`second ${draft.topic}`);
        return 'drop';
      }),
      interceptor(() => {
        asked.push('third');
        return undefined;
      }),
    ],
  });
  broker.connect('p').publish('t', 'x');
  assert.deepEqual(asked, ['first t', 'second changed']);
});

test('a dropped message is acknowledged as if it had been delivered, reaches nobody and is not retained', () => {
  for (const version of versions) {
    const broker = new TestBroker({ interceptors: [interceptor(() => 'drop')] });
    const client = broker.connect('c');
    client.subscribe('#');
    const publisher = broker.connect('p', { version });
    publisher.publish('t', 'x', { qos: 0, retain: true });
    publisher.publish('t', 'x', { qos: 1, packetId: 1 });
    publisher.publish('t', 'x', { qos: 2, packetId: 2 });
    publisher.ack(PacketType.pubrel, 2);
    assert.deepEqual(
      publisher.take().map(({ type, ...rest }) => [type, (rest as { reasonCode: number }).reasonCode]),
      [
        [PacketType.puback, 0],
        [PacketType.pubrec, 0],
        [PacketType.pubcomp, 0],
      ],
    );
    assert.deepEqual(client.take(), []);
    assert.equal(broker.core.retained.count, 0);
  }
});

test('a refused message reaches nobody; 5.0 gets code and reason, 3.x its plain acknowledgement', () => {
  for (const version of versions) {
    const refusal = { reasonCode: ReasonCode.payloadFormatInvalid, reason: 'this is no JSON' };
    const broker = new TestBroker({ interceptors: [interceptor(() => refusal)] });
    const client = broker.connect('c');
    client.subscribe('#');
    const publisher = broker.connect('p', { version });
    for (const [qos, type] of [
      [1, PacketType.puback],
      [2, PacketType.pubrec],
    ] as const) {
      publisher.publish('t', 'x', { qos, packetId: 1 });
      const answer = publisher.takeOne() as {
        type: number;
        reasonCode: number;
        properties?: { reasonString?: string };
      };
      assert.equal(answer.type, type);
      assert.equal(answer.reasonCode, version === 5 ? refusal.reasonCode : 0);
      assert.equal(answer.properties?.reasonString, version === 5 ? refusal.reason : undefined);
    }
    publisher.publish('t', 'x');
    assert.deepEqual(publisher.take(), []);
    assert.deepEqual(client.take(), []);
    assert.equal(broker.core.metrics.publishesDenied, 3);
  }
});

test('an interceptor that sets a topic with a wildcard has its message refused with 0x90', () => {
  const broker = new TestBroker({
    interceptors: [
      interceptor((draft) => {
        draft.topic = 'a/#';
        return undefined;
      }),
    ],
  });
  const publisher = broker.connect('p');
  publisher.publish('t', 'x', { qos: 1 });
  assert.equal((publisher.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.topicNameInvalid);
  assert.equal(publisher.closed, false);
});

test('an interceptor that throws ends the connection of the publisher only, and the broker says so', () => {
  const errors: unknown[] = [];
  const broker = new TestBroker({
    interceptors: [
      interceptor(() => {
        throw new Error('broken interceptor');
      }),
    ],
    observer: { internalError: (error) => errors.push(error) },
  });
  const other = broker.connect('o');
  const publisher = broker.connect('p');
  publisher.publish('t', 'x', { qos: 2 });
  assert.equal((publisher.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.unspecifiedError);
  assert.equal(publisher.closed, true);
  assert.equal(other.closed, false);
  assert.match(String(errors[0]), /broken interceptor/);
});

test('messages of the program itself and wills pass the interceptors without a client', () => {
  const seen: [string, string | undefined][] = [];
  const broker = new TestBroker({
    interceptors: [
      interceptor((draft, client) => {
        seen.push([draft.topic, client?.clientId]);
        return draft.topic === 'secret' ? { reasonCode: ReasonCode.notAuthorized, reason: 'no' } : undefined;
      }),
    ],
  });
  const message = { payload: textBytes('x'), qos: 0 as const, retain: false, properties: undefined };
  assert.equal(broker.core.publish({ ...message, topic: 'own' }), ReasonCode.noMatchingSubscribers);
  assert.equal(broker.core.publish({ ...message, topic: 'secret' }), ReasonCode.notAuthorized);
  const client = broker.connect('c', { will: { ...message, topic: 'gone' } });
  client.cut();
  assert.deepEqual(seen, [
    ['own', undefined],
    ['secret', undefined],
    ['gone', undefined],
  ]);
  assert.throws(() => broker.core.publish({ ...message, topic: 'a/+' }), { code: 'TOPIC_NAME_INVALID' });
});
