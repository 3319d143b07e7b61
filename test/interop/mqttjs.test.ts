// MQTT.js, the client most Node programs use, with MQTT 3.1.1 and 5.0.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { ReasonCode } from '@cauldron/protocol';
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { nextEvent, startBroker, until } from '../support/broker.ts';

interface Joined {
  readonly client: MqttClient;
  /** Every PUBLISH it got. */
  readonly messages: IPublishPacket[];
}

async function join(t: TestContext, port: number, options: IClientOptions = {}): Promise<Joined> {
  const messages: IPublishPacket[] = [];
  const client = connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...options });
  t.after(() => void client.end(true));
  // Before it is connected: the messages of a resumed session come with the CONNACK.
  client.on('message', (_topic, _payload, packet) => void messages.push(packet));
  await new Promise<void>((resolve, reject) => void client.once('connect', () => resolve()).once('error', reject));
  return { client, messages };
}

const textOf = ({ payload }: IPublishPacket): string => String(payload);

for (const protocolVersion of [4, 5] as const) {
  const who = `MQTT.js with ${protocolVersion === 4 ? '3.1.1' : '5.0'}`;

  test(`${who}: each QoS comes through both ways`, async (t) => {
    const { port } = await startBroker(t);
    const { client, messages } = await join(t, port, { protocolVersion });
    for (const qos of [0, 1, 2] as const) await client.subscribeAsync(`q/${qos}/#`, { qos });
    for (const granted of [0, 1, 2]) {
      for (const qos of [0, 1, 2] as const) await client.publishAsync(`q/${granted}/${qos}`, `${qos}`, { qos });
    }
    await until('nine messages', () => messages.length === 9);
    assert.deepEqual(
      messages.map(({ topic, qos }) => `${topic} ${qos}`),
      ['q/0/0 0', 'q/0/1 0', 'q/0/2 0', 'q/1/0 0', 'q/1/1 1', 'q/1/2 1', 'q/2/0 0', 'q/2/1 1', 'q/2/2 2'],
    );
  });

  test(`${who}: 250 QoS 2 messages arrive once each and in order`, async (t) => {
    const { port } = await startBroker(t);
    const { client, messages } = await join(t, port, { protocolVersion });
    await client.subscribeAsync('count', { qos: 2 });
    // MQTT.js takes no notice of the Receive Maximum (256), so the burst has to.
    const sent = Array.from({ length: 250 }, (_, i) => String(i));
    await Promise.all(sent.map((text) => client.publishAsync('count', text, { qos: 2 })));
    await until('250 messages', () => messages.length >= 250);
    assert.deepEqual(messages.map(textOf), sent);
  });

  test(`${who}: a retained message comes to a new subscription, and no longer when it was cleared`, async (t) => {
    const { broker, port } = await startBroker(t);
    const { client, messages } = await join(t, port, { protocolVersion });
    await client.publishAsync('r/1', 'kept', { retain: true, qos: 1 });
    await client.subscribeAsync('r/#');
    await until('the retained message', () => messages.length === 1);
    assert.deepEqual([textOf(messages[0]!), messages[0]!.retain], ['kept', true]);
    await client.publishAsync('r/1', '', { retain: true, qos: 1 });
    assert.equal(broker.core.retained.count, 0);
  });

  test(`${who}: a will comes when the socket is destroyed, and not after end()`, async (t) => {
    const { broker, port } = await startBroker(t);
    const { client: watcher, messages } = await join(t, port, { protocolVersion });
    await watcher.subscribeAsync('wills/#', { qos: 1 });
    const will = (topic: string) => ({ topic, payload: Buffer.from('gone'), qos: 1 as const, retain: false });
    const { client: polite } = await join(t, port, { protocolVersion, will: will('wills/polite') });
    const { client: cut } = await join(t, port, { protocolVersion, will: will('wills/cut') });
    const left = nextEvent(broker, 'disconnect');
    await polite.endAsync();
    await left;
    cut.stream.destroy();
    await until('a will', () => messages.length > 0);
    assert.deepEqual(
      messages.map(({ topic }) => topic),
      ['wills/cut'],
    );
  });

  test(`${who}: what was published while a persistent session's client was away comes on its return`, async (t) => {
    const { port } = await startBroker(t);
    const session: IClientOptions = {
      protocolVersion,
      clientId: 'stays',
      clean: false,
      ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 60 } }),
    };
    const { client: first } = await join(t, port, session);
    await first.subscribeAsync('away/#', { qos: 2 });
    await first.endAsync();
    const { client: other } = await join(t, port, { protocolVersion });
    for (const qos of [0, 1, 2] as const) await other.publishAsync(`away/${qos}`, 'x', { qos });
    const { client: back, messages } = await join(t, port, session);
    await until('two messages', () => messages.length === 2);
    assert.deepEqual(
      messages.map(({ topic, qos }) => `${topic} ${qos}`),
      ['away/1 1', 'away/2 2'],
    );
    await back.publishAsync('away/again', 'x', { qos: 1 });
    await until('the subscription to be there still', () => messages.length === 3);
  });

  test(`${who}: shared subscriptions take turns`, async (t) => {
    const { port } = await startBroker(t);
    const members = [await join(t, port, { protocolVersion }), await join(t, port, { protocolVersion })];
    for (const { client } of members) await client.subscribeAsync('$share/g/jobs', { qos: 1 });
    const { client } = await join(t, port, { protocolVersion });
    for (let i = 0; i < 10; i++) await client.publishAsync('jobs', String(i), { qos: 1 });
    await until('ten messages', () => members.flatMap(({ messages }) => messages).length === 10);
    assert.deepEqual(
      members.map(({ messages }) => messages.length),
      [5, 5],
    );
  });

  test(`${who}: who connects with an identifier in use takes the connection over`, async (t) => {
    const { port } = await startBroker(t);
    const { client: old } = await join(t, port, { protocolVersion, clientId: 'one' });
    const disconnects: number[] = [];
    old.on('disconnect', (packet) => void disconnects.push(packet.reasonCode!));
    const closed = new Promise<void>((resolve) => void old.once('close', () => resolve()));
    await join(t, port, { protocolVersion, clientId: 'one' });
    await closed;
    assert.deepEqual(disconnects, protocolVersion === 5 ? [ReasonCode.sessionTakenOver] : []);
  });

  test(`${who}: a refused connection is an error with the code of the refusal`, async (t) => {
    const { port } = await startBroker(
      t,
      {},
      {
        authenticator: {
          authenticate: () => ({ outcome: 'refuse', reasonCode: ReasonCode.notAuthorized, reasonString: 'not today' }),
        },
      },
    );
    await assert.rejects(join(t, port, { protocolVersion }), { code: protocolVersion === 5 ? 0x87 : 5 });
  });

  test(`${who}: a payload of 1 MB comes back as it was`, async (t) => {
    const { port } = await startBroker(t);
    const { client, messages } = await join(t, port, { protocolVersion });
    await client.subscribeAsync('big', { qos: 2 });
    const payload = randomBytes(1_000_000);
    await client.publishAsync('big', payload, { qos: 2 });
    await until('the message', () => messages.length === 1);
    assert.ok(payload.equals(messages[0]!.payload as Buffer));
  });
}

test('MQTT.js with 5.0: user properties keep their order, and request/response properties arrive', async (t) => {
  const { port } = await startBroker(t);
  const { client, messages } = await join(t, port, { protocolVersion: 5 });
  await client.subscribeAsync('ask', { qos: 1, properties: { subscriptionIdentifier: 42 } });
  const properties = {
    responseTopic: 'answers/1',
    correlationData: Buffer.from([0, 255, 1]),
    contentType: 'application/json',
    payloadFormatIndicator: true,
    userProperties: { from: ['kitchen', 'cellar'], to: 'cook' },
  };
  await client.publishAsync('ask', '{}', { qos: 1, properties });
  await until('the message', () => messages.length === 1);
  assert.deepEqual(
    { ...messages[0]!.properties, userProperties: { ...messages[0]!.properties!.userProperties } },
    {
      ...properties,
      subscriptionIdentifier: 42,
    },
  );
});

test('MQTT.js with 5.0: aliases given by either side stand for the topic', async (t) => {
  const { port } = await startBroker(t);
  const { client: publisher } = await join(t, port, { protocolVersion: 5, autoAssignTopicAlias: true });
  const aliased: (number | undefined)[] = [];
  const options = { protocolVersion: 5, properties: { topicAliasMaximum: 5 } } as const;
  const { client, messages } = await join(t, port, options);
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'publish') aliased.push(packet.properties?.topicAlias);
  });
  await client.subscribeAsync('long/topic/name', { qos: 1 });
  for (const text of ['a', 'b', 'c']) await publisher.publishAsync('long/topic/name', text, { qos: 1 });
  await until('three messages', () => messages.length === 3);
  assert.deepEqual(messages.map(textOf), ['a', 'b', 'c']);
  assert.deepEqual(aliased, [1, 1, 1]);
});

test('MQTT.js with 5.0: no-local keeps what a client published from itself, retain handling 2 the retained ones', async (t) => {
  const { port } = await startBroker(t);
  const { client, messages } = await join(t, port, { protocolVersion: 5 });
  const { client: other } = await join(t, port, { protocolVersion: 5 });
  await other.publishAsync('own/kept', 'retained', { retain: true, qos: 1 });
  await client.subscribeAsync('own/#', { qos: 1, nl: true, rh: 2 });
  await client.publishAsync('own/1', 'mine', { qos: 1 });
  await other.publishAsync('own/2', 'theirs', { qos: 1 });
  await until('a message', () => messages.length > 0);
  assert.deepEqual(messages.map(textOf), ['theirs']);
});

test('MQTT.js with 5.0: a client without an identifier is given one, and a session expires when it is told to', async (t) => {
  const { broker, port } = await startBroker(t);
  const options = { protocolVersion: 5, clientId: '', clean: true, properties: { sessionExpiryInterval: 1 } } as const;
  const connected = nextEvent(broker, 'connect');
  const { client } = await join(t, port, options);
  const [{ clientId }] = await connected;
  assert.match(clientId, /^auto-/);
  const ended = nextEvent(broker, 'sessionEnd');
  await client.endAsync();
  assert.deepEqual(await ended, [clientId, 'expired']);
});

test('MQTT.js with 5.0: a message expires in the queue of a session that is away', async (t) => {
  const { broker, port } = await startBroker(t);
  const session = {
    protocolVersion: 5,
    clientId: 'late',
    clean: false,
    properties: { sessionExpiryInterval: 60 },
  } as const;
  const { client } = await join(t, port, session);
  await client.subscribeAsync('news', { qos: 1 });
  await client.endAsync();
  broker.publish('news', 'stale', { qos: 1, properties: { messageExpiryInterval: 1 } });
  broker.publish('news', 'fresh', { qos: 1, properties: { messageExpiryInterval: 100 } });
  const due = broker.core.now + 1250;
  await until('the first to expire', () => broker.core.now > due);
  const { messages } = await join(t, port, session);
  await until('the other', () => messages.length > 0);
  assert.deepEqual(messages.map(textOf), ['fresh']);
  assert.ok(messages[0]!.properties!.messageExpiryInterval! <= 99);
});
