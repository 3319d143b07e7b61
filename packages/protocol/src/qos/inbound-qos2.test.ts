import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InboundQos2 } from './inbound-qos2.ts';

test('an identifier is new once until its exchange ended, and then new again [MQTT-4.3.3-10] [MQTT-4.3.3-12]', () => {
  const inbound = new InboundQos2();
  assert.equal(inbound.has(7), false);
  assert.equal(inbound.end(7), false);
  assert.equal(inbound.begin(7), true);
  assert.equal(inbound.begin(7), false);
  assert.equal(inbound.has(7), true);
  assert.equal(inbound.size, 1);
  assert.equal(inbound.end(7), true);
  assert.equal(inbound.end(7), false);
  assert.equal(inbound.begin(7), true);
});

test('identifiers are listed in the order they came', () => {
  const inbound = new InboundQos2();
  assert.deepEqual(inbound.ids(), []);
  for (const id of [9, 3, 65_535, 1]) inbound.begin(id);
  inbound.end(3);
  inbound.begin(3);
  assert.deepEqual(inbound.ids(), [9, 65_535, 1, 3]);
});
