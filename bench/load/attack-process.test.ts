import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackerAddress } from './attack-process.ts';

const lo = { address: '127.0.0.1', netmask: '', mac: '', cidr: null, family: 'IPv4', internal: true } as const;

test('an attacker comes from an address that is not shared by everybody on the machine, where there is one', () => {
  const outer = { ...lo, address: '192.0.2.7', internal: false };
  assert.equal(attackerAddress({ lo: [lo], eth0: [outer] }), '192.0.2.7');
  assert.equal(attackerAddress({ lo: [lo] }), '127.0.0.2');
});
