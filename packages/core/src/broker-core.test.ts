import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { TestBroker, textOf } from '@cauldron/testkit';

test('a QoS 0 message reaches every subscriber of its topic as it was published', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  for (const version of [3, 4, 5] as const) {
    const subscriber = broker.connect(`s${version}`, { version });
    subscriber.subscribe('a/+');
    publisher.publish('a/b', 'hello');
    const [message] = subscriber.takeMessages();
    assert.equal(message?.topic, 'a/b');
    assert.equal(textOf(message.payload), 'hello');
    assert.equal(message.qos, 0);
    assert.equal(message.retain, false);
  }
});

test('a QoS 2 publish sent twice before PUBREL is delivered once [MQTT-4.3.3-10]', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('s');
  subscriber.subscribe('t', { qos: 0 });
  const publisher = broker.connect('p');
  publisher.publish('t', '1', { qos: 2, packetId: 7 });
  publisher.publish('t', '1', { qos: 2, packetId: 7, dup: true });
  assert.deepEqual(
    publisher.take().map(({ type }) => type),
    [PacketType.pubrec, PacketType.pubrec],
  );
  assert.equal(subscriber.takeMessages().length, 1);
});
