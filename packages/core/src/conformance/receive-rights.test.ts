import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authenticator, Authorizer, ClientInfo, Decision } from '@cauldron/core';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { DurableBroker, TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const no = { reasonCode: ReasonCode.notAuthorized, reason: 'not for you' };

/** Rules of a test: what stands in `secrets` may be read by the users named there only, and nobody else writes `locked`. */
class Rules implements Authorizer {
  epoch = 1;
  asked = 0;
  readers: readonly string[] = [];
  readonly locked = new Set<string>();

  authorizePublish(_client: ClientInfo, topic: string): Decision {
    this.asked += 1;
    return this.locked.has(topic) ? no : true;
  }

  authorizeSubscribe(client: ClientInfo, filter: string): Decision {
    return filter.startsWith('secret') && !this.readers.includes(client.username ?? '') ? no : true;
  }

  authorizeReceive(client: ClientInfo, topic: string): boolean {
    return !topic.startsWith('secret') || this.readers.includes(client.username ?? '');
  }

  change(broker: TestBroker, change: (rules: this) => void): void {
    change(this);
    this.epoch += 1;
    broker.core.rulesChanged();
  }
}

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

test('a client that subscribed to everything gets nothing its rights deny, live, retained or queued', () => {
  for (const qos of [0, 1, 2] as const) {
    const rules = new Rules();
    rules.readers = ['anna'];
    const broker = new TestBroker({ authorizer: rules });
    const anna = broker.connect('a', { username: 'anna' });
    const ben = broker.connect('b', { username: 'ben', cleanStart: false, properties: { sessionExpiryInterval: 100 } });
    const publisher = broker.connect('p');
    publisher.publish('secret/plan', 'kept', { retain: true, qos: 0 });
    for (const client of [anna, ben]) client.subscribe('#', { qos });
    publisher.publish('secret/plan', 'live');
    publisher.publish('news', 'for all');
    assert.deepEqual(texts(anna), ['kept', 'live', 'for all']);
    assert.deepEqual(texts(ben), ['for all']);
    ben.cut();
    publisher.publish('secret/plan', 'while away', { qos: 1, packetId: 1 });
    publisher.publish('news', 'while away', { qos: 1, packetId: 2 });
    const again = broker.connect('b', {
      username: 'ben',
      cleanStart: false,
      properties: { sessionExpiryInterval: 100 },
    });
    assert.deepEqual(texts(again), qos === 0 ? [] : ['while away']);
  }
});

test('rights that change hold from the next message on, for what is matched, remembered, retained and waiting', () => {
  const rules = new Rules();
  rules.readers = ['ben'];
  const broker = new TestBroker({ authorizer: rules });
  const ben = broker.connect('b', { username: 'ben', properties: { receiveMaximum: 1 } });
  ben.subscribe('#', { qos: 1 });
  const publisher = broker.connect('p');
  publisher.publish('secret', 'one', { qos: 1, packetId: 1 });
  publisher.publish('secret', 'waits', { qos: 1, packetId: 2 });
  publisher.publish('news', 'waits too', { qos: 1, packetId: 3 });
  const [first] = ben.takeMessages();
  rules.change(broker, (one) => {
    one.readers = [];
  });
  publisher.publish('secret', 'late', { qos: 1, packetId: 4 });
  ben.ack(PacketType.puback, first!.packetId!);
  assert.deepEqual(texts(ben), ['waits too']);
  assert.equal(broker.core.metrics.droppedNotAllowed, 1);
  rules.change(broker, (one) => {
    one.readers = ['ben'];
  });
  publisher.publish('secret', 'again');
  assert.deepEqual(texts(broker.connect('b2')), []);
});

test('a message in flight is not sent again to a client that may not have it any more', () => {
  const rules = new Rules();
  rules.readers = ['ben'];
  const broker = new TestBroker({ authorizer: rules });
  const login = { username: 'ben', cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const ben = broker.connect('b', login);
  ben.subscribe('#', { qos: 1 });
  broker.connect('p').publish('secret', 'in flight', { qos: 1, packetId: 1 });
  assert.deepEqual(texts(ben), ['in flight']);
  ben.cut();
  rules.change(broker, (one) => {
    one.readers = [];
  });
  assert.deepEqual(texts(broker.connect('b', login)), []);
  assert.equal(broker.core.sessions.get('b')!.inflight!.size, 0);
});

test('what an earlier broker queued is looked at when it leaves, with the rights of the client that came for it', async () => {
  const rules = new Rules();
  rules.readers = ['ben'];
  const durable = new DurableBroker({ authorizer: rules });
  const ben = await durable.connect('b', { username: 'ben' });
  await durable.subscribe(ben, '#', { qos: 1 });
  ben.cut();
  const publisher = await durable.connect('p');
  publisher.publish('secret', 'before', { qos: 1 });
  publisher.publish('news', 'before', { qos: 1 });
  await durable.settle();
  rules.readers = [];
  durable.crash();
  const later = await durable.connect('p');
  later.publish('secret', 'after', { qos: 1 });
  await durable.settle();
  const again = await durable.connect('b', { username: 'ben' });
  await durable.settle();
  assert.deepEqual(
    again.takeMessages().map(({ topic, payload }) => `${topic} ${textOf(payload)}`),
    ['news before'],
  );
  later.publish('secret', 'live', { qos: 1 });
  await durable.settle();
  assert.deepEqual(again.takeMessages(), []);
});

test('a shared subscription passes a message to a member who may have it', () => {
  const rules = new Rules();
  rules.readers = ['anna'];
  const broker = new TestBroker({ authorizer: rules });
  const anna = broker.connect('a', { username: 'anna' });
  const ben = broker.connect('b', { username: 'ben' });
  for (const client of [anna, ben]) client.subscribe('$share/g/#');
  const publisher = broker.connect('p');
  for (const text of ['1', '2', '3', '4']) publisher.publish('secret', text);
  assert.deepEqual(texts(anna), ['1', '2', '3', '4']);
  rules.change(broker, (one) => {
    one.readers = [];
  });
  publisher.publish('secret', 'for nobody');
  publisher.publish('news', '5');
  publisher.publish('news', '6');
  assert.deepEqual([...texts(anna), ...texts(ben)].sort(), ['5', '6']);
});

test('an authorizer with an epoch is asked once for a topic, and again when the epoch has changed', () => {
  const rules = new Rules();
  const broker = new TestBroker({ authorizer: rules });
  const publisher = broker.connect('p');
  const reader = broker.connect('r');
  reader.subscribe('#');
  for (let i = 0; i < 5; i++) {
    for (const topic of ['a', 'b', 'c']) publisher.publish(topic, String(i));
  }
  assert.equal(rules.asked, 3);
  assert.equal(reader.takeMessages().length, 15);
  rules.change(broker, (one) => one.locked.add('b'));
  for (const topic of ['a', 'b', 'b', 'c']) publisher.publish(topic, 'x');
  assert.equal(rules.asked, 6);
  assert.deepEqual(
    reader.takeMessages().map(({ topic }) => topic),
    ['a', 'c'],
  );
});

const publishToAll = (client: TestClient, topics: number): void => {
  for (let i = 0; i < topics; i++) client.publish(`t/${i}`, '');
};

test('a client that speaks for many devices is asked about once for each of their topics', () => {
  const rules = new Rules();
  const broker = new TestBroker({ authorizer: rules });
  const gateway = broker.connect('gateway');
  for (let round = 0; round < 3; round++) publishToAll(gateway, 600);
  assert.equal(rules.asked, 600);
  rules.change(broker, (one) => one.locked.add('t/7'));
  publishToAll(gateway, 600);
  assert.equal(rules.asked, 1200);
});

test('decisions that are remembered are bounded: a client that publishes to ever new topics asks again', () => {
  const rules = new Rules();
  const broker = new TestBroker({ authorizer: rules });
  const publisher = broker.connect('p');
  for (let round = 0; round < 2; round++) publishToAll(publisher, 2000); // the core keeps 1024 topics here
  assert.ok(rules.asked > 3000, `asked ${rules.asked} times`);
});

test('what was decided about one client is never taken for another, whoever publishes to a topic in between', () => {
  const asked: string[] = [];
  const authorizePublish = ({ clientId }: ClientInfo): Decision => {
    asked.push(clientId);
    return clientId === 'good' ? true : no;
  };
  const broker = new TestBroker({
    authorizer: { epoch: 1, authorizePublish, authorizeSubscribe: () => true },
  });
  const reader = broker.connect('r');
  reader.subscribe('#');
  const [good, bad] = [broker.connect('good'), broker.connect('bad')];
  for (let round = 0; round < 4; round++) {
    for (const topic of ['x', 'y']) {
      good.publish(topic, 'good');
      bad.publish(topic, 'bad');
    }
  }
  assert.deepEqual(new Set(texts(reader)), new Set(['good']));
  assert.ok(asked.length <= 8, 'each remembers topics that both publish to');
  bad.cut();
  good.cut();
  broker.connect('bad').publish('x', 'bad');
  assert.deepEqual(texts(reader), []);
});

test('an authorizer without an epoch is asked for every message', () => {
  let asked = 0;
  const authorizePublish = () => {
    asked += 1;
    return true as const;
  };
  const broker = new TestBroker({ authorizer: { authorizePublish, authorizeSubscribe: () => true } });
  const publisher = broker.connect('p');
  for (let i = 0; i < 5; i++) publisher.publish('a', '');
  assert.equal(asked, 5);
});

test('a will is not published where its client has lost the right to', () => {
  const rules = new Rules();
  const denied: string[] = [];
  const observer = {
    denied: (client: ClientInfo, _: string, topic: string) => denied.push(`${client.clientId} ${topic}`),
  };
  const broker = new TestBroker({ authorizer: rules, observer });
  const reader = broker.connect('r');
  reader.subscribe('#');
  const client = broker.connect('c', { will: { topic: 'gone', payload: new Uint8Array([49]), qos: 0, retain: false } });
  rules.change(broker, (one) => one.locked.add('gone'));
  client.cut();
  assert.deepEqual(texts(reader), []);
  assert.deepEqual(denied, ['c gone']);
  assert.equal(broker.core.metrics.willsDenied, 1);
});

test('rechecking takes subscriptions that would not be granted any more, and tells the client by ending its connection', () => {
  const rules = new Rules();
  rules.readers = ['ben'];
  const broker = new TestBroker({ authorizer: rules });
  const login = { username: 'ben', cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const ben = broker.connect('b', login);
  ben.subscribe('secret/#');
  ben.subscribe('news');
  assert.deepEqual(broker.core.recheck(broker.core.sessions.get('b')!), []);
  rules.change(broker, (one) => {
    one.readers = [];
  });
  ben.take();
  const session = broker.core.sessions.get('b')!;
  assert.deepEqual(broker.core.recheck(session), ['secret/#']);
  broker.core.flush();
  const said = ben.takeOne() as { type: number; reasonCode: number; properties: { reasonString: string } };
  assert.deepEqual([said.type, said.reasonCode], [PacketType.disconnect, ReasonCode.notAuthorized]);
  assert.match(said.properties.reasonString, /no longer subscribe to 'secret\/#'/);
  assert.deepEqual([...session.subscriptions!.keys()], ['news']);
});

test('a client that authenticates again as another user has the rights of that user from then on', () => {
  const rules = new Rules();
  rules.readers = ['anna'];
  const authenticator: Authenticator = {
    authenticate: ({ reauthentication }) => ({ outcome: 'accept', username: reauthentication ? 'ben' : 'anna' }),
  };
  const broker = new TestBroker({ authorizer: rules, authenticator });
  const client = broker.connect('c', { properties: { authenticationMethod: 'X' } });
  client.subscribe('#');
  const publisher = broker.connect('p');
  publisher.publish('secret', 'as anna');
  client.send({
    type: PacketType.auth,
    reasonCode: ReasonCode.reauthenticate,
    properties: { authenticationMethod: 'X' },
  });
  publisher.publish('secret', 'as ben');
  publisher.publish('news', 'as ben');
  assert.deepEqual(
    client
      .take()
      .filter((packet) => packet.type === PacketType.publish)
      .map((packet) => textOf((packet as { payload: Uint8Array }).payload)),
    ['as anna', 'as ben'],
  );
});
