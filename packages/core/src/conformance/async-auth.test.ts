import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationResult } from '@cauldron/core';
import { type ConnectPacket, PacketType, type ProtocolVersion, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions, textBytes, textOf } from '@cauldron/testkit';

const settled = () => new Promise(setImmediate);

const connectPacket = (protocolVersion: ProtocolVersion, clientId: string): ConnectPacket => ({
  type: PacketType.connect,
  protocolVersion,
  cleanStart: true,
  keepAlive: 0,
  clientId,
});

/** A broker whose authenticator answers `slow` clients only when the test does. */
function slowBroker(options: TestBrokerOptions = {}) {
  const pending: ((result: AuthenticationResult | Error) => void)[] = [];
  const broker = new TestBroker({
    ...options,
    authenticator: {
      authenticate: ({ clientId }) =>
        clientId.startsWith('slow')
          ? new Promise((resolve, reject) => {
              pending.push((result) => (result instanceof Error ? reject(result) : resolve(result)));
            })
          : { outcome: 'accept' },
    },
  });
  return { broker, answer: (result: AuthenticationResult | Error) => pending.shift()?.(result) };
}

test('an authenticator that takes its time stops only its own client', async () => {
  const { broker, answer } = slowBroker();
  const slow = broker.open();
  slow.send(connectPacket(5, 'slow'));
  assert.equal(slow.link.paused, true);
  const other = broker.connect('other');
  other.subscribe('t');
  other.publish('t', 'x');
  assert.equal(other.takeMessages().length, 1);
  assert.deepEqual(slow.take(), []);
  answer({ outcome: 'accept' });
  await settled();
  assert.equal(slow.takeOne().type, PacketType.connack);
  assert.equal(slow.link.paused, false);
});

test('what stands behind a CONNECT is handled in order once the authenticator accepts, in every version', async () => {
  for (const version of [3, 4, 5] as const) {
    const { broker, answer } = slowBroker();
    const client = broker.open(version);
    client.send(connectPacket(version, 'slow'), {
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [{ filter: 't', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    });
    client.publish('t', '1', { qos: 0 });
    client.publish('t', '2', { qos: 1, packetId: 7 });
    assert.deepEqual(client.take(), []);
    answer({ outcome: 'accept' });
    await settled();
    const packets = client.take();
    assert.deepEqual(
      packets.map(({ type }) => type),
      [PacketType.connack, PacketType.suback, PacketType.publish, PacketType.publish, PacketType.puback],
    );
    const payloads = packets.flatMap((packet) => (packet.type === PacketType.publish ? textOf(packet.payload) : []));
    assert.deepEqual(payloads, ['1', '2']);
  }
});

test('a refusal that comes later drops what stands behind the CONNECT [MQTT-3.1.4-6]', async () => {
  const { broker, answer } = slowBroker();
  const witness = broker.connect('witness');
  witness.subscribe('#');
  const client = broker.open();
  client.send(connectPacket(5, 'slow'));
  client.publish('t', 'x');
  answer({ outcome: 'refuse', reasonCode: ReasonCode.badUserNameOrPassword });
  await settled();
  const connack = client.takeOne();
  assert.equal('reasonCode' in connack && connack.reasonCode, ReasonCode.badUserNameOrPassword);
  assert.deepEqual([client.closed, witness.take()], [true, []]);
});

test('two answers that come later, of authenticator and authorizer, keep the order of what stands behind', async () => {
  const later: ((decision: true) => void)[] = [];
  const { broker, answer } = slowBroker({
    authorizer: {
      authorizeSubscribe: () => true,
      authorizePublish: () => new Promise((resolve) => later.push(resolve)),
    },
  });
  const client = broker.open();
  const will = { topic: 'w', payload: textBytes('gone'), qos: 0, retain: false } as const;
  client.send({ ...connectPacket(5, 'slow'), will }, { type: PacketType.pingreq });
  answer({ outcome: 'accept' });
  await settled();
  assert.deepEqual([client.take(), client.closed, client.link.paused], [[], false, true]);
  later.shift()?.(true);
  await settled();
  assert.deepEqual(
    client.take().map(({ type }) => type),
    [PacketType.connack, PacketType.pingresp],
  );
});

test('a connection that breaks while the authenticator thinks leaves nothing, whatever the answer', async () => {
  for (const result of [
    { outcome: 'accept' },
    { outcome: 'refuse', reasonCode: ReasonCode.notAuthorized },
  ] as AuthenticationResult[]) {
    const { broker, answer } = slowBroker();
    const witness = broker.connect('witness');
    witness.subscribe('#');
    const client = broker.open();
    const will = { topic: 'w', payload: textBytes('gone'), qos: 0, retain: false } as const;
    client.send({ ...connectPacket(5, 'slow'), will });
    client.publish('t', 'x');
    client.cut();
    answer(result);
    await settled();
    assert.deepEqual([client.take(), witness.take()], [[], []]);
    assert.equal(broker.core.sessions.size, 1);
    assert.equal(broker.core.connections.size, 1);
    assert.equal(broker.core.metrics.clientsConnected, 1);
  }
});

test('an authenticator that fails is reported, and its client is refused with 0x80, or return code 3', async () => {
  for (const version of [4, 5] as const) {
    const errors: unknown[] = [];
    const { broker, answer } = slowBroker({ observer: { internalError: (error) => errors.push(error) } });
    const client = broker.open(version);
    client.send(connectPacket(version, 'slow'));
    const failure = new Error('the directory does not answer');
    answer(failure);
    await settled();
    const connack = client.takeOne();
    assert.equal('reasonCode' in connack && connack.reasonCode, version === 5 ? ReasonCode.unspecifiedError : 3);
    assert.equal(client.closed, true);
    assert.deepEqual(errors, [failure]);
  }
});

test('an authenticator that fails after its connection broke is reported too', async () => {
  const errors: unknown[] = [];
  const { broker, answer } = slowBroker({ observer: { internalError: (error) => errors.push(error) } });
  const client = broker.open();
  client.send(connectPacket(5, 'slow'));
  client.cut();
  answer(new Error('the directory does not answer'));
  await settled();
  assert.equal(errors.length, 1);
});

test('an authenticator that throws is reported, and its client is refused with 0x80', () => {
  const errors: unknown[] = [];
  const broker = new TestBroker({
    authenticator: {
      authenticate: () => {
        throw new Error('broken');
      },
    },
    observer: { internalError: (error) => errors.push(error) },
  });
  const client = broker.open();
  assert.equal(client.tryConnect('c').reasonCode, ReasonCode.unspecifiedError);
  assert.deepEqual([client.closed, errors.length], [true, 1]);
});

test('an authenticator that never answers is cut short by the connect time-out', async () => {
  const { broker, answer } = slowBroker({ limits: { connectTimeout: 5 } });
  const client = broker.open();
  client.send(connectPacket(5, 'slow'));
  broker.advance(5_250);
  const connack = client.takeOne();
  assert(connack.type === PacketType.connack);
  assert.equal(connack.reasonCode, ReasonCode.notAuthorized);
  assert.match(connack.properties?.reasonString ?? '', /connectTimeout/);
  assert.equal(client.closed, true);
  answer({ outcome: 'accept' });
  await settled();
  assert.deepEqual(client.take(), []);
  assert.equal(broker.core.sessions.size, 0);
});

test('of two clients that authenticate with one identifier, the one accepted last has it [MQTT-3.1.4-3]', async () => {
  const { broker, answer } = slowBroker();
  const [first, second] = [broker.open(), broker.open()];
  first.send(connectPacket(5, 'slow'));
  second.send(connectPacket(5, 'slow'));
  answer({ outcome: 'accept' });
  answer({ outcome: 'accept' });
  await settled();
  assert.deepEqual([first.closed, second.closed], [true, false]);
  assert.equal(broker.core.sessions.size, 1);
});

test('places are counted when clients get in, however many authenticate at the same time', async () => {
  const { broker, answer } = slowBroker({ limits: { maxConnections: 2 } });
  const clients = ['slow1', 'slow2', 'slow3'].map((clientId) => {
    const client = broker.open();
    client.send(connectPacket(5, clientId));
    return client;
  });
  for (const _ of clients) answer({ outcome: 'accept' });
  await settled();
  const codes = clients.map((client) => client.take().map((packet) => 'reasonCode' in packet && packet.reasonCode));
  assert.deepEqual(codes, [[0], [0], [ReasonCode.quotaExceeded]]);
  assert.equal(broker.core.metrics.refusedMaxConnections, 1);
});
