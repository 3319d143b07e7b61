import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DisconnectReason } from '@cauldron/core';
import { encodePacket, type Packet, PacketType, type Properties, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestClient, textBytes } from '@cauldron/testkit';

const will = { topic: 'w', payload: textBytes('gone'), qos: 0, retain: false } as const;

function lastWords(client: TestClient): { reasonCode: number; properties: Properties | undefined } {
  const packet = client.takeOne();
  assert(packet.type === PacketType.disconnect);
  return { reasonCode: packet.reasonCode, properties: packet.properties };
}

test('a client that says goodbye is closed without an answer, in every version [MQTT-3.14.4-2]', () => {
  for (const version of [3, 4, 5] as const) {
    const ends: DisconnectReason[] = [];
    const broker = new TestBroker({ observer: { disconnected: (_client, reason) => ends.push(reason) } });
    const client = broker.connect('c', { version });
    client.disconnect();
    assert.deepEqual([client.take(), client.closed], [[], true]);
    assert.deepEqual([ends[0]?.reasonCode, ends[0]?.by], [0, 'client']);
    assert.equal(broker.core.metrics.clientsConnected, 0);
  }
});

test('nothing that a client sends behind its DISCONNECT is processed [MQTT-3.14.4-1]', () => {
  const broker = new TestBroker();
  const witness = broker.connect('witness');
  witness.subscribe('#');
  const client = broker.connect('c');
  const packets: Packet[] = [
    { type: PacketType.disconnect, reasonCode: 0 },
    { type: PacketType.publish, topic: 't', payload: textBytes('x'), qos: 0, retain: false, dup: false, packetId: 0 },
  ];
  client.sendBytes(Uint8Array.from(packets.flatMap((packet) => [...encodePacket(packet, 5)])));
  client.publish('t', 'y');
  assert.deepEqual(witness.take(), []);
});

test('the broker sends nothing behind its DISCONNECT and closes [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-4.13.2-1]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { properties: { sessionExpiryInterval: 60 } });
  client.subscribe('#', { qos: 1 });
  client.link.reading = false;
  broker.core.disconnect('c', ReasonCode.administrativeAction, 'because');
  broker.connect('p').publish('t', 'x', { qos: 1 });
  assert.equal(client.closed, false, 'the last words are not read yet');
  client.link.drain();
  assert.equal(lastWords(client).reasonCode, ReasonCode.administrativeAction);
  assert.equal(client.closed, true);
});

test('what was accepted before the end still goes out before the DISCONNECT', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('t');
  const bytes = [
    ...encodePacket(
      { type: PacketType.publish, topic: 't', payload: textBytes('x'), qos: 0, retain: false, dup: false, packetId: 0 },
      5,
    ),
    0x36,
    0x00,
  ];
  client.sendBytes(Uint8Array.from(bytes));
  assert.deepEqual(
    client.take().map(({ type }) => type),
    [PacketType.publish, PacketType.disconnect],
  );
});

test('a peer that does not take its last bytes is cut after a while', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.link.reading = false;
  broker.core.disconnect('c', ReasonCode.administrativeAction, 'because');
  broker.advance(4_500);
  assert.equal(client.closed, false);
  broker.advance(750);
  assert.equal(client.closed, true);
  assert.equal(broker.core.connections.size, 0);
});

test('no DISCONNECT is sent before an accepting CONNACK: a CONNACK or nothing is [MQTT-3.14.0-1]', () => {
  const broker = new TestBroker({
    authenticator: { authenticate: () => new Promise(() => {}) },
  });
  const silent = broker.open();
  const thinking = broker.open();
  thinking.send({ type: PacketType.connect, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientId: 'c' });
  broker.core.close();
  assert.deepEqual([silent.take(), silent.closed], [[], true]);
  const connack = thinking.takeOne();
  assert(connack.type === PacketType.connack);
  assert.deepEqual([connack.reasonCode, thinking.closed], [ReasonCode.serverUnavailable, true]);
});

test('a program can end a connection with a reason, and send the client to another server', () => {
  for (const reasonCode of [ReasonCode.useAnotherServer, ReasonCode.serverMoved]) {
    const broker = new TestBroker();
    const client = broker.connect('c');
    assert.equal(broker.core.disconnect('c', reasonCode, 'we move house', { serverReference: 'b:1883' }), true);
    broker.core.flush();
    assert.deepEqual(lastWords(client), {
      reasonCode,
      properties: { serverReference: 'b:1883', reasonString: 'we move house' },
    });
    assert.equal(client.closed, true);
    assert.equal(broker.core.disconnect('c', reasonCode, 'gone already'), false);
    const old = broker.connect('old', { version: 4 });
    assert.equal(broker.core.disconnect('old', reasonCode, 'we move house', { serverReference: 'b:1883' }), true);
    assert.deepEqual([old.take(), old.closed], [[], true]);
  }
});

test('a client that a program disconnects leaves its will behind', () => {
  const broker = new TestBroker();
  const witness = broker.connect('witness');
  witness.subscribe('w');
  broker.connect('c', { will });
  broker.core.disconnect('c', ReasonCode.administrativeAction, 'because');
  assert.equal(witness.takeMessages().length, 1);
});

test('a DISCONNECT of the broker has no session expiry interval, whatever ends the connection [MQTT-3.14.2-2]', () => {
  const properties = { sessionExpiryInterval: 60 };
  const ends: ((broker: TestBroker, client: TestClient) => void)[] = [
    (broker) => broker.connect('c', { cleanStart: false, properties }),
    (broker) => broker.core.close(),
    (broker) => broker.advance(15_250),
    (_broker, client) => client.sendBytes(Uint8Array.of(0x36, 0x00)),
    (broker) => broker.core.disconnect('c', ReasonCode.administrativeAction, 'because', { sessionExpiryInterval: 1 }),
  ];
  for (const end of ends) {
    const broker = new TestBroker({ mqtt: { sessionExpiryMaximum: 30 } });
    const client = broker.connect('c', { keepAlive: 10, properties });
    end(broker, client);
    const { properties: said } = lastWords(client);
    assert.deepEqual(Object.keys(said ?? {}), ['reasonString']);
  }
});

test('a DISCONNECT carries no code that belongs to other packets or to clients [MQTT-3.14.2-1]', () => {
  const cases = [
    [ReasonCode.success, ReasonCode.success],
    [ReasonCode.disconnectWithWill, ReasonCode.unspecifiedError],
    [ReasonCode.badUserNameOrPassword, ReasonCode.notAuthorized],
    [ReasonCode.banned, ReasonCode.notAuthorized],
    [ReasonCode.serverUnavailable, ReasonCode.serverBusy],
    [ReasonCode.packetIdentifierInUse, ReasonCode.unspecifiedError],
    [0xf0, ReasonCode.unspecifiedError],
  ] as const;
  for (const [asked, sent] of cases) {
    const broker = new TestBroker();
    const client = broker.connect('c');
    broker.core.disconnect('c', asked, 'because');
    assert.equal(lastWords(client).reasonCode, sent);
  }
});

test('a DISCONNECT goes without reason string and user properties where it would get too large [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.1.2-24]', () => {
  const userProperties: [string, string][] = [['why', 'x'.repeat(40)]];
  const properties = { reasonString: 'r'.repeat(40), userProperties };
  const { length } = encodePacket(
    { type: PacketType.disconnect, reasonCode: ReasonCode.administrativeAction, properties },
    5,
  );
  for (const [maximumPacketSize, said] of [
    [length, properties],
    [length - 1, undefined],
  ] as const) {
    const broker = new TestBroker();
    const client = broker.connect('c', { properties: { maximumPacketSize } });
    broker.core.disconnect('c', ReasonCode.administrativeAction, properties.reasonString, { userProperties });
    const { reasonCode, properties: got } = lastWords(client);
    assert.equal(reasonCode, ReasonCode.administrativeAction);
    assert.deepEqual([got?.reasonString, got?.userProperties], [said?.reasonString, said?.userProperties]);
    assert.equal(client.closed, true);
  }
});

test('a DISCONNECT that does not fit without its reason string either is left out, and the connection closes [MQTT-3.1.2-24]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { properties: { maximumPacketSize: 40 } });
  broker.core.disconnect('c', ReasonCode.serverMoved, 'because', { serverReference: 's'.repeat(40) });
  assert.deepEqual([client.take(), client.closed], [[], true]);
});

test('a broker that shuts down tells 5.0 clients 0x8B, closes all, and publishes no will', () => {
  const broker = new TestBroker();
  const received: string[] = [];
  broker.core.ports.interceptors.push({
    intercept: ({ topic }) => {
      received.push(topic);
      return undefined;
    },
  });
  const modern = broker.connect('c5', { will, properties: { sessionExpiryInterval: 60 } });
  const old = broker.connect('c4', { version: 4, will });
  broker.connect('delayed', {
    will: { ...will, properties: { willDelayInterval: 30 } },
    properties: { sessionExpiryInterval: 60 },
  });
  broker.core.close();
  const { reasonCode, properties } = lastWords(modern);
  assert.equal(reasonCode, ReasonCode.serverShuttingDown);
  assert.match(properties?.reasonString ?? '', /try again/);
  assert.deepEqual([modern.closed, old.take(), old.closed], [true, [], true]);
  assert.equal(broker.core.metrics.clientsConnected, 0);
  assert.deepEqual(received, []);
  assert.equal(broker.core.metrics.willsPublished, 0);
});
