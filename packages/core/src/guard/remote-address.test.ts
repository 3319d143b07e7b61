import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, networkOf } from './remote-address.ts';

test('an address is told without its port and brackets, IPv4 within IPv6 as IPv4, and no address as null', () => {
  const cases: [remoteAddress: string, address: string | null][] = [
    ['192.0.2.7:50312', '192.0.2.7'],
    ['192.0.2.7', '192.0.2.7'],
    ['[2001:DB8::1]:50312', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[fe80::1%eth0]:1883', 'fe80::1'],
    ['[::ffff:192.0.2.7]:50312', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['[::1]:1', '::1'],
    ['::', '::'],
    ['unix:/run/cauldron.sock', null],
    ['unix', null],
    ['unix:/a:b:c', null],
    ['memory:1', null],
    ['unknown', null],
    ['', null],
    ['[', null],
    ['1:2:3', null],
    ['1:2:3:4:5:6:7:8:9', null],
    ['1::2::3', null],
    ['12345::', null],
  ];
  for (const [remoteAddress, address] of cases) assert.equal(addressOf(remoteAddress), address, remoteAddress);
});

test('IPv6 counts by /64, however it is written; IPv4 by address', () => {
  const same = ['[2001:db8:0:7::1]:1', '2001:db8:0:7:ffff::', '2001:0DB8:0000:0007:1:2:3:4', '2001:db8:0:7::1.2.3.4'];
  for (const one of same) assert.equal(networkOf(one), '2001:db8:0:7::/64', one);
  assert.equal(networkOf('2001:db8:0:8::1'), '2001:db8:0:8::/64');
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
  assert.equal(networkOf('1::'), '1:0:0:0::/64');
  assert.equal(networkOf('192.0.2.7:1'), '192.0.2.7');
  assert.equal(networkOf('unix:/run/cauldron.sock'), null);
});
