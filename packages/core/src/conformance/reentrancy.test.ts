import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, PacketType, type PublishPacket, type QoS } from '@cauldron/protocol';
import { TestBroker, textBytes, textOf } from '@cauldron/testkit';

const reviewed = (messages: readonly PublishPacket[]) =>
  messages.map(({ payload, dup, packetId }) => `${textOf(payload)}${dup ? ' again' : ''}#${packetId}`);

test('a program that ends a client while its queue is sent leaves the counters at zero', () => {
  const broker: TestBroker = new TestBroker({
    observer: {
      dropping: (clientId) => {
        broker.core.disconnect(clientId, 0x98, 'too slow');
      },
    },
  });
  const slow = broker.connect('slow', { properties: { maximumPacketSize: 100, receiveMaximum: 1 } });
  slow.subscribe('t', { qos: 1 });
  const publisher = broker.connect('publisher');
  publisher.publish('t', 'first', { qos: 1 });
  publisher.publish('t', 'x'.repeat(200), { qos: 1 });
  for (let i = 0; i < 5; i++) publisher.publish('t', `${i}`, { qos: 1 });
  assert.equal(broker.core.metrics.queuedMessages, 6);
  slow.ack(PacketType.puback, 1);
  assert.ok(slow.closed);
  assert.equal(broker.core.metrics.queuedMessages, 0);
  assert.equal(broker.core.metrics.queuedBytes, 0);
});

test('a message on its way to a session that a program ends meanwhile is not queued for it', () => {
  const broker: TestBroker = new TestBroker({
    observer: { dropping: () => void broker.core.discardSession('away') },
  });
  const small = broker.connect('small', { properties: { maximumPacketSize: 60 } });
  small.subscribe('t', { qos: 1 });
  const away = broker.connect('away', { properties: { sessionExpiryInterval: 100 } });
  away.subscribe('t', { qos: 1 });
  away.cut();
  broker.connect('publisher').publish('t', 'x'.repeat(200), { qos: 1 });
  assert.equal(broker.core.sessions.get('away'), undefined);
  assert.equal(broker.core.metrics.queuedMessages, 0);
});

test('a share group whose last member a program ends while a message is on its way costs the publisher nothing', () => {
  const broker: TestBroker = new TestBroker({
    observer: { dropping: () => void broker.core.disconnect('member', 0x98, 'go') },
  });
  const small = broker.connect('small', { properties: { maximumPacketSize: 60 } });
  small.subscribe('t');
  broker.connect('member').subscribe('$share/g/t');
  const publisher = broker.connect('publisher');
  publisher.publish('t', 'x'.repeat(200));
  assert.equal(publisher.closed, false);
});

test('a message published while a program hears of a returning client comes behind what is in flight, once', () => {
  const broker: TestBroker = new TestBroker({
    observer: {
      connected: ({ clientId }, present) => {
        if (clientId !== 'back' || !present) return;
        broker.core.publish({
          topic: 't',
          payload: textBytes('welcome'),
          qos: 1,
          retain: false,
          properties: undefined,
        });
      },
    },
  });
  const properties = { sessionExpiryInterval: 100 };
  const before = broker.connect('back', { properties });
  before.subscribe('t', { qos: 1 });
  broker.connect('publisher').publish('t', 'old', { qos: 1 });
  before.cut();
  const after = broker.connect('back', { properties, cleanStart: false });
  assert.deepEqual(reviewed(after.takeMessages()), ['old again#1', 'welcome#2']);
});

test('a session that a program discards when its client leaves ends once and expires no more', () => {
  const ended: string[] = [];
  const broker: TestBroker = new TestBroker({
    observer: {
      disconnected: ({ clientId }) => void broker.core.discardSession(clientId),
      sessionEnded: (clientId, reason) => ended.push(`${clientId} ${reason}`),
    },
  });
  broker.connect('a', { properties: { sessionExpiryInterval: 5 } }).cut();
  broker.connect('b').cut();
  broker.advance(10_000);
  assert.deepEqual(ended, ['a discarded', 'b discarded']);
  assert.equal(broker.core.metrics.sessionsExpired, 0);
});

test('an interceptor that throws for a will is reported, and the end of the client goes on', () => {
  const errors: unknown[] = [];
  const broker = new TestBroker({
    interceptors: [
      {
        intercept: ({ topic }) => {
          if (topic.startsWith('will')) throw new Error('no wills');
          return undefined;
        },
      },
    ],
    observer: { internalError: (error) => errors.push(error) },
  });
  const will = { topic: 'will', payload: textBytes('gone'), qos: 0, retain: false } as const;
  broker.connect('now', { will: { ...will, properties: undefined } }).cut();
  assert.equal(broker.core.sessions.get('now'), undefined);
  assert.equal(broker.core.connections.size, 0);
  const properties = { sessionExpiryInterval: 100 };
  broker.connect('later', { properties, will: { ...will, properties: { willDelayInterval: 1 } } }).cut();
  broker.advance(2000);
  assert.equal(errors.length, 2);
});

test('an interceptor that removes itself hides the message from no other one', () => {
  const seen: string[] = [];
  const interceptors = [
    {
      intercept: () => {
        interceptors.shift();
        return undefined;
      },
    },
    {
      intercept: ({ topic }: { topic: string }) => {
        seen.push(topic);
        return undefined;
      },
    },
  ];
  const broker = new TestBroker({ interceptors });
  broker.connect('publisher').publish('t', 'x');
  assert.deepEqual(seen, ['t']);
});

test('what a program publishes when a message was too large carries an alias of its own', () => {
  let said = false;
  const publish = (topic: string, payload: string) =>
    broker.core.publish({ topic, payload: textBytes(payload), qos: 0, retain: false, properties: undefined });
  const broker: TestBroker = new TestBroker({
    observer: {
      dropping: () => {
        if (said) return;
        said = true;
        publish('large', 'small now');
        publish('b', 'b');
      },
    },
  });
  const client = broker.connect('client', { properties: { maximumPacketSize: 60, topicAliasMaximum: 10 } });
  client.subscribe('#');
  publish('large', 'x'.repeat(200));
  publish('c', 'c');
  publish('b', 'b again');
  const topics = new Map<number, string>();
  const got = client.takeMessages().map(({ topic, payload, properties }) => {
    const alias = properties!.topicAlias!;
    if (topic !== '') topics.set(alias, topic);
    return `${topics.get(alias)}: ${textOf(payload)}`;
  });
  assert.deepEqual(got, ['large: small now', 'b: b', 'c: c', 'b: b again']);
});

test('a publisher that a program ends while its packets are read has no later one taken', () => {
  const broker: TestBroker = new TestBroker({
    observer: { dropping: () => void broker.core.disconnect('publisher', 0x98, 'enough') },
  });
  const small = broker.connect('small', { properties: { maximumPacketSize: 60 } });
  small.subscribe('t');
  const publisher = broker.connect('publisher');
  const packet = (payload: string, qos: QoS) =>
    encodePacket(
      {
        type: PacketType.publish,
        topic: 't',
        payload: textBytes(payload),
        qos,
        retain: false,
        dup: false,
        packetId: qos,
      },
      publisher.version,
    );
  publisher.sendBytes(
    new Uint8Array(Buffer.concat([packet('x'.repeat(100), 0), packet('late', 1), packet('later', 0)])),
  );
  assert.ok(publisher.closed);
  assert.deepEqual(small.takeMessages(), []);
});

test('a broker that a program stops when it hears of a take-over counts no client and keeps no clean session', () => {
  const broker: TestBroker = new TestBroker({ observer: { disconnected: () => broker.core.close() } });
  broker.connect('c');
  const second = broker.open();
  second.send({ type: PacketType.connect, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientId: 'c' });
  assert.ok(second.closed);
  assert.equal(broker.core.metrics.clientsConnected, 0);
  assert.equal(broker.core.sessions.size, 0);
});

test('an authenticator whose data cannot be sent leaves no session behind', () => {
  const broker = new TestBroker({
    authenticator: { authenticate: () => ({ outcome: 'accept', data: new Uint8Array(70_000) }) },
  });
  const client = broker.open();
  const { reasonCode } = client.tryConnect('c', { properties: { authenticationMethod: 'test' } });
  assert.ok(reasonCode >= 0x80);
  assert.ok(client.closed);
  assert.equal(broker.core.sessions.size, 0);
});
