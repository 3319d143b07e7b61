import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet, PublishPacket } from '@cauldron/protocol';
import { encodeUtf8, PacketType } from '@cauldron/protocol';
import { Client } from './client.ts';
import type { ClientOptions } from './options.ts';
import type { Responder } from './requests.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { message } from './testing/messages.ts';
import { answer, type BrokerLink, type Reaction, ScriptedBroker, startClient } from './testing/scripted-broker.ts';

const isRequest = (packet: Packet): packet is PublishPacket => packet.type === PacketType.publish;

/** The response to a request. */
function response({ properties }: PublishPacket, text: string): PublishPacket {
  const { responseTopic, correlationData } = properties!;
  return { ...message(responseTopic!, text), properties: { correlationData: correlationData! } };
}

/** Says `TOPIC:PAYLOAD` to each request. */
const echo: Reaction = (packet, link) => {
  if (!isRequest(packet)) return undefined;
  link.send(response(packet, `${packet.topic}:${new TextDecoder().decode(packet.payload)}`));
  return false;
};

test('a request is answered by the response with its correlation data', async () => {
  const { platform, client, broker } = await startClient({ clientId: 'me' }, echo);
  const asked = client.request('add', '1');
  await platform.settle();
  assert.equal((await asked).text(), 'add:1');
  assert.deepEqual(
    broker.all(PacketType.subscribe).map(({ subscriptions }) => subscriptions[0]!.filter),
    ['cauldron/responses/me'],
  );
  assert.equal(platform.timers, 1, 'only the keep alive is left');
});

test('requests at the same time share one subscription, and each gets its own response, in whatever order they come', async () => {
  const asked: PublishPacket[] = [];
  const { platform, client, broker } = await startClient({}, (packet) => {
    if (isRequest(packet)) asked.push(packet);
    return undefined;
  });
  const answers = ['a', 'b', 'c'].map((text) => client.request('q', text));
  await platform.settle();
  for (const packet of asked.toReversed()) {
    broker.link.send(response(packet, new TextDecoder().decode(packet.payload).toUpperCase()));
  }
  await platform.settle();
  assert.deepEqual(
    (await Promise.all(answers)).map((one) => one.text()),
    ['A', 'B', 'C'],
  );
  assert.equal(broker.all(PacketType.subscribe).length, 1);
});

test('the properties and QoS of a request are the program’s, but for response topic and correlation data', async () => {
  const { platform, client, broker } = await startClient({}, echo);
  void client.request('q', '', { qos: 1, properties: { contentType: 'text/x', responseTopic: 'not/mine' } });
  await platform.settle();
  const [sent] = broker.all(PacketType.publish);
  assert.equal(sent?.qos, 1);
  assert.equal(sent?.properties?.contentType, 'text/x');
  assert.match(sent!.properties!.responseTopic!, /^cauldron\/responses\/cauldron-/);
});

test('the broker’s response information is the base of the response topic', async () => {
  const { platform, client, broker } = await startClient({ clientId: 'me' }, (packet, link) => {
    if (packet.type !== PacketType.connect) return echo(packet, link);
    const properties = { responseInformation: 'private/of-me/' };
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0, properties });
    return true;
  });
  const asked = client.request('q', '');
  await platform.settle();
  await asked;
  assert.equal(broker.all(PacketType.subscribe)[0]?.subscriptions[0]?.filter, 'private/of-me/me');
});

test('a client identifier with wildcards makes a response topic without them', async () => {
  const { platform, client, broker } = await startClient({ clientId: 'a+b#/c' }, echo);
  const asked = client.request('q', '');
  await platform.settle();
  await asked;
  assert.equal(broker.all(PacketType.publish)[0]?.properties?.responseTopic, 'cauldron/responses/a_b_/c');
});

test('nobody answers: TIMEOUT says which request, how long, and what to look at', async () => {
  const { platform, client } = await startClient();
  const asked = client.request('add', '1', { timeout: 2000 });
  await Promise.all([
    platform.advance(2000),
    assert.rejects(asked, (error: Error & { code: string }) => {
      assert.equal(error.code, 'TIMEOUT');
      assert.match(error.message, /nobody answered the request on add within 2000 ms; is a responder subscribed/);
      return true;
    }),
  ]);
  assert.equal(platform.timers, 1);
});

test('a request while there is no connection times out too, and is not sent afterwards', async () => {
  const { platform, client, broker } = await startClient({ reconnect: { minDelay: 60_000, maxDelay: 60_000 } });
  broker.link.cut();
  await platform.settle();
  const asked = client.request('add', '1', { timeout: 10 });
  await Promise.all([platform.advance(10), assert.rejects(asked, { code: 'TIMEOUT' })]);
  await platform.advance(60_000);
  assert.equal(client.connected, true);
  assert.deepEqual(broker.all(PacketType.publish), []);
});

test('a request made while offline is sent when the connection is there', async () => {
  const { platform, client, broker } = await startClient({}, echo);
  broker.link.cut();
  await platform.settle();
  const asked = client.request('q', 'x');
  await platform.advance(5000);
  assert.equal((await asked).text(), 'q:x');
});

test('a request whose signal is aborted, before or meanwhile, is given up', async () => {
  const { platform, client, broker } = await startClient();
  await assert.rejects(client.request('q', '', { signal: AbortSignal.abort() }), { code: 'ABORTED' });
  const controller = new AbortController();
  const asked = client.request('q', '', { signal: controller.signal });
  await platform.settle();
  controller.abort();
  await assert.rejects(asked, { code: 'ABORTED', message: 'the request was given up: its signal was aborted' });
  broker.link.cut();
  await platform.settle();
  const offline = new AbortController();
  const later = client.request('q', '', { signal: offline.signal });
  offline.abort();
  await assert.rejects(later, { code: 'ABORTED' });
});

test('a response to a request of an earlier process with the same client identifier answers nothing', async () => {
  const asked: PublishPacket[] = [];
  const take: Reaction = (packet) => {
    if (isRequest(packet)) asked.push(packet);
    return undefined;
  };
  const earlier = await startClient({ clientId: 'me' }, take);
  void earlier.client.request('q', '').catch(() => undefined);
  await earlier.platform.settle();
  const platform = new FakePlatform(2); // another process, another seed
  const broker = new ScriptedBroker(platform, take);
  const client = new Client(platform, 'mqtt://broker', { clientId: 'me' });
  void client.start(false);
  await platform.settle();
  let isAnswered = false;
  const now = client.request('q', '');
  void now.then(() => {
    isAnswered = true;
  });
  await platform.settle();
  broker.link.send(response(asked[0]!, 'old'));
  await platform.settle();
  assert.equal(isAnswered, false);
  broker.link.send(response(asked[1]!, 'new'));
  await platform.settle();
  assert.equal((await now).text(), 'new');
});

test('messages on the response topic that answer nothing are ignored', async () => {
  const { platform, broker, client } = await startClient({ clientId: 'me' });
  const asked = client.request('q', '', { timeout: 100 });
  await platform.settle();
  for (const correlationData of [undefined, [], [0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]]) {
    const properties = correlationData === undefined ? {} : { correlationData: Uint8Array.from(correlationData) };
    broker.link.send({ ...message('cauldron/responses/me', 'x'), properties });
  }
  await Promise.all([platform.advance(100), assert.rejects(asked, { code: 'TIMEOUT' })]);
});

test('a refused response topic, a refused publish and the end of the client reject the request', async () => {
  const refuse = (type: number): Reaction => {
    return (packet, link) => {
      if (packet.type !== type) return undefined;
      if (packet.type === PacketType.subscribe) {
        link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [0x87] });
      } else if (isRequest(packet)) link.send({ type: PacketType.puback, packetId: packet.packetId, reasonCode: 0x87 });
      return true;
    };
  };
  const one = await startClient({}, refuse(PacketType.subscribe));
  const unsubscribed = one.client.request('q', '');
  await Promise.all([one.platform.settle(), assert.rejects(unsubscribed, { code: 'SUBSCRIBE_REFUSED' })]);
  one.broker.reaction = echo;
  const again = one.client.request('q', '2');
  await one.platform.settle();
  assert.equal((await again).text(), 'q:2', 'the next request asks again');

  const two = await startClient({}, refuse(PacketType.publish));
  const unpublished = two.client.request('q', '', { qos: 1 });
  await Promise.all([two.platform.settle(), assert.rejects(unpublished, { code: 'PUBLISH_REFUSED' })]);

  const three = await startClient();
  const unanswered = three.client.request('q', '');
  await three.platform.settle();
  void three.client.end();
  await Promise.all([three.platform.settle(), assert.rejects(unanswered, { code: 'CONNECTION_CLOSED' })]);
  await assert.rejects(three.client.request('q', ''), { code: 'CONNECTION_CLOSED' });
});

test('after a reconnect that lost the session, requests are answered again', async () => {
  const { platform, broker, client } = await startClient({}, echo);
  const before = client.request('q', '1');
  await platform.settle();
  await before;
  broker.link.cut();
  await platform.advance(5000);
  const after = client.request('q', '2');
  await platform.settle();
  assert.equal((await after).text(), 'q:2');
  assert.equal(broker.link.all(PacketType.subscribe).length, 1);
});

test('requests and responders over MQTT 3.1.1 are refused at once', async () => {
  const { platform, client } = await startClient({ protocolVersion: 4 });
  const asked = client.request('q', '');
  await Promise.all([platform.settle(), assert.rejects(asked, { code: 'UNSUPPORTED_PROTOCOL_VERSION' })]);
  const responds = client.respond('q', () => '');
  await Promise.all([platform.settle(), assert.rejects(responds, { code: 'UNSUPPORTED_PROTOCOL_VERSION' })]);
});

// ---- responders

const request = (topic: string, text: string, id: number, qos: 0 | 1 = 0): PublishPacket => ({
  ...message(topic, text, qos, qos === 0 ? 0 : id),
  properties: { responseTopic: 'back', correlationData: Uint8Array.of(id) },
});

async function responder(options: ClientOptions, work: Responder, reaction?: Reaction) {
  const scene = await startClient(options, reaction);
  const subscription = scene.client.respond('add', work, { qos: 1 });
  await scene.platform.settle();
  return { ...scene, subscription: await subscription };
}

const answers = (link: BrokerLink) =>
  link.all(PacketType.publish).map(({ topic, payload, properties, qos }) => {
    return `${topic} ${new TextDecoder().decode(payload)} ${properties?.correlationData} ${qos}`;
  });

test('what a responder returns goes to the response topic, with the correlation data and QoS of the request', async () => {
  const { platform, broker } = await responder({}, async (one) => `${one.text()}!`);
  broker.link.send(request('add', 'a', 1), request('add', 'b', 2, 1));
  await platform.settle();
  assert.deepEqual(answers(broker.link), ['back a! 1 0', 'back b! 2 1']);
  assert.equal(broker.all(PacketType.puback).length, 1);
});

test('a responder that returns nothing sends nothing, and one without a response topic neither', async () => {
  const { platform, broker } = await responder({}, (one) => (one.text() === 'quiet' ? undefined : 'x'));
  broker.link.send(request('add', 'quiet', 1, 1), message('add', 'loud', 1, 2));
  await platform.settle();
  assert.deepEqual(answers(broker.link), []);
  assert.equal(broker.all(PacketType.puback).length, 2);
});

test('a request is acknowledged when its response was accepted', async () => {
  const { platform, broker } = await responder(
    {},
    () => 'x',
    (packet, link) => {
      if (isRequest(packet)) return true;
      answer(packet, link);
      return true;
    },
  );
  broker.link.send(request('add', '', 1, 1));
  await platform.settle();
  assert.deepEqual(broker.all(PacketType.puback), []);
  broker.link.send({ type: PacketType.puback, packetId: broker.all(PacketType.publish)[0]!.packetId, reasonCode: 0 });
  await platform.settle();
  assert.equal(broker.all(PacketType.puback).length, 1);
});

test('a responder that fails goes to onError, answers nothing, and goes on with the next request', async () => {
  const failures: string[] = [];
  const { platform, broker } = await responder({ onError: (error) => failures.push(error.message) }, (one) => {
    if (one.text() === 'bad') throw new Error('cannot');
    return 'fine';
  });
  broker.link.send(request('add', 'bad', 1), request('add', 'good', 2));
  await platform.settle();
  assert.deepEqual(failures, ['cannot']);
  assert.deepEqual(answers(broker.link), ['back fine 2 0']);
});

test('a response that the broker refuses does not take down the responder: whoever asks names the topic', async () => {
  const refuse: Reaction = (packet, link) => {
    if (!isRequest(packet)) return undefined;
    link.send({ type: PacketType.puback, packetId: packet.packetId, reasonCode: 0x87 });
    return true;
  };
  const failures: string[] = [];
  for (const options of [{}, { onError: (error: Error) => void failures.push(error.message) }]) {
    const { platform, broker, client } = await responder(options, () => 'x', refuse);
    broker.link.send(request('add', '', 1, 1));
    await platform.settle();
    assert.equal(client.connected, true);
    assert.equal(broker.all(PacketType.puback).length, 1, 'there is nothing to try again');
  }
  assert.deepEqual(failures, ['the broker refused a message on back: Not authorized (0x87)']);
});

test('the payload of a response may be bytes', async () => {
  const { platform, broker, client } = await startClient();
  void client.respond('add', () => encodeUtf8('bytes'));
  await platform.settle();
  broker.link.send(request('add', '', 1));
  await platform.settle();
  assert.deepEqual(answers(broker.link), ['back bytes 1 0']);
});
