import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet } from '@cauldron/protocol';
import { MqttError, PacketType } from '@cauldron/protocol';
import { enhancedAuthentication } from './authentication.ts';
import { Client } from './client.ts';
import { connectWith } from './connect.ts';
import { UnreachableError } from './error.ts';
import type { ClientOptions } from './options.ts';
import type { StoredState } from './store.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { message } from './testing/messages.ts';
import { type BrokerLink, type Reaction, ScriptedBroker, startClient } from './testing/scripted-broker.ts';

const URL_TEXT = 'mqtt://anna:secret@broker';
const OPTIONS: ClientOptions = { protocolVersion: 5, password: 'secret', reconnect: false };

/** What becomes of `connect`. */
async function connecting(reaction: Reaction, options: ClientOptions = OPTIONS, patience = 60_000): Promise<unknown> {
  const platform = new FakePlatform();
  new ScriptedBroker(platform, reaction);
  const result = connectWith(platform, URL_TEXT, options).catch((error: unknown) => error);
  await platform.advance(patience);
  return result;
}

/** What ended a connected client to which this was done. */
async function ending(act: (link: BrokerLink) => void, options = OPTIONS, reaction?: Reaction): Promise<unknown> {
  const { platform, broker, client } = await startClient(options, reaction, URL_TEXT);
  act(broker.link);
  await platform.advance(120_000);
  return client.closed;
}

/** What a call to a connected client is rejected with. */
async function calling(
  call: (client: Client, link: BrokerLink) => unknown,
  reaction?: Reaction,
  options = OPTIONS,
): Promise<unknown> {
  const { platform, broker, client } = await startClient(options, reaction, URL_TEXT);
  const result = (async () => call(client, broker.link))().catch((error: unknown) => error);
  await platform.advance(40_000);
  return result;
}

const on =
  (type: number, ...answers: ((packet: Packet) => Packet)[]): Reaction =>
  (packet, link) => {
    if (packet.type !== type) return undefined;
    for (const answer of answers) link.send(answer(packet));
    return true;
  };

const hangsUp: Reaction = (_, link) => {
  link.finish();
  return true;
};

const idOf = (packet: Packet): number => (packet as { packetId: number }).packetId;
const connack = (reasonCode: number, properties = {}) =>
  on(PacketType.connect, () => ({ type: PacketType.connack, sessionPresent: false, reasonCode, properties }));
const authentication = enhancedAuthentication({
  method: 'X',
  begin: () => ({
    first: () => undefined,
    next: () => {
      throw new Error('the server does not prove itself');
    },
    done: () => undefined,
  }),
});

const brokenStore = (operations: 'open' | 'later') => {
  let fail: (error: Error) => void = () => undefined;
  return {
    open: async (_: string, failed: (error: Error) => void): Promise<StoredState> => {
      fail = failed;
      if (operations === 'open') throw new Error('disk I/O error');
      return { messages: [], inbound: [] };
    },
    add: () => fail(new Error('disk full')),
    close: async () => undefined,
  };
};

interface Case {
  readonly name: string;
  readonly error: () => Promise<unknown>;
  readonly code: string;
  readonly reasonCode?: number;
  readonly says: RegExp;
}

const cases: readonly Case[] = [
  {
    name: 'a refused CONNECT',
    error: () => connecting(connack(0x87, { reasonString: 'not on Mondays' })),
    code: 'CONNECTION_REFUSED',
    reasonCode: 0x87,
    says: /the broker at mqtt:\/\/broker:1883 refused the connection: Not authorized \(0x87\): not on Mondays/,
  },
  {
    name: 'a refused CONNECT of 3.1.1',
    error: () => connecting(connack(4), { ...OPTIONS, protocolVersion: 4 }),
    code: 'CONNECTION_REFUSED',
    reasonCode: 0x86,
    says: /refused the connection: .*user ?name or password.* \(return code 4\)/i,
  },
  {
    name: 'a redirect that is not followed',
    error: () => connecting(connack(0x9c, { serverReference: 'other:1884' }), { ...OPTIONS, redirect: 'ignore' }),
    code: 'CONNECTION_REFUSED',
    reasonCode: 0x9c,
    says: /Use another server \(0x9c\); it names another server: other:1884/,
  },
  {
    name: 'a broker that takes the connection and says nothing',
    error: () => connecting(() => true),
    code: 'TIMEOUT',
    says: /no answer to CONNECT from mqtt:\/\/broker:1883 within 30000 ms; check the address, and that an MQTT broker listens/,
  },
  {
    name: 'a broker that hangs up on CONNECT',
    error: () => connecting(hangsUp),
    code: 'CONNECTION_CLOSED',
    says: /the connection to mqtt:\/\/broker:1883 was lost: the other end closed it/,
  },
  {
    name: 'a session that nobody asked for',
    error: () =>
      connecting(on(PacketType.connect, () => ({ type: PacketType.connack, sessionPresent: true, reasonCode: 0 }))),
    code: 'PROTOCOL_ERROR',
    reasonCode: 0x82,
    says: /says it has a session, but a clean start was asked for/,
  },
  {
    name: 'a lost connection',
    error: () => ending((link) => link.cut(new Error('read ECONNRESET'))),
    code: 'CONNECTION_CLOSED',
    says: /the connection to mqtt:\/\/broker:1883 was lost: read ECONNRESET/,
  },
  {
    name: 'a DISCONNECT',
    error: () => ending((link) => link.send({ type: PacketType.disconnect, reasonCode: 0x8b })),
    code: 'CONNECTION_CLOSED',
    reasonCode: 0x8b,
    says: /the broker ended the connection: Server shutting down \(0x8b\)/,
  },
  {
    name: 'a session that is taken over',
    error: () => ending((link) => link.send({ type: PacketType.disconnect, reasonCode: 0x8e })),
    code: 'CONNECTION_CLOSED',
    says: /another client uses the same client identifier: give each its own/,
  },
  {
    name: 'a broker that answers no ping',
    error: () => ending(() => undefined, { ...OPTIONS, keepAlive: 10 }, on(PacketType.pingreq)),
    code: 'TIMEOUT',
    reasonCode: 0x8d,
    says: /the broker at mqtt:\/\/broker:1883 did not answer a PINGREQ within the keep-alive time/,
  },
  {
    name: 'bytes that are no MQTT',
    error: () => ending((link) => link.raw([0x30, 0x80, 0x80, 0x80, 0x80, 0x01])),
    code: 'MALFORMED_PACKET',
    reasonCode: 0x81,
    says: /remaining length takes more than four bytes/,
  },
  {
    name: 'a packet beyond maxPacketSize',
    error: () => ending((link) => link.send(message('a', 'x'.repeat(100))), { ...OPTIONS, maxPacketSize: 50 }),
    code: 'PACKET_TOO_LARGE',
    reasonCode: 0x95,
    says: /a packet of 106 bytes was announced; at most 50 are accepted/,
  },
  {
    name: 'a topic alias beyond ours',
    error: () => ending((link) => link.send({ ...message('a', ''), properties: { topicAlias: 1 } })),
    code: 'TOPIC_ALIAS_INVALID',
    reasonCode: 0x94,
    says: /topic alias 1; we allow 0/,
  },
  {
    name: 'authentication that fails on our side',
    error: () =>
      connecting(
        on(PacketType.connect, () => ({
          type: PacketType.auth,
          reasonCode: 0x18,
          properties: { authenticationMethod: 'X' },
        })),
        { ...OPTIONS, authentication },
      ),
    code: 'NOT_AUTHORIZED',
    reasonCode: 0x87,
    says: /the server does not prove itself/,
  },
  {
    name: 'a refused publish',
    error: () =>
      calling(
        (client) => client.publish('door', '', { qos: 1 }),
        on(PacketType.publish, (packet) => ({ type: PacketType.puback, packetId: idOf(packet), reasonCode: 0x97 })),
      ),
    code: 'PUBLISH_REFUSED',
    reasonCode: 0x97,
    says: /the broker refused a message on door: Quota exceeded \(0x97\)/,
  },
  {
    name: 'a refused subscription',
    error: () =>
      calling(
        (client) => client.on('door', () => undefined),
        on(PacketType.subscribe, (packet) => ({
          type: PacketType.suback,
          packetId: idOf(packet),
          reasonCodes: [0x87],
        })),
      ),
    code: 'SUBSCRIBE_REFUSED',
    reasonCode: 0x87,
    says: /the broker refused the subscription to door: Not authorized \(0x87\)/,
  },
  {
    name: 'a topic with a wildcard',
    error: () => calling((client) => client.publish('a/+', '')),
    code: 'TOPIC_NAME_INVALID',
    reasonCode: 0x90,
    says: /wildcards are only for subscriptions/,
  },
  {
    name: 'a filter that is none',
    error: () => calling((client) => client.subscribe('a/#/b')),
    code: 'TOPIC_FILTER_INVALID',
    reasonCode: 0x8f,
    says: /'#' must be the last level/,
  },
  {
    name: 'a QoS the broker does not have',
    error: () => calling((client) => client.publish('a', '', { qos: 2 }), connack(0, { maximumQoS: 1 })),
    code: 'QOS_NOT_SUPPORTED',
    reasonCode: 0x9b,
    says: /supports QoS up to 1, not 2/,
  },
  {
    name: 'retain where the broker has none',
    error: () => calling((client) => client.publish('a', '', { retain: true }), connack(0, { retainAvailable: 0 })),
    code: 'RETAIN_NOT_SUPPORTED',
    reasonCode: 0x9a,
    says: /keeps no retained messages/,
  },
  {
    name: 'a message larger than the broker accepts',
    error: () => calling((client) => client.publish('a', 'x'.repeat(99)), connack(0, { maximumPacketSize: 50 })),
    code: 'PACKET_TOO_LARGE',
    reasonCode: 0x95,
    says: /has 105 bytes; the broker accepts at most 50/,
  },
  {
    name: 'a queue that is full',
    error: () =>
      calling(
        async (client) => {
          void client.publish('a', '', { qos: 1 }).catch(() => undefined);
          await client.publish('b', '', { qos: 1 });
        },
        connack(0, { receiveMaximum: 1 }),
        { ...OPTIONS, queue: { maxMessages: 0 } },
      ),
    code: 'QUEUE_FULL',
    reasonCode: 0x97,
    says: /the offline queue is full \(0 messages.*wait for publish\(\).*or raise queue\.maxMessages/,
  },
  {
    name: 'a request that nobody answers',
    error: () => calling((client) => client.request('a', '')),
    code: 'TIMEOUT',
    says: /nobody answered the request on a within 30000 ms; is a responder subscribed/,
  },
  {
    name: 'a request over 3.1.1',
    error: () => calling((client) => client.request('a', ''), undefined, { ...OPTIONS, protocolVersion: 4 }),
    code: 'UNSUPPORTED_PROTOCOL_VERSION',
    reasonCode: 0x84,
    says: /need MQTT 5\.0/,
  },
  {
    name: 'a signal',
    error: () => calling((client) => client.publish('a', '', { signal: AbortSignal.abort() })),
    code: 'ABORTED',
    says: /the publish was given up: its signal was aborted/,
  },
  {
    name: 'anything asked of a client that is over',
    error: () =>
      calling(async (client) => {
        void client.end();
        await client.publish('a', '');
      }),
    code: 'CONNECTION_CLOSED',
    says: /the client was ended/,
  },
  {
    name: 'a store that cannot be opened',
    error: () => connecting(() => undefined, { ...OPTIONS, clientId: 'me', store: brokenStore('open') }),
    code: 'STORE_FAILED',
    says: /store failed.*disk I\/O error/,
  },
  {
    name: 'a store that breaks',
    error: () =>
      calling((client) => client.publish('a', '', { qos: 1 }), undefined, {
        ...OPTIONS,
        clientId: 'me',
        store: brokenStore('later'),
      }),
    code: 'STORE_FAILED',
    says: /store failed.*disk full/,
  },
  {
    name: 'a store without a client identifier',
    error: async () => {
      try {
        return new Client(new FakePlatform(), URL_TEXT, { store: brokenStore('later') });
      } catch (error) {
        return error;
      }
    },
    code: 'CLIENT_IDENTIFIER_NOT_VALID',
    reasonCode: 0x85,
    says: /set clientId to one that stays the same/,
  },
  {
    name: 'a session lost with a QoS 2 message in flight',
    error: async () => {
      const { platform, broker, client } = await startClient(
        { protocolVersion: 5, password: 'secret' },
        on(PacketType.publish),
        URL_TEXT,
      );
      const published = client.publish('a', '', { qos: 2 }).catch((error: unknown) => error);
      await platform.settle();
      broker.link.cut();
      await platform.advance(5000);
      return published;
    },
    code: 'SESSION_LOST',
    says: /it may or may not have been delivered.*\(onSessionLost\)/,
  },
];

for (const { name, error, code, reasonCode = 0x80, says } of cases) {
  test(`${name} is ${code}, says what happened and why, and shows no credentials`, async () => {
    const found = await error();
    assert.ok(found instanceof MqttError, String(found));
    assert.equal(found.code, code, found.message);
    assert.match(found.message, says);
    assert.equal(found.reasonCode, reasonCode);
    assert.doesNotMatch(`${found.message} ${found.stack} ${JSON.stringify(found)}`, /anna|secret/);
  });
}

test('an unreachable broker is named without credentials', () => {
  const error = new UnreachableError('mqtt://broker:1883', 'nothing listens there', new Error('ECONNREFUSED'));
  assert.equal(error.code, 'UNREACHABLE');
  assert.equal(error.message, 'cannot reach mqtt://broker:1883: nothing listens there');
  assert.equal((error.cause as Error).message, 'ECONNREFUSED');
});
