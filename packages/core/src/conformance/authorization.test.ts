import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authorizer, Decision } from '@cauldron/core';
import { PacketType, ReasonCode, type SubackPacket } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;
const no = { reasonCode: ReasonCode.notAuthorized, reason: 'not for you' };

/** Allows everything that does not speak of secrets. */
const guard: Authorizer = {
  authorizePublish: (_client, topic) => (topic.includes('secret') ? no : true),
  authorizeSubscribe: (_client, filter) => (filter.includes('secret') ? no : true),
};

/** Lets everything that was promised so far happen. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

test('a publish that is not allowed reaches nobody: 5.0 hears 0x87 and why, 3.x gets its acknowledgement, QoS 0 nothing', () => {
  for (const version of versions) {
    const denied: string[] = [];
    const broker = new TestBroker({
      authorizer: guard,
      observer: { denied: (client, action, topic) => denied.push(`${client.clientId} ${action} ${topic}`) },
    });
    const client = broker.connect('c');
    client.subscribe('#');
    const publisher = broker.connect('p', { version });
    publisher.publish('secret', 'x', { retain: true });
    assert.deepEqual(publisher.take(), []);
    for (const [qos, type] of [
      [1, PacketType.puback],
      [2, PacketType.pubrec],
    ] as const) {
      publisher.publish('secret', 'x', { qos, packetId: 7 });
      const answer = publisher.takeOne() as {
        type: number;
        reasonCode: number;
        properties?: { reasonString?: string };
      };
      assert.deepEqual([answer.type, answer.reasonCode], [type, version === 5 ? ReasonCode.notAuthorized : 0]);
      assert.equal(answer.properties?.reasonString, version === 5 ? 'not for you' : undefined);
    }
    if (version < 5) {
      publisher.publish('secret', 'x', { qos: 2, packetId: 7, dup: true });
      publisher.ack(PacketType.pubrel, 7);
      assert.deepEqual(
        publisher.take().map(({ type }) => type),
        [PacketType.pubrec, PacketType.pubcomp],
      );
    }
    publisher.publish('open', 'fine', { qos: 2, packetId: 7 });
    assert.deepEqual(texts(client), ['fine']);
    assert.equal(broker.core.retained.count, 0);
    assert.deepEqual(denied, Array(3).fill('p publish secret'));
  }
});

test('a subscription that is not allowed is refused in its place: 0x87, or 0x80 in 3.x', () => {
  for (const version of versions) {
    const broker = new TestBroker({ authorizer: guard });
    const client = broker.connect('c', { version });
    client.send({
      type: PacketType.subscribe,
      packetId: 3,
      subscriptions: ['a', 'secret/#', '$share/g/secret', 'b'].map((filter) => ({
        filter,
        qos: 1 as const,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0 as const,
      })),
    });
    const suback = client.takeOne() as SubackPacket;
    const code = version === 5 ? ReasonCode.notAuthorized : 0x80;
    assert.deepEqual(suback.reasonCodes, [1, code, code, 1]);
    assert.equal(suback.properties?.reasonString, version === 5 ? 'not for you' : undefined);
    assert.equal(broker.core.router.subscriptions, 2);
  }
});

test('a client that wants no problem information is told the code and no reason [MQTT-3.1.2-29]', () => {
  const broker = new TestBroker({ authorizer: guard });
  const client = broker.connect('c', { properties: { requestProblemInformation: 0 } });
  client.publish('secret', 'x', { qos: 1 });
  assert.equal((client.takeOne() as { properties?: object }).properties, undefined);
  assert.equal(client.subscribe('secret').properties, undefined);
});

/** An authorizer whose answers a test gives when it likes. */
class LateAuthorizer implements Authorizer {
  readonly asked: string[] = [];
  readonly #answers: ((decision: Decision) => void)[] = [];

  authorizePublish(_client: unknown, topic: string): Promise<Decision> {
    return this.#ask(`publish ${topic}`);
  }

  authorizeSubscribe(_client: unknown, filter: string): Promise<Decision> {
    return this.#ask(`subscribe ${filter}`);
  }

  #ask(what: string): Promise<Decision> {
    this.asked.push(what);
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  async answer(decision: Decision = true): Promise<void> {
    this.#answers.shift()!(decision);
    await settle();
  }
}

test('an authorizer that takes its time keeps the order of a client and holds up nobody else', async () => {
  const late = new LateAuthorizer();
  const broker = new TestBroker({
    authorizer: {
      authorizePublish: (client, topic) => (client.clientId === 'p' ? late.authorizePublish(client, topic) : true),
      authorizeSubscribe: () => true,
    },
  });
  const client = broker.connect('c');
  client.subscribe('#');
  const publisher = broker.connect('p');
  publisher.publish('a', '1', { qos: 1, packetId: 1 });
  publisher.publish('b', '2', { qos: 0 });
  publisher.publish('c', '3', { qos: 2, packetId: 2 });
  publisher.send({ type: PacketType.pingreq });
  assert.deepEqual(late.asked, ['publish a']);
  assert.equal(publisher.link.paused, true);
  broker.connect('quick').publish('q', 'passes', { qos: 1 });
  assert.deepEqual(texts(client), ['passes']);
  await late.answer();
  await late.answer(no);
  assert.deepEqual(late.asked, ['publish a', 'publish b', 'publish c']);
  assert.deepEqual(
    publisher.take().map(({ type }) => type),
    [PacketType.puback],
  );
  await late.answer();
  assert.deepEqual(
    publisher.take().map(({ type }) => type),
    [PacketType.pubrec, PacketType.pingresp],
  );
  assert.equal(publisher.link.paused, false);
  assert.deepEqual(texts(client), ['1', '3']);
});

test('a message keeps topic, alias, properties and payload while its authorization is pending', async () => {
  const late = new LateAuthorizer();
  const broker = new TestBroker({
    authorizer: { authorizePublish: late.authorizePublish.bind(late), authorizeSubscribe: () => true },
  });
  const client = broker.connect('c');
  client.subscribe('#');
  const publisher = broker.connect('p');
  const properties = { contentType: 'a', topicAlias: 4 };
  publisher.publish('t', '1', { properties });
  publisher.publish('', '2', { qos: 1, properties });
  await late.answer();
  await late.answer();
  assert.deepEqual(
    client.takeMessages().map(({ topic, payload, properties: sent }) => [topic, textOf(payload), sent]),
    [
      ['t', '1', { contentType: 'a' }],
      ['t', '2', { contentType: 'a' }],
    ],
  );
});

test('the filters of one SUBSCRIBE are asked for together and answered in their order, however the answers come', async () => {
  const late = new LateAuthorizer();
  const broker = new TestBroker({ authorizer: late });
  const client = broker.connect('c');
  const subscriptions = ['a', 'b', 'c'].map((filter) => ({
    filter,
    qos: 1 as const,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0 as const,
  }));
  client.send({ type: PacketType.subscribe, packetId: 1, subscriptions }, { type: PacketType.pingreq });
  assert.equal(late.asked.length, 3);
  await late.answer();
  await late.answer(no);
  assert.deepEqual(client.take(), []);
  await late.answer();
  const [suback, pingresp] = client.take();
  assert.deepEqual((suback as SubackPacket).reasonCodes, [1, ReasonCode.notAuthorized, 1]);
  assert.equal(pingresp?.type, PacketType.pingresp);
});

test('an answer for a client that is gone changes nothing', async () => {
  const late = new LateAuthorizer();
  const broker = new TestBroker({ authorizer: late });
  const client = broker.connect('c');
  client.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ filter: 'a', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  });
  client.cut();
  await late.answer();
  assert.equal(broker.core.router.subscriptions, 0);
});

test('an authorizer whose promise is rejected ends the connection with an unspecified error', async () => {
  const errors: unknown[] = [];
  const broker = new TestBroker({
    authorizer: {
      authorizePublish: () => Promise.reject(new Error('the directory is down')),
      authorizeSubscribe: () => true,
    },
    observer: { internalError: (error) => errors.push(error) },
  });
  const client = broker.connect('c');
  client.publish('t', 'x', { qos: 1 });
  await settle();
  assert.equal((client.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.unspecifiedError);
  assert.equal(client.closed, true);
  assert.match(String(errors[0]), /directory is down/);
});
