import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConnectPacket, PacketType, ReasonCode } from '@cauldron/protocol';
import { enhancedAuthentication } from './authentication.ts';
import { Client } from './client.ts';
import { connectWith } from './connect.ts';
import type { ClientOptions, ClientState, CredentialsContext } from './options.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { type Reaction, ScriptedBroker, startClient } from './testing/scripted-broker.ts';

const text = new TextDecoder();

/** The CONNECT that a client with these options sends first. */
async function connectOf(options: ClientOptions, url?: string): Promise<ConnectPacket> {
  const { broker } = await startClient(options, undefined, url);
  return broker.all(PacketType.connect)[0]!;
}

/** Why a client waits. */
function reasonOf({ state }: Client): string {
  assert.equal(state.status, 'waiting');
  return String(state.status === 'waiting' && state.reason);
}

/** Refuses the first `times` CONNECTs. */
const refusing =
  (times: number, reasonCode: number = ReasonCode.serverUnavailable, serverReference?: string): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.connect || times-- <= 0) return undefined;
    const properties = serverReference === undefined ? undefined : { serverReference };
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode, properties });
    link.finish();
    return true;
  };

// ---- CONNECT

test('without options CONNECT asks MQTT 5.0 for a clean start, a session of 300 s, a keep alive of 60 s and 1000 messages at a time', async () => {
  const connect = await connectOf({});
  assert.match(connect.clientId, /^cauldron-[a-z0-9]{12}$/);
  const { clientId: _, ...rest } = connect;
  assert.deepEqual(rest, {
    type: PacketType.connect,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 60,
    properties: { sessionExpiryInterval: 300, receiveMaximum: 1000 },
  });
});

test('every option of CONNECT is in it', async () => {
  const connect = await connectOf({
    clientId: 'cook',
    username: 'anna',
    password: 'salt',
    cleanStart: false,
    sessionExpiry: 7,
    keepAlive: 9,
    receiveMaximum: 3,
    maxPacketSize: 5000,
    topicAliasMaximum: 4,
    properties: { requestResponseInformation: 1, userProperties: [['a', 'b']] },
    will: { topic: 'gone', payload: 'x', qos: 2, retain: true, properties: { willDelayInterval: 5 } },
  });
  assert.equal(connect.clientId, 'cook');
  assert.equal(connect.username, 'anna');
  assert.equal(text.decode(connect.password), 'salt');
  assert.equal(connect.cleanStart, false);
  assert.equal(connect.keepAlive, 9);
  assert.deepEqual(connect.properties, {
    sessionExpiryInterval: 7,
    receiveMaximum: 3,
    maximumPacketSize: 5000,
    topicAliasMaximum: 4,
    requestResponseInformation: 1,
    userProperties: [['a', 'b']],
  });
  assert.deepEqual(connect.will, {
    topic: 'gone',
    payload: new TextEncoder().encode('x'),
    qos: 2,
    retain: true,
    properties: { willDelayInterval: 5 },
  });
});

for (const protocolVersion of [4, 3] as const) {
  test(`CONNECT of version ${protocolVersion} has no properties, and the will none either`, async () => {
    const will = { topic: 'gone', properties: { willDelayInterval: 5 } };
    const connect = await connectOf({ protocolVersion, will, sessionExpiry: 7, username: 'a', password: 'b' });
    assert.equal(connect.protocolVersion, protocolVersion);
    assert.equal(connect.properties, undefined);
    assert.deepEqual(connect.will?.payload, new Uint8Array(0));
    assert.equal(connect.will?.properties, undefined);
  });
}

test('a session that ends with its connection is asked for without a property, as the protocol has it', async () => {
  assert.deepEqual((await connectOf({ sessionExpiry: 0 })).properties, { receiveMaximum: 1000 });
});

test('a client over WebSocket offers the subprotocol mqtt, and mqttv3.1 for that version [MQTT-6.0.0-3]', async () => {
  for (const [protocolVersion, offered] of [
    [5, 'mqtt'],
    [4, 'mqtt'],
    [3, 'mqttv3.1'],
  ] as const) {
    const { platform } = await startClient({ protocolVersion }, undefined, 'ws://broker/mqtt');
    assert.equal(platform.transports[0]!.subprotocol, offered);
  }
});

test('user name and password come from the options, otherwise from the URL', async () => {
  const url = 'mqtt://anna:salt@broker';
  const fromUrl = await connectOf({}, url);
  assert.deepEqual([fromUrl.username, text.decode(fromUrl.password)], ['anna', 'salt']);
  const both = await connectOf({ username: 'bert', password: Uint8Array.of(65) }, url);
  assert.deepEqual([both.username, text.decode(both.password)], ['bert', 'A']);
});

test('credentials are asked for before every attempt, with its number and why the one before failed', async () => {
  const asked: CredentialsContext[] = [];
  const credentials = async (context: CredentialsContext) => {
    asked.push(context);
    return { username: `user${asked.length}`, password: 'p' };
  };
  const { platform, broker, client } = await startClient({ credentials }, refusing(1, ReasonCode.notAuthorized));
  assert.equal(client.state.status, 'waiting');
  await platform.advance(2000);
  assert.equal(client.connected, true);
  broker.link.cut();
  await platform.advance(2000);
  assert.deepEqual(
    asked.map(({ attempt }) => attempt),
    [1, 2, 1],
  );
  assert.equal(asked[0]!.reason, undefined);
  assert.match(String(asked[1]!.reason), /refused the connection/);
  assert.match(String(asked[2]!.reason), /lost/);
  assert.deepEqual(
    broker.all(PacketType.connect).map(({ username }) => username),
    ['user1', 'user2', 'user3'],
  );
});

test('credentials that fail are a failed attempt', async () => {
  let left = 1;
  const credentials = () => {
    if (left-- > 0) throw new Error('the token server sleeps');
    return { username: 'a' };
  };
  const { platform, broker, client } = await startClient({ credentials });
  assert.equal(reasonOf(client), 'Error: the token server sleeps');
  assert.equal(broker.links.length, 0);
  await platform.advance(2000);
  assert.equal(client.connected, true);
});

test('a client that is ended while credentials are awaited opens no connection', async () => {
  const given = Promise.withResolvers<{ username: string }>();
  const { platform, broker, client } = await startClient({ credentials: () => given.promise });
  await client.end();
  given.resolve({ username: 'late' });
  await platform.settle();
  assert.equal(platform.transports.length, 0);
  assert.equal(broker.links.length, 0);
});

test('a CONNECT that cannot be written is a failed attempt, not an uncaught error', async () => {
  const { client } = await startClient({ protocolVersion: 4, password: 'without a user name' });
  assert.match(reasonOf(client), /user name/);
  await client.end();
});

test('a transport that cannot even begin is a failed attempt, and leaves no timer but the next attempt', async () => {
  const platform = new FakePlatform();
  platform.open = () => {
    throw new Error('the key is no key');
  };
  const client = new Client(platform, 'mqtts://broker', {});
  await client.start(false);
  await platform.settle();
  assert.match(reasonOf(client), /the key is no key/);
  assert.equal(platform.timers, 1);
});

// ---- time

test('a connection that does not come about within connectTimeout is given up and tried again', async () => {
  const platform = new FakePlatform();
  const client = new Client(platform, 'mqtt://broker', { connectTimeout: 400, reconnect: { minDelay: 100 } });
  void client.start(false);
  await platform.advance(399);
  assert.equal(client.state.status, 'connecting');
  await platform.advance(1);
  assert.match(reasonOf(client), /no connection from mqtt:\/\/broker:1883 within 400 ms/);
  assert.equal(platform.transports[0]!.state, 'closed');
  await platform.advance(100);
  assert.equal(platform.transports.length, 2);
});

test('a broker that takes the connection and says nothing is left after connectTimeout', async () => {
  const { platform, broker, client } = await startClient({ connectTimeout: 400 }, () => true);
  await platform.advance(400);
  assert.match(reasonOf(client), /no answer to CONNECT .* within 400 ms/);
  assert.equal(broker.links[0]!.state, 'closed');
});

test('the wait before each attempt is random between 0 and minDelay doubled each time, up to maxDelay', async () => {
  const { platform, broker, client } = await startClient({ reconnect: { minDelay: 100, maxDelay: 700 } });
  const waits: { attempt: number; delay: number }[] = [];
  client.onState((state) => {
    if (state.status === 'waiting') waits.push({ attempt: state.attempt, delay: state.delay });
  });
  broker.unreachable = new Error('nobody there');
  const before = platform.randoms.length;
  broker.link.cut();
  await platform.settle();
  for (let i = 0; i < 5; i++) {
    assert.equal(platform.nextTimer, waits[i]!.delay);
    await platform.advance(waits[i]!.delay);
  }
  const randoms = platform.randoms.slice(before, before + 5);
  const expected = [100, 200, 400, 700, 700].map((most, i) => ({ attempt: i + 1, delay: most * randoms[i]! }));
  assert.deepEqual(waits.slice(0, 5), expected);
  broker.unreachable = undefined;
  await platform.advance(700);
  assert.equal(client.connected, true);
  broker.link.cut();
  await platform.settle();
  assert.equal(waits.at(-1)!.attempt, 1);
  assert.ok(waits.at(-1)!.delay <= 100);
});

test('a client dials at once when the network is back, and stops listening for that when it is over', async () => {
  const { platform, broker, client } = await startClient({ reconnect: { minDelay: 20_000 } });
  assert.equal(platform.watchers, 1);
  broker.link.cut();
  await platform.settle();
  assert.equal(client.state.status, 'waiting');
  platform.networkBack();
  await platform.settle();
  assert.equal(client.connected, true);
  platform.networkBack(); // nothing to do
  await platform.advance(40_000);
  assert.equal(broker.links.length, 2);
  const ended = client.end();
  await platform.settle();
  await ended;
  assert.equal(platform.watchers, 0);
});

test('maxAttempts counts attempts in a row that failed, whatever redirects and fall-backs there were between', async () => {
  const { platform, broker, client } = await startClient({ reconnect: { maxAttempts: 3, minDelay: 1, maxDelay: 1 } });
  broker.link.cut();
  await platform.advance(10);
  assert.equal(client.connected, true);
  broker.unreachable = new Error('nobody there');
  const states: ClientState[] = [];
  client.onState((state) => states.push(state));
  broker.link.cut();
  await platform.advance(100);
  assert.deepEqual(
    states.map((state) => [state.status, 'attempt' in state ? state.attempt : 0]),
    [
      ['waiting', 1],
      ['connecting', 1],
      ['waiting', 2],
      ['connecting', 2],
      ['waiting', 3],
      ['connecting', 3],
      ['ended', 0],
    ],
  );
  assert.equal(await client.closed, broker.unreachable);
  assert.equal(platform.timers, 0);
});

test('connect() is rejected with what made the first attempt fail; createClient goes on', async () => {
  const platform = new FakePlatform();
  const broker = new ScriptedBroker(platform, refusing(1, ReasonCode.badUserNameOrPassword));
  const connecting = connectWith(platform, 'mqtt://broker', {});
  const refused = assert.rejects(connecting, { code: 'CONNECTION_REFUSED', reasonCode: 0x86 });
  await platform.settle();
  await refused;
  await platform.advance(100_000);
  assert.equal(broker.links.length, 1);
  const { platform: second, client } = await startClient({}, refusing(1));
  await second.advance(2000);
  assert.equal(client.connected, true);
});

test('with reconnect: false a lost connection is the end, with its reason', async () => {
  const { platform, broker, client } = await startClient({ reconnect: false });
  broker.link.cut(new Error('ECONNRESET'));
  await platform.settle();
  assert.equal(client.state.status, 'ended');
  assert.match(String(await client.closed), /lost: ECONNRESET/);
  await assert.rejects(client.publish('a', 'b'), { code: 'CONNECTION_CLOSED' });
  assert.equal(platform.timers, 0);
});

test('a client whose session is taken over ends with advice instead of taking it back', async () => {
  const { platform, broker, client } = await startClient();
  broker.link.send({ type: PacketType.disconnect, reasonCode: ReasonCode.sessionTakenOver });
  await platform.settle();
  assert.match(String(await client.closed), /Session taken over.*same client identifier/);
  assert.equal(broker.links.length, 1);
});

test('any other DISCONNECT of the broker is followed by a new attempt', async () => {
  const { platform, broker, client } = await startClient();
  broker.link.send({ type: PacketType.disconnect, reasonCode: ReasonCode.serverShuttingDown });
  await platform.settle();
  assert.match(reasonOf(client), /Server shutting down/);
  await platform.advance(2000);
  assert.equal(client.connected, true);
});

// ---- clean start

test('a 5.0 client starts clean only until it is connected for the first time', async () => {
  const { platform, broker } = await startClient({}, refusing(1));
  await platform.advance(2000);
  broker.link.cut();
  await platform.advance(2000);
  assert.deepEqual(
    broker.all(PacketType.connect).map(({ cleanStart }) => cleanStart),
    [true, true, false],
  );
});

test('a 3.1.1 client starts clean every time, unless it asked for a session', async () => {
  for (const cleanStart of [true, false]) {
    const { platform, broker } = await startClient({ protocolVersion: 4, cleanStart });
    broker.link.cut();
    await platform.advance(2000);
    assert.deepEqual(
      broker.all(PacketType.connect).map((connect) => connect.cleanStart),
      [cleanStart, cleanStart],
    );
  }
});

test('a session that may have begun with a CONNECT whose answer was lost is asked for its subscriptions again', async () => {
  let sessions = 0;
  let isLost = false;
  const { platform, broker, client } = await startClient({}, (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    if (isLost) link.cut();
    else link.send({ type: PacketType.connack, sessionPresent: sessions > 0, reasonCode: 0 });
    sessions += 1;
    return true;
  });
  void client.subscribe('a');
  await platform.settle();
  const subscribed = () => broker.link.all(PacketType.subscribe).length;
  broker.link.cut();
  await platform.advance(2000);
  assert.equal(subscribed(), 0);
  isLost = true;
  broker.link.cut();
  await platform.advance(2000);
  isLost = false;
  await platform.advance(60_000);
  assert.equal(client.sessionPresent, true);
  assert.equal(subscribed(), 1);
});

// ---- older brokers

/** A broker that knows 3.1.1 only, and says so in one of their ways. */
const old =
  (how: 'reason code' | 'return code' | 'return code in pieces' | 'hang-up'): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.connect || packet.protocolVersion < 5) return undefined;
    if (how === 'reason code') link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0x84 });
    if (how === 'return code') link.raw([0x20, 0x02, 0x00, 0x01]);
    if (how === 'return code in pieces') for (const byte of [0x20, 0x02, 0x00, 0x01]) link.raw([byte]);
    link.finish();
    return true;
  };

for (const [i, how] of (['reason code', 'return code', 'return code in pieces', 'hang-up'] as const).entries()) {
  test(`a broker that refuses 5.0 with a ${how} is asked again for 3.1.1 at once, and that is remembered`, async () => {
    const url = `mqtt://old${i}`;
    const { platform, broker, client } = await startClient({}, old(how), url);
    assert.equal(client.connected, true);
    assert.equal(client.protocolVersion, 4);
    assert.equal(platform.now(), 0);
    broker.link.cut();
    await platform.advance(2000);
    assert.deepEqual(
      broker.all(PacketType.connect).map(({ protocolVersion }) => protocolVersion),
      [5, 4, 4],
    );
    const again = await startClient({}, old(how), url);
    assert.deepEqual(
      again.broker.all(PacketType.connect).map(({ protocolVersion }) => protocolVersion),
      // What only hangs up may have had another reason: that is a guess of this one client.
      how === 'hang-up' ? [5, 4] : [4],
    );
  });
}

test('a broker that hangs up on 3.1.1 too is asked for 5.0 again: the version was not the reason', async () => {
  let connects = 0;
  const { platform, broker, client } = await startClient(
    {},
    (packet, link) => {
      if (packet.type !== PacketType.connect || ++connects > 2) return undefined;
      link.finish();
      return true;
    },
    'mqtt://busy',
  );
  assert.equal(client.state.status, 'waiting');
  await platform.advance(2000);
  assert.deepEqual(
    broker.all(PacketType.connect).map(({ protocolVersion }) => protocolVersion),
    [5, 4, 5],
  );
});

test('who asks for 5.0 or for enhanced authentication gets no 3.1.1', async () => {
  const authentication = enhancedAuthentication({
    method: 'PIN',
    begin: () => ({ first: () => undefined, next: () => undefined, done: () => undefined }),
  });
  for (const options of [{ protocolVersion: 5 as const }, { authentication }]) {
    const { broker, client } = await startClient(options, old('reason code'), 'mqtt://strict');
    assert.equal(client.state.status, 'waiting');
    assert.equal(broker.links.length, 1);
  }
});

test('a client that was connected falls back too when the broker came back as one of 3.1.1, once it says so', async () => {
  const { platform, broker, client } = await startClient({}, undefined, 'mqtt://replaced');
  broker.reaction = old('reason code');
  broker.link.cut();
  await platform.advance(2000);
  assert.equal(client.connected, true);
  assert.equal(client.protocolVersion, 4);
});

test('an unreachable host says nothing about versions', async () => {
  const platform = new FakePlatform();
  const broker = new ScriptedBroker(platform);
  broker.unreachable = new Error('ECONNREFUSED');
  const client = new Client(platform, 'mqtt://off', {});
  void client.start(false);
  await platform.settle();
  broker.unreachable = undefined;
  await platform.advance(2000);
  assert.equal(client.protocolVersion, 5);
});

// ---- redirects

const hosts = (broker: ScriptedBroker) => broker.links.map(({ transport }) => transport.target.text);

test('a client follows "use another server" once, and goes to its own server the next time', async () => {
  const { platform, broker, client } = await startClient({}, refusing(1, ReasonCode.useAnotherServer, 'other:1999'));
  assert.equal(client.connected, true);
  assert.equal(platform.now(), 0);
  broker.link.cut();
  await platform.advance(2000);
  assert.deepEqual(hosts(broker), ['mqtt://broker:1883', 'mqtt://other:1999', 'mqtt://broker:1883']);
});

test('a client stays at the server to which its own has moved', async () => {
  const { platform, broker } = await startClient({}, refusing(1, ReasonCode.serverMoved, 'new'));
  broker.link.cut();
  await platform.advance(2000);
  assert.deepEqual(hosts(broker), ['mqtt://broker:1883', 'mqtt://new:1883', 'mqtt://new:1883']);
});

test('a redirect keeps TLS and the path, whatever scheme the broker names', async () => {
  const tls = await startClient({}, refusing(1, ReasonCode.serverMoved, 'mqtt://new'), 'mqtts://broker');
  assert.deepEqual(hosts(tls.broker), ['mqtts://broker:8883', 'mqtts://new:8883']);
  const web = await startClient({}, refusing(1, ReasonCode.serverMoved, '[::1]:99 second:1'), 'wss://broker/mqtt');
  assert.deepEqual(hosts(web.broker), ['wss://broker:443/mqtt', 'wss://[::1]:99/mqtt']);
});

test('a DISCONNECT that names another server is followed at once, as attempt 1', async () => {
  const { platform, broker, client } = await startClient();
  const attempts: number[] = [];
  client.onState((state) => {
    if (state.status === 'connecting') attempts.push(state.attempt);
  });
  const properties = { serverReference: 'other' };
  broker.link.send({ type: PacketType.disconnect, reasonCode: ReasonCode.useAnotherServer, properties });
  await platform.settle();
  assert.equal(client.connected, true);
  assert.equal(platform.now(), 0);
  assert.deepEqual(hosts(broker), ['mqtt://broker:1883', 'mqtt://other:1883']);
  assert.deepEqual(attempts, [1]);
});

test('servers that send a client round in circles do not make it run: after five it waits', async () => {
  const refused = await startClient({}, refusing(1000, ReasonCode.useAnotherServer, 'next'));
  assert.equal(refused.broker.links.length, 6);
  assert.equal(refused.client.state.status, 'waiting');
  const accepted = await startClient({}, (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    link.send(
      { type: PacketType.connack, sessionPresent: false, reasonCode: 0 },
      { type: PacketType.disconnect, reasonCode: ReasonCode.useAnotherServer, properties: { serverReference: 'next' } },
    );
    return true;
  });
  assert.equal(accepted.broker.links.length, 6);
  assert.equal(accepted.client.state.status, 'waiting');
});

test('a redirect is a refusal where it names no server, one nobody can read, or the program does not want it', async () => {
  for (const reference of [undefined, '::::']) {
    const { broker, client } = await startClient({}, refusing(1, ReasonCode.useAnotherServer, reference));
    assert.equal(client.state.status, 'waiting');
    assert.equal(broker.links.length, 1);
  }
  const ignoring = await startClient({ redirect: 'ignore' }, refusing(1, ReasonCode.useAnotherServer, 'other'));
  assert.match(reasonOf(ignoring.client), /it names another server: other/);
});

test('a server that another one named, and that knows 3.1.1 only, is asked for that itself', async () => {
  const { broker, client } = await startClient({}, (packet, link) => {
    if (packet.type !== PacketType.connect || packet.protocolVersion < 5) return undefined;
    const first = link.transport.target.host === 'broker';
    const properties = first ? { serverReference: 'oldie' } : undefined;
    const reasonCode = first ? ReasonCode.useAnotherServer : ReasonCode.unsupportedProtocolVersion;
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode, properties });
    return true;
  });
  assert.equal(client.connected, true);
  assert.deepEqual(hosts(broker), ['mqtt://broker:1883', 'mqtt://oldie:1883', 'mqtt://oldie:1883']);
});

// ---- listeners

test('a listener that ends the client is obeyed at once, whatever state it is told of', async () => {
  for (const status of ['connecting', 'waiting', 'connected'] as const) {
    const { platform, broker, client } = await startClient();
    client.onState((state) => {
      if (state.status === status) void client.end();
    });
    broker.link.cut();
    await platform.advance(2000);
    assert.equal(client.state.status, 'ended', status);
    assert.equal(platform.timers, 0, status);
    assert.deepEqual(
      broker.links.map(({ state }) => state),
      status === 'connected' ? ['closed', 'ended'] : ['closed'],
    );
  }
});

test('an error that a listener throws is an uncaught error of the program, and the client goes on', async () => {
  const { platform, broker, client } = await startClient();
  client.onState(() => {
    throw new Error('mine');
  });
  broker.link.cut();
  await assert.rejects(platform.settle(), /mine/);
  await assert.rejects(platform.advance(2000), /mine/);
  await platform.settle().catch(() => undefined);
  await platform.settle();
  assert.equal(client.connected, true);
});
