import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOf, isShared, networkOf } from './network-of.ts';

test('an IPv4 address is its own network, an IPv6 address its /64, in one spelling', () => {
  const networks: [string, string][] = [
    ['192.0.2.1:50312', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:50312', '192.0.2.1'],
    ['[2001:db8:0:7:1::2]:1', '2001:db8:0:7::/64'],
    ['[2001:0DB8:0:0007:ffff:0:0:9]:2', '2001:db8:0:7::/64'],
    ['[2001:db8::1]:1', '2001:db8:0:0::/64'],
    ['[fe80::1%eth0]:1', 'fe80:0:0:0::/64'],
    ['[64:ff9b::192.0.2.1]:1', '64:ff9b:0:0::/64'],
    ['[1:2:3:4:5:6:192.0.2.1]:1', '1:2:3:4::/64'],
    ['[::1]:50312', '::1'],
    ['/run/cauldron.sock', '/run/cauldron.sock'],
    ['unknown', 'unknown'],
  ];
  for (const [address, network] of networks) assert.equal(networkOf(address), network, address);
});

test('the host of an address stands without brackets and port', () => {
  assert.deepEqual(['10.0.0.1:5', '[::1]:5', '::1', '/run/a:b'].map(hostOf), ['10.0.0.1', '::1', '::1', '/run/a']);
});

test('loopback and what is no IP address is shared by everybody on the machine', () => {
  for (const shared of ['127.0.0.1:1', '127.9.0.1:1', '[::1]:1', '/run/cauldron.sock', 'unknown']) {
    assert.equal(isShared(networkOf(shared)), true, shared);
  }
  for (const own of ['192.0.2.1:1', '[2001:db8::1]:1', '10.0.0.1:1'])
    assert.equal(isShared(networkOf(own)), false, own);
});
