// What the core does where a transport says that what came is no input.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DisconnectReason, Refusal } from '@cauldron/core';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, textBytes } from '@cauldron/testkit';

const REASON = 'a frame has reserved bits set';

test('a connected client of 5.0 is told what its transport did not understand, its will is published, and it is closed', () => {
  const ends: DisconnectReason[] = [];
  const broker = new TestBroker({ observer: { disconnected: (_client, reason) => ends.push(reason) } });
  const witness = broker.connect('witness');
  witness.subscribe('w');
  const will = { topic: 'w', payload: textBytes('gone'), qos: 0, retain: false } as const;
  const client = broker.connect('c', { will });
  client.link.receiver.malformed(REASON);
  broker.settle();
  const packet = client.takeOne();
  assert(packet.type === PacketType.disconnect);
  assert.deepEqual([packet.reasonCode, packet.properties?.reasonString], [ReasonCode.protocolError, REASON]);
  assert.equal(client.closed, true);
  assert.deepEqual(ends, [{ reasonCode: ReasonCode.protocolError, reason: REASON, by: 'server' }]);
  assert.equal(broker.core.metrics.protocolErrors, 1);
  assert.equal(witness.takeMessages().length, 1);
});

test('before its CONNECT it is a refusal, and after its end it is nothing', () => {
  const refusals: Refusal[] = [];
  const broker = new TestBroker({ observer: { refused: (_address, _client, refusal) => void refusals.push(refusal) } });
  const client = broker.open();
  const { receiver } = client.link;
  receiver.malformed(REASON);
  broker.settle();
  receiver.malformed('again');
  assert.deepEqual([client.take(), client.closed], [[], true]);
  assert.deepEqual(refusals, [{ reasonCode: ReasonCode.protocolError, reason: REASON }]);
  assert.equal(broker.core.metrics.protocolErrors, 1);
});
