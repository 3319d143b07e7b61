import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Packet, PacketType, type Properties, ReasonCode } from '@cauldron/protocol';
import { type EnhancedAuthentication, enhancedAuthentication } from './authentication.ts';
import type { Client } from './client.ts';
import type { ClientOptions } from './options.ts';
import { message } from './testing/messages.ts';
import { type BrokerLink, type Reaction, type Scene, startClient } from './testing/scripted-broker.ts';

const { connect, connack, publish, puback, disconnect, auth, pingreq, pingresp } = PacketType;

/** CONNACKs with these properties. */
const connackWith =
  (properties: Properties, sessionPresent = false): Reaction =>
  (packet, link) => {
    if (packet.type !== connect) return undefined;
    link.send({ type: connack, sessionPresent, reasonCode: 0, properties });
    return true;
  };

/** The reason code of the DISCONNECT that ended a connection; undefined where it got none. */
function goodbye(link: BrokerLink): number | undefined {
  assert.notEqual(link.state, 'open');
  const last = link.received.at(-1)!;
  return last.type === disconnect ? last.reasonCode : undefined;
}

const whyWaiting = ({ state }: Client): string => String(state.status === 'waiting' ? state.reason : state.status);

const types = (link: BrokerLink) => link.received.map(({ type }) => type);

// ---- what brokers do wrong

const wrongs: readonly [what: string, code: number, bytes: readonly number[] | Packet][] = [
  ['a packet type that does not exist', 0x81, [0x00, 0x00]],
  ['a packet that only clients send', 0x82, [0xc0, 0x00]],
  ['flags that are reserved', 0x81, [0x41, 0x02, 0x00, 0x01]],
  ['a PUBLISH with both QoS bits', 0x81, [0x36, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01]],
  ['a remaining length of five bytes', 0x81, [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a second CONNACK', 0x82, { type: connack, sessionPresent: false, reasonCode: 0 }],
  ['a packet larger than we accept', 0x95, [0x30, 0xff, 0x7f]],
  ['a topic with a wildcard', 0x90, [0x30, 0x04, 0x00, 0x01, 0x23, 0x00]],
  ['neither topic nor alias', 0x82, [0x30, 0x03, 0x00, 0x00, 0x00]],
  ['a topic alias that we do not allow', 0x94, { ...message('a', ''), properties: { topicAlias: 3 } }],
  ['a topic alias that has no topic yet', 0x82, { ...message('', ''), properties: { topicAlias: 1 } }],
  [
    'AUTH where nobody authenticates',
    0x82,
    { type: auth, reasonCode: 0x18, properties: { authenticationMethod: 'X' } },
  ],
];
for (const [what, code, wrong] of wrongs) {
  test(`${what} ends the connection with 0x${code.toString(16)}, and the client connects again [MQTT-4.13.1-1]`, async () => {
    const { platform, broker, client } = await startClient({ maxPacketSize: 1000, topicAliasMaximum: 2 });
    if (Array.isArray(wrong)) broker.link.raw(wrong);
    else broker.link.send(wrong as Packet);
    await platform.settle();
    assert.equal(goodbye(broker.link), code);
    assert.equal(client.state.status, 'waiting');
    await platform.advance(2000);
    assert.equal(client.connected, true);
  });
}

test('in 3.1.1 a connection that goes wrong is closed without a word', async () => {
  const { platform, broker } = await startClient({ protocolVersion: 4 });
  broker.link.raw([0x00, 0x00]);
  await platform.settle();
  assert.equal(goodbye(broker.link), undefined);
  assert.deepEqual(types(broker.link), [connect]);
});

test('what a broker sends before its CONNACK ends the connection, and so does a session that nobody asked for [MQTT-3.2.0-1] [MQTT-3.2.2-2] [MQTT-3.2.2-4]', async () => {
  const firsts: [Packet, RegExp][] = [
    [message('a', ''), /packet type 3 where it has no place/],
    [{ type: pingresp }, /packet type 13 where it has no place/],
    [{ type: puback, packetId: 1, reasonCode: 0 }, /packet type 4 where it has no place/],
    [{ type: connack, sessionPresent: true, reasonCode: 0 }, /a clean start was asked for/],
  ];
  for (const [first, why] of firsts) {
    const { broker, client } = await startClient({}, (packet, link) => {
      if (packet.type === connect) link.send(first);
      return packet.type === connect;
    });
    assert.match(whyWaiting(client), why);
    assert.deepEqual(types(broker.link), [connect]);
    assert.equal(broker.link.state, 'ended');
  }
});

test('what comes behind the CONNACK in one piece is handed out, in any pieces', async () => {
  for (const size of [1, 2, 3, 5, 1000]) {
    const got: string[] = [];
    const { platform, client } = await startClient(
      { onMessage: ({ payload }) => got.push(`${payload.length}`) },
      (packet, link) => {
        if (packet.type !== connect) return undefined;
        const bytes = [0x20, 3, 0, 0, 0, 0x30, 5, 0, 1, 97, 0, 1, 0x32, 8, 0, 1, 97, 0, 1, 0, 1, 2];
        for (let at = 0; at < bytes.length; at += size) link.raw(bytes.slice(at, at + size));
        return true;
      },
    );
    await platform.settle();
    assert.deepEqual(got, ['1', '2']);
    assert.equal(client.connected, true);
  }
});

test('nothing is handed out behind a DISCONNECT, and nothing is answered', async () => {
  const got: string[] = [];
  const { platform, broker, client } = await startClient({ onMessage: (given) => got.push(given.topic) });
  broker.link.send(message('before', '', 1, 1), { type: disconnect, reasonCode: 0 }, message('behind', '', 1, 2));
  await platform.settle();
  assert.deepEqual(got, ['before']);
  assert.deepEqual(types(broker.link), [connect, puback]);
  assert.match(whyWaiting(client), /the broker ended the connection: normal disconnection/);
});

test('a client is over when its transport is, though the broker never closes its side', async () => {
  const { platform, broker, client } = await startClient();
  broker.link.ended = () => undefined;
  broker.link.raw([0x00, 0x00]);
  await platform.settle();
  assert.equal(broker.links.length, 1);
  await platform.advance(3000);
  assert.equal(broker.links.length, 2);
  assert.equal(client.connected, true);
});

// ---- topic aliases

test('topics get aliases up to what both sides allow, the name with the first use only, and anew on each connection [MQTT-3.3.2-9] [MQTT-3.2.2-17]', async () => {
  const scene = await startClient({ topicAliases: 10 }, connackWith({ topicAliasMaximum: 2 }));
  const { platform, broker, client } = scene;
  const say = async () => {
    for (const topic of ['a', 'b', 'a', 'c', 'b', 'c']) void client.publish(topic, '', { qos: 1 });
    await platform.settle();
  };
  const expected = ['a 1', 'b 2', ' 1', 'c undefined', ' 2', 'c undefined'];
  await say();
  const seen = () => broker.link.all(publish).map(({ topic, properties }) => `${topic} ${properties?.topicAlias}`);
  assert.deepEqual(seen(), expected);
  broker.link.cut();
  await platform.advance(2000);
  await say();
  assert.deepEqual(seen(), expected);
});

test('without topicAliases, or where the broker allows none, none is sent [MQTT-3.2.2-18]', async () => {
  for (const [options, properties] of [
    [{ topicAliases: 5 }, {}],
    [{}, { topicAliasMaximum: 5 }],
  ] as const) {
    const { platform, broker, client } = await startClient(options, connackWith(properties));
    for (let i = 0; i < 2; i++) void client.publish('a', '');
    await platform.settle();
    assert.deepEqual(
      broker.all(publish).map(({ topic, properties: got }) => [topic, got]),
      Array(2).fill(['a', undefined]),
    );
  }
});

test('a message that could not be sent teaches the broker no alias', async () => {
  const properties = { topicAliasMaximum: 2, maximumPacketSize: 50 };
  const { platform, broker, client } = await startClient({ topicAliases: 2 }, connackWith(properties));
  await assert.rejects(client.publish('a', new Uint8Array(60)), { code: 'PACKET_TOO_LARGE' });
  void client.publish('a', '');
  await platform.settle();
  assert.equal(broker.all(publish)[0]!.topic, 'a');
});

test('aliases that the program sets itself go out as they are, and none is made up beside them', async () => {
  const { platform, broker, client } = await startClient({ topicAliases: 5 }, connackWith({ topicAliasMaximum: 5 }));
  const alias = (topicAlias: number) => ({ properties: { topicAlias } });
  void client.publish('auto', '');
  void client.publish('mine', '', alias(1));
  void client.publish('', '', alias(1));
  void client.publish('auto', '');
  await platform.settle();
  assert.deepEqual(
    broker.all(publish).map(({ topic, properties }) => `${topic} ${properties?.topicAlias}`),
    ['auto 1', 'mine 1', ' 1', 'auto undefined'],
  );
});

test('every alias within the maximum we announced is understood, also set anew, and on each connection from nothing [MQTT-3.3.2-10]', async () => {
  const got: string[] = [];
  const { platform, broker } = await startClient({ topicAliasMaximum: 3, onMessage: ({ topic }) => got.push(topic) });
  const aliased = (topic: string, topicAlias: number) => ({ ...message(topic, ''), properties: { topicAlias } });
  broker.link.send(aliased('a', 1), aliased('c', 3), aliased('', 1), aliased('b', 1), aliased('', 3), aliased('', 1));
  await platform.settle();
  assert.deepEqual(got, ['a', 'c', 'a', 'b', 'c', 'b']);
  broker.link.cut();
  await platform.advance(2000);
  const { link } = broker;
  link.send(aliased('', 1));
  await platform.settle();
  assert.equal(goodbye(link), ReasonCode.protocolError);
});

// ---- keep alive

test('a client that sends nothing pings within its keep alive, and one that publishes need not [MQTT-3.1.2-20]', async () => {
  const { platform, broker, client } = await startClient({ keepAlive: 10 });
  await platform.advance(10_000);
  assert.equal(broker.all(pingreq).length, 1);
  for (let i = 0; i < 40; i++) {
    await platform.advance(2500);
    void client.publish('a', '', { qos: 1 });
  }
  await platform.settle();
  assert.equal(broker.all(pingreq).length, 1);
  await platform.advance(100_000);
  assert.ok(broker.all(pingreq).length >= 11);
  assert.equal(client.connected, true);
});

test('the keep alive that the broker returned is used [MQTT-3.2.2-21] [MQTT-3.1.2-21]', async () => {
  const cases: [number, number, number][] = [
    [100, 10, 10],
    [10, 100, 1],
    [10, 0, 0],
    [0, 10, 10],
  ];
  for (const [keepAlive, serverKeepAlive, most] of cases) {
    const { platform, broker } = await startClient({ keepAlive }, connackWith({ serverKeepAlive }));
    await platform.advance(100_000);
    const { length } = broker.all(pingreq);
    assert.ok(length >= most && length <= most * 1.3, `${keepAlive} and ${serverKeepAlive}: ${length}`);
  }
});

test('a broker that does not answer a ping in the keep-alive time is left for a new connection', async () => {
  const { platform, broker, client } = await startClient({ keepAlive: 10 }, ({ type }) => type === pingreq);
  await platform.advance(15_000);
  assert.equal(client.connected, true);
  await platform.advance(5000);
  assert.notEqual(broker.links[0]!.state, 'open');
  assert.equal(broker.links.length > 1 || client.state.status === 'waiting', true);
  await platform.advance(2000);
  assert.equal(broker.links.length, 2);
});

test('when the network comes back, a connection that died meanwhile is noticed within seconds, and one that did not stays', async () => {
  const { platform, broker, client } = await startClient({ keepAlive: 600 });
  platform.networkBack();
  await platform.advance(60_000);
  assert.deepEqual([broker.links.length, broker.all(pingreq).length, client.connected], [1, 1, true]);
  broker.link.transport.stuck = true;
  platform.networkBack();
  platform.networkBack(); // one question is enough
  await platform.advance(8000);
  assert.deepEqual([broker.links.length, client.connected], [2, true]);
});

test('a dead broker is noticed too while a client only sends QoS 0 and never falls silent', async () => {
  const { platform, broker, client } = await startClient({ keepAlive: 10 });
  broker.link.transport.stuck = true;
  for (let i = 0; i < 15; i++) {
    void client.publish('a', '');
    await platform.advance(2000);
  }
  assert.equal(broker.links.length, 2);
});

test('with keepAlive: 0 nothing is pinged, and the client waits for ever', async () => {
  const { platform, broker, client } = await startClient({ keepAlive: 0 });
  platform.networkBack();
  assert.equal(platform.timers, 0);
  await platform.advance(1_000_000);
  assert.deepEqual(types(broker.link), [connect]);
  assert.equal(client.connected, true);
});

// ---- enhanced authentication

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

/** Says `first`, answers X with X!, and believes the broker that says `welcome`. */
const pin = (change: Partial<ReturnType<EnhancedAuthentication['begin']>> = {}): ClientOptions => ({
  authentication: enhancedAuthentication({
    method: 'PIN',
    begin: () => ({
      first: () => bytes('first'),
      next: async (data) => bytes(`${textOf(data)}!`),
      done: (data) => {
        if (textOf(data) !== 'welcome') throw new Error('this is not my broker');
      },
      ...change,
    }),
  }),
});

const authWith = (reasonCode: number, data?: string, authenticationMethod = 'PIN'): Packet => ({
  type: auth,
  reasonCode,
  properties: { authenticationMethod, ...(data === undefined ? {} : { authenticationData: bytes(data) }) },
});
const accept = (data: string, authenticationMethod = 'PIN'): Packet => ({
  type: connack,
  sessionPresent: false,
  reasonCode: 0,
  properties: { authenticationMethod, authenticationData: bytes(data) },
});

/** Asks once, then accepts; the same when the client authenticates again. */
const asking: Reaction = (packet, link) => {
  if (packet.type === connect) link.send(authWith(0x18, 'who'));
  else if (packet.type !== auth) return undefined;
  else if (packet.reasonCode === ReasonCode.reauthenticate) link.send(authWith(0x18, 'still you'));
  else if (link.all(auth).length === 1) link.send(accept('welcome'), message('a', 'behind', 1, 1));
  else link.send(authWith(0, 'welcome'));
  return true;
};

test('an authentication goes step by step: CONNECT, AUTH 0x18 for AUTH, CONNACK; what the broker sends behind it waits [MQTT-4.12.0-3] [MQTT-3.1.2-30]', async () => {
  const got: string[] = [];
  const { broker, client } = await startClient({ ...pin(), onMessage: (given) => got.push(given.text()) }, asking);
  assert.equal(client.connected, true);
  const [first, second] = broker.link.received;
  assert.equal(first!.type === connect && first.properties?.authenticationMethod, 'PIN');
  assert.equal(first!.type === connect && textOf(first.properties?.authenticationData), 'first');
  assert.deepEqual(second, authWith(0x18, 'who!'));
  assert.deepEqual(got, ['behind']);
});

test('reauthenticate() proves again with the method of the CONNECT, and is fulfilled when the broker is content [MQTT-4.12.1-1]', async () => {
  const scene = await startClient(pin(), asking);
  const { platform, broker, client } = scene;
  const again = client.reauthenticate();
  await assert.rejects(client.reauthenticate(), /under way already/);
  await platform.settle();
  await again;
  assert.deepEqual(broker.link.all(auth).slice(1), [authWith(0x19, 'first'), authWith(0x18, 'still you!')]);
  const third = client.reauthenticate();
  await platform.settle();
  await third;
  assert.equal(client.connected, true);
});

test('a re-authentication that the broker or the client does not believe ends the connection', async () => {
  const refusing = await startClient(pin(), (packet, link) => {
    if (packet.type !== auth || packet.reasonCode !== ReasonCode.reauthenticate) return asking(packet, link);
    link.send({ type: disconnect, reasonCode: ReasonCode.notAuthorized });
    return true;
  });
  const again = assert.rejects(refusing.client.reauthenticate(), { reasonCode: 0x87 });
  await refusing.platform.settle();
  await again;
  const lying = await startClient(pin(), (packet, link) => {
    if (packet.type !== auth || packet.reasonCode !== ReasonCode.reauthenticate) return asking(packet, link);
    link.send(authWith(0, 'believe me'));
    return true;
  });
  const { link } = lying.broker;
  const disbelieved = assert.rejects(lying.client.reauthenticate(), { code: 'NOT_AUTHORIZED' });
  await lying.platform.settle();
  await disbelieved;
  assert.equal(goodbye(link), ReasonCode.unspecifiedError, 'a client may not send 0x87');
});

test('a broker that proves nothing, answers with another method, or is content before it said CONNACK is left', async () => {
  const cases: [Packet[], RegExp][] = [
    [[accept('trust me')], /this is not my broker/],
    [[accept('welcome', 'OTHER')], /another authentication method than PIN/],
    [[authWith(0x18, 'who', 'OTHER')], /another authentication method than PIN/],
    [[authWith(0, 'welcome'), accept('')], /AUTH .*has no place|protocol/i],
    [[authWith(0x19)], /AUTH|no place/],
  ];
  for (const [answers, why] of cases) {
    const { broker, client } = await startClient(pin(), (packet, link) => {
      link.send(...answers);
      return packet.type === connect;
    });
    assert.match(whyWaiting(client), why);
    assert.deepEqual(
      types(broker.link).filter((type) => type !== connect),
      [],
    );
  }
});

test('a step that throws or is rejected ends the connection, and a client that is ended meanwhile says no more', async () => {
  for (const fails of [
    () => {
      throw new Error('no key');
    },
    () => Promise.reject(new Error('no key')),
  ]) {
    for (const step of ['first', 'next', 'done'] as const) {
      const { client } = await startClient(pin({ [step]: fails }), asking);
      assert.match(whyWaiting(client), /no key/, step);
    }
  }
  const slow = Promise.withResolvers<Uint8Array>();
  const { platform, broker, client } = await startClient(pin({ next: () => slow.promise }), asking);
  const ended = client.end();
  slow.resolve(bytes('late'));
  await platform.settle();
  await ended;
  assert.deepEqual(types(broker.link), [connect]);
});

test('an authentication that never comes to its end is given up after connectTimeout', async () => {
  const never = () => new Promise<undefined>(() => undefined);
  for (const step of ['first', 'next', 'done'] as const) {
    const { platform, client } = await startClient({ ...pin({ [step]: never }), connectTimeout: 500 }, asking);
    await platform.advance(500);
    assert.match(whyWaiting(client), /within 500 ms/, step);
  }
});

test('without a method a client sends no AUTH, and cannot authenticate again [MQTT-4.12.0-7]', async () => {
  const { client } = await startClient();
  await assert.rejects(client.reauthenticate(), /no authentication method/);
  const { client: other, broker, platform }: Scene = await startClient(pin(), asking);
  broker.link.cut();
  await platform.settle();
  await assert.rejects(other.reauthenticate(), { code: 'CONNECTION_CLOSED' });
});

// ---- trace

test('trace sees every packet of both directions', async () => {
  const seen: string[] = [];
  const { platform, broker, client } = await startClient({
    trace: (direction, packet) => seen.push(`${direction} ${packet.type}`),
    onMessage: () => undefined,
  });
  void client.publish('a', '', { qos: 1 });
  broker.link.send(message('a', '', 1, 1));
  await platform.settle();
  const expected = ['sent 1', 'received 2', 'sent 3', 'received 3', 'sent 4', 'received 4'];
  assert.deepEqual(seen.slice(0, 2), expected.slice(0, 2));
  assert.deepEqual([...seen].sort(), [...expected].sort());
});
