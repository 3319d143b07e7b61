import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/core';
import { encodePacket, type Packet, PacketType, type ProtocolVersion, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';

const versions: readonly ProtocolVersion[] = [3, 4, 5];

const connectPacket = (protocolVersion: ProtocolVersion, clientId: string): Packet => ({
  type: PacketType.connect,
  protocolVersion,
  cleanStart: true,
  keepAlive: 0,
  clientId,
});

/** A CONNECT of 3.1.1 or 5.0 with one byte changed; the level stands at 8 and the flags at 9. */
function changedConnect(version: 4 | 5, at: number, value: number): Uint8Array {
  const bytes = encodePacket(connectPacket(version, 'c'), version);
  bytes[at] = value;
  return bytes;
}

function refusingWith(result: Extract<AuthenticationResult, { outcome: 'refuse' }>): TestBroker {
  return new TestBroker({ authenticator: { authenticate: () => result } });
}

const outcome = (client: TestClient) => ({
  answers: client.take().map((packet) => [packet.type, 'reasonCode' in packet ? packet.reasonCode : null]),
  closed: client.closed,
});

test('a connection whose first packet is not CONNECT is closed without an answer [MQTT-3.1.0-1]', () => {
  const firsts: Packet[] = [
    { type: PacketType.publish, topic: 't', payload: textBytes('x'), qos: 0, retain: false, dup: false, packetId: 0 },
    { type: PacketType.puback, packetId: 1, reasonCode: 0 },
    { type: PacketType.pubrec, packetId: 1, reasonCode: 0 },
    { type: PacketType.pubrel, packetId: 1, reasonCode: 0 },
    { type: PacketType.pubcomp, packetId: 1, reasonCode: 0 },
    {
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [{ filter: 't', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    },
    { type: PacketType.unsubscribe, packetId: 1, filters: ['t'] },
    { type: PacketType.pingreq },
    { type: PacketType.disconnect, reasonCode: 0 },
    { type: PacketType.auth, reasonCode: 0x18, properties: { authenticationMethod: 'm' } },
  ];
  for (const version of versions) {
    const broker = new TestBroker();
    const witness = broker.connect('witness');
    witness.subscribe('#');
    for (const first of firsts) {
      if (first.type === PacketType.auth && version !== 5) continue;
      const client = broker.open(version);
      client.send(first, connectPacket(version, 'c'));
      assert.deepEqual(outcome(client), { answers: [], closed: true }, `packet type ${first.type}, version ${version}`);
    }
    assert.deepEqual(witness.take(), []);
    assert.equal(broker.core.sessions.size, 1);
  }
});

test('a second CONNECT is a protocol error: DISCONNECT 0x82 in 5.0, a plain close in 3.x [MQTT-3.1.0-2]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const client = broker.connect('c', { version });
    client.send(connectPacket(version, 'c'));
    const answers = version === 5 ? [[PacketType.disconnect, ReasonCode.protocolError]] : [];
    assert.deepEqual(outcome(client), { answers, closed: true });
    assert.equal(broker.core.metrics.protocolErrors, 1);
  }
});

test('a second CONNECT of an unknown version ends with a code that DISCONNECT may carry [MQTT-3.1.0-2] [MQTT-3.14.2-1]', () => {
  const client = new TestBroker().connect('c');
  client.sendBytes(changedConnect(5, 8, 6));
  assert.deepEqual(outcome(client), { answers: [[PacketType.disconnect, ReasonCode.protocolError]], closed: true });
});

test('another protocol name is answered with return code 1 and the close [MQTT-3.1.2-1]', () => {
  for (const at of [4, 7]) {
    const client = new TestBroker().open(4);
    client.sendBytes(changedConnect(4, at, 0x58));
    assert.deepEqual(outcome(client), { answers: [[PacketType.connack, 1]], closed: true });
  }
});

test('an unknown protocol level is answered with return code 1 and the close [MQTT-3.1.2-2]', () => {
  for (const level of [0, 1, 2, 3, 6, 7, 127, 255]) {
    const client = new TestBroker().open(4);
    client.sendBytes(changedConnect(4, 8, level));
    assert.deepEqual(outcome(client), { answers: [[PacketType.connack, 1]], closed: true }, `level ${level}`);
  }
});

test('a set reserved flag refuses the CONNECT: 0x81 in 5.0, a plain close in 3.1.1 [MQTT-3.1.2-3] [MQTT-3.1.4-1]', () => {
  for (const version of [4, 5] as const) {
    const client = new TestBroker().open(version);
    client.sendBytes(changedConnect(version, 9, 0x03));
    const answers = version === 5 ? [[PacketType.connack, ReasonCode.malformedPacket]] : [];
    assert.deepEqual(outcome(client), { answers, closed: true });
  }
});

test('client identifiers of 1 to 23 letters and digits are accepted, and so are longer and other ones [MQTT-3.1.3-5]', () => {
  const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const broker = new TestBroker();
  const names = ['0', 'z', alphabet.slice(0, 23), alphabet.slice(-23), alphabet, 'a'.repeat(1000), 'Küche/1 #+$'];
  for (const version of versions) {
    for (const clientId of names) {
      const client = broker.connect(clientId, { version });
      assert(broker.core.sessions.get(clientId)?.connection, `${clientId} at version ${version}`);
      client.disconnect();
    }
  }
});

test('a 5.0 client without identifier gets one, and comes back to its session with it [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]', () => {
  const broker = new TestBroker();
  const first = broker.open();
  const connack = first.connect('', { cleanStart: false, properties: { sessionExpiryInterval: 60 } });
  const assigned = connack.properties?.assignedClientIdentifier;
  assert(assigned !== undefined && assigned !== '');
  first.subscribe('t', { qos: 1 });
  first.disconnect();
  broker.connect('p').publish('t', 'while away', { qos: 1 });
  const again = broker.open();
  const second = again.connect(assigned, { cleanStart: false });
  assert.equal(second.sessionPresent, true);
  assert.equal(second.properties?.assignedClientIdentifier, undefined);
  assert.deepEqual(
    again.takeMessages().map(({ payload }) => textOf(payload)),
    ['while away'],
  );
});

test('an assigned identifier is none that a session has, and every client gets its own [MQTT-3.2.2-16]', () => {
  const broker = new TestBroker();
  const squatter = broker.connect('auto-1'); // what the generator of the test broker says first
  const assigned = [1, 2].map(() => broker.open().connect('').properties?.assignedClientIdentifier);
  assert.deepEqual(assigned, ['auto-2', 'auto-3']);
  assert.equal(squatter.closed, false);
});

test('who leaves the identifier out in 3.x needs a clean session of 3.1.1; others get return code 2 [MQTT-3.1.3-8]', () => {
  const rejected = { answers: [[PacketType.connack, 2]], closed: true };
  const accepted = { answers: [[PacketType.connack, 0]], closed: false };
  for (const version of [3, 4] as const) {
    for (const cleanStart of [true, false]) {
      const client = new TestBroker().open(version);
      client.send({ ...connectPacket(version, ''), cleanStart } as Packet);
      assert.deepEqual(outcome(client), version === 4 && cleanStart ? accepted : rejected);
    }
  }
});

test('an identifier that the authenticator rejects is answered with 0x85 and the close [MQTT-3.1.3-8]', () => {
  const broker = refusingWith({ outcome: 'refuse', reasonCode: ReasonCode.clientIdentifierNotValid });
  const client = broker.open();
  assert.equal(client.tryConnect('c').reasonCode, ReasonCode.clientIdentifierNotValid);
  assert.equal(client.closed, true);
});

test('the client identifier names the session: one letter more is another client [MQTT-3.1.3-2]', () => {
  const broker = new TestBroker();
  const properties = { sessionExpiryInterval: 60 };
  broker.connect('c', { properties }).disconnect();
  assert.equal(broker.open().connect('cc', { cleanStart: false }).sessionPresent, false);
  assert.equal(broker.open().connect('C', { cleanStart: false }).sessionPresent, false);
  assert.equal(broker.open().connect('c', { cleanStart: false }).sessionPresent, true);
});

test('the authenticator sees user name and password as they were sent, and undefined where they were not', () => {
  const requests: AuthenticationRequest[] = [];
  const authenticate = (request: AuthenticationRequest): AuthenticationResult => {
    requests.push(request);
    return { outcome: 'accept' };
  };
  const broker = new TestBroker({ authenticator: { authenticate } });
  for (const version of versions) {
    broker.connect('both', { version, username: 'ann', password: Uint8Array.of(0, 255) });
    broker.connect('name', { version, username: '' });
    broker.connect('none', { version });
  }
  broker.connect('secret', { password: textBytes('s') });
  const seen = requests.map(({ clientId, username, password }) => [clientId, username, password && [...password]]);
  const each = [
    ['both', 'ann', [0, 255]],
    ['name', '', undefined],
    ['none', undefined, undefined],
  ];
  assert.deepEqual(seen, [...each, ...each, ...each, ['secret', undefined, [115]]]);
});

test('nothing that stands behind a refused CONNECT is processed [MQTT-3.1.4-6] [MQTT-3.1.4-2]', () => {
  for (const version of versions) {
    const requests: string[] = [];
    const broker = new TestBroker({
      authenticator: {
        authenticate: ({ clientId }) => {
          requests.push(clientId);
          return clientId === 'bad'
            ? { outcome: 'refuse', reasonCode: ReasonCode.notAuthorized }
            : { outcome: 'accept' };
        },
      },
    });
    const witness = broker.connect('witness');
    witness.subscribe('#');
    const client = broker.open(version);
    const before = broker.core.metrics.messagesReceived;
    const frames = [
      connectPacket(version, 'bad'),
      { type: PacketType.publish, topic: 't', payload: textBytes('x'), qos: 0, retain: false, dup: false, packetId: 0 },
      connectPacket(version, 'good'),
    ].map((packet) => encodePacket(packet as Packet, version));
    client.sendBytes(Uint8Array.from(frames.flatMap((frame) => [...frame])));
    assert.deepEqual(outcome(client), { answers: [[PacketType.connack, version === 5 ? 0x87 : 5]], closed: true });
    client.send(connectPacket(version, 'good'));
    assert.deepEqual(client.take(), []);
    assert.deepEqual(witness.take(), []);
    assert.deepEqual(requests, ['witness', 'bad']);
    assert.equal(broker.core.metrics.messagesReceived, before + 1, 'not even decoded');
  }
});

test('what a client sends without waiting for its CONNACK is handled in order behind it', () => {
  for (const version of versions) {
    const client = new TestBroker().open(version);
    const frames = [
      connectPacket(version, 'eager'),
      {
        type: PacketType.subscribe,
        packetId: 1,
        subscriptions: [{ filter: 't', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
      },
      { type: PacketType.publish, topic: 't', payload: textBytes('x'), qos: 0, retain: false, dup: false, packetId: 0 },
    ].map((packet) => encodePacket(packet as Packet, version));
    client.sendBytes(Uint8Array.from(frames.flatMap((frame) => [...frame])));
    const types = client.take().map(({ type }) => type);
    assert.deepEqual(types, [PacketType.connack, PacketType.suback, PacketType.publish]);
  }
});

/** A reason code of an authenticator, and the return code a 3.x client sees; undefined = a close without CONNACK. */
const refusals: readonly (readonly [reasonCode: number, returnCode: number | undefined])[] = [
  [ReasonCode.unspecifiedError, 3],
  [ReasonCode.implementationSpecificError, 3],
  [ReasonCode.clientIdentifierNotValid, 2],
  [ReasonCode.badUserNameOrPassword, 4],
  [ReasonCode.notAuthorized, 5],
  [ReasonCode.serverUnavailable, 3],
  [ReasonCode.serverBusy, 3],
  [ReasonCode.banned, 5],
  [ReasonCode.badAuthenticationMethod, 4],
  [ReasonCode.quotaExceeded, 3],
  [ReasonCode.useAnotherServer, 3],
  [ReasonCode.serverMoved, 3],
  [ReasonCode.connectionRateExceeded, 3],
  [ReasonCode.topicNameInvalid, undefined],
  [ReasonCode.packetTooLarge, undefined],
  [ReasonCode.qosNotSupported, undefined],
  [ReasonCode.retainNotSupported, undefined],
];

test('every refusal is a CONNACK with its reason in 5.0, and the nearest return code or a plain close in 3.x [MQTT-3.1.4-2] [MQTT-3.2.2-8]', () => {
  for (const [reasonCode, returnCode] of refusals) {
    const broker = refusingWith({ outcome: 'refuse', reasonCode, reasonString: 'because' });
    const modern = broker.open();
    const connack = modern.tryConnect('c');
    assert.deepEqual([connack.reasonCode, connack.properties?.reasonString], [reasonCode, 'because']);
    assert.equal(modern.closed, true);
    for (const version of [3, 4] as const) {
      const client = broker.open(version);
      client.send(connectPacket(version, 'c'));
      const answers = returnCode === undefined ? [] : [[PacketType.connack, returnCode]];
      assert.deepEqual(outcome(client), { answers, closed: true }, `reason code ${reasonCode}`);
    }
    assert.equal(broker.core.metrics.connectionsRefused, 3);
    assert.equal(broker.core.sessions.size, 0);
  }
});

test('a CONNACK carries no code that belongs to other packets, whatever the authenticator says [MQTT-3.2.2-8]', () => {
  const cases = [
    [ReasonCode.serverShuttingDown, ReasonCode.serverUnavailable],
    [ReasonCode.administrativeAction, ReasonCode.notAuthorized],
    [ReasonCode.messageRateTooHigh, ReasonCode.connectionRateExceeded],
    [ReasonCode.topicFilterInvalid, ReasonCode.protocolError],
    [ReasonCode.wildcardSubscriptionsNotSupported, ReasonCode.unspecifiedError],
    [ReasonCode.success, ReasonCode.unspecifiedError],
    [0x18, ReasonCode.unspecifiedError],
    [0xf0, ReasonCode.unspecifiedError],
  ] as const;
  for (const [reasonCode, sent] of cases) {
    const client = refusingWith({ outcome: 'refuse', reasonCode }).open();
    assert.equal(client.tryConnect('c').reasonCode, sent);
    assert.equal(client.closed, true);
  }
});

test('a refusal can send the client to another server [MQTT-3.2.2-7]', () => {
  for (const reasonCode of [ReasonCode.useAnotherServer, ReasonCode.serverMoved]) {
    const broker = refusingWith({ outcome: 'refuse', reasonCode, serverReference: 'other:1883 third' });
    const client = broker.open();
    const connack = client.tryConnect('c');
    assert.equal(connack.reasonCode, reasonCode);
    assert.equal(connack.properties?.serverReference, 'other:1883 third');
    assert.equal(client.closed, true);
    const old = broker.open(4);
    assert.equal(old.tryConnect('c').reasonCode, 3);
  }
});
