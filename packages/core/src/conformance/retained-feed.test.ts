import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';

test('however many filters one SUBSCRIBE has, a turn queues no more than a slice of what is retained, and all of it comes', () => {
  const broker = new TestBroker();
  const message = { payload: new Uint8Array(1), qos: 0, retain: true, properties: undefined } as const;
  for (let i = 0; i < 900; i++) broker.core.publish({ ...message, topic: `r/${i}` });
  const client = broker.connect('greedy');
  const filters = ['#', '+/#', 'r/#', 'r/+', '+/+', 'r/+/#', '+/+/#'];
  const plain = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = filters.map((filter) => ({ filter, ...plain }));
  const { metrics } = broker.core;
  client.link.feed(encodePacket({ type: PacketType.subscribe, packetId: 1, subscriptions }, 5));
  const first = metrics.publishSent + metrics.queuedMessages;
  assert.ok(first > 0 && first <= 500, `${first} messages in one turn`);
  let before = first;
  for (let turn = 0; turn < 50; turn++) {
    broker.core.flush();
    const now = metrics.publishSent + metrics.queuedMessages;
    assert.ok(now - before <= 500, `${now - before} messages in one turn`);
    before = now;
  }
  assert.equal(client.takeMessages().length, 900 * filters.length);
});
