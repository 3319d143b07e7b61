import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, textBytes } from '@cauldron/testkit';

/** The broker looks at the time this often, milliseconds: how late an end may come. */
const STEP = 250;

test('PINGREQ is answered with PINGRESP [MQTT-3.12.4-1]', () => {
  for (const version of [3, 4, 5] as const) {
    const client = new TestBroker().connect('c', { version });
    client.send({ type: PacketType.pingreq }, { type: PacketType.pingreq });
    assert.deepEqual(client.take(), [{ type: PacketType.pingresp }, { type: PacketType.pingresp }]);
  }
});

test('a client that is silent for 1.5 times its keep alive is cut, with 0x8D in 5.0, and not before [MQTT-3.1.2-22] [MQTT-3.2.2-22]', () => {
  for (const version of [3, 4, 5] as const) {
    for (const keepAlive of [1, 10, 600]) {
      const broker = new TestBroker();
      const client = broker.connect('c', { version, keepAlive });
      broker.advance(keepAlive * 1500 - STEP);
      assert.equal(client.closed, false);
      assert.deepEqual(client.take(), []);
      broker.advance(2 * STEP);
      assert.equal(client.closed, true);
      assert.equal(broker.core.metrics.keepAliveTimeouts, 1);
      const [last] = client.take();
      if (version === 5) {
        assert(last?.type === PacketType.disconnect);
        assert.equal(last.reasonCode, ReasonCode.keepAliveTimeout);
        assert.match(last.properties?.reasonString ?? '', /keep alive/);
      } else assert.equal(last, undefined);
    }
  }
});

test('the longest keep alive holds: 65,535 s are 27 hours', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { keepAlive: 65_535 });
  broker.core.tick(broker.core.now + 65_535 * 1500 - 1000);
  assert.equal(client.closed, false);
  broker.core.tick(broker.core.now + 2000);
  assert.equal(client.closed, true);
});

test('a keep alive of 0 lets a client be silent for ever [MQTT-3.2.2-22]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { keepAlive: 0 });
  broker.core.tick(broker.core.now + 10 * 365 * 86_400_000);
  assert.equal(client.closed, false);
});

test('every packet of the client starts its time anew, what the broker sends does not [MQTT-3.1.2-22]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { keepAlive: 10 });
  client.subscribe('t');
  const sends = [
    () => client.send({ type: PacketType.pingreq }),
    () => client.publish('x', ''),
    () => client.subscribe('t'),
    () => client.ack(PacketType.puback, 1),
  ];
  for (const send of sends) {
    broker.advance(14_000);
    send();
  }
  broker.advance(14_000);
  assert.equal(client.closed, false);
  const publisher = broker.connect('p');
  publisher.publish('t', 'x');
  broker.advance(2_000);
  assert.equal(client.closed, true);
});

test('bytes of a packet that takes long to arrive count as life', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { keepAlive: 10 });
  const slow = encodePacket(
    {
      type: PacketType.publish,
      topic: 't',
      payload: textBytes('abcdef'),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
    },
    5,
  );
  for (const byte of slow) {
    broker.advance(10_000);
    client.sendBytes(Uint8Array.of(byte));
  }
  assert.equal(client.closed, false);
  assert.equal(broker.core.metrics.publishReceived, 1);
});

test('a server keep alive replaces that of 5.0 clients, which are told, and of nobody else', () => {
  const broker = new TestBroker({ mqtt: { serverKeepAlive: 20 } });
  for (const keepAlive of [0, 5, 600]) {
    const client = broker.open();
    assert.equal(client.connect(`c${keepAlive}`, { keepAlive }).properties?.serverKeepAlive, 20);
    broker.advance(29_500);
    assert.equal(client.closed, false);
    broker.advance(750);
    assert.equal(client.closed, true);
  }
  const old = broker.connect('old', { version: 4, keepAlive: 600 });
  broker.advance(800_000);
  assert.equal(old.closed, false);
});

test('a keep alive that runs out publishes the will', () => {
  const broker = new TestBroker();
  const witness = broker.connect('w');
  witness.subscribe('gone');
  const will = { topic: 'gone', payload: textBytes('c'), qos: 0, retain: false } as const;
  broker.connect('c', { keepAlive: 10, will });
  broker.advance(15_250);
  assert.equal(witness.takeMessages().length, 1);
});

test('a client is not cut for silence while the broker itself does not read from it', async () => {
  let allow: (decision: true) => void = () => assert.fail('nobody asked');
  const broker = new TestBroker({
    authorizer: {
      authorizePublish: () =>
        new Promise((resolve) => {
          allow = resolve;
        }),
      authorizeSubscribe: () => true,
    },
  });
  const client = broker.connect('c', { keepAlive: 1 });
  client.publish('t', 'x', { qos: 1, packetId: 1 });
  client.send({ type: PacketType.pingreq });
  broker.advance(5_000);
  assert.equal(client.closed, false);
  allow(true);
  await new Promise(setImmediate);
  assert.deepEqual(
    client.take().map(({ type }) => type),
    [PacketType.puback, PacketType.pingresp],
  );
  broker.advance(1_250);
  assert.equal(client.closed, false);
  broker.advance(750);
  assert.equal(client.closed, true);
});
