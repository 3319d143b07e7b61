import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressList } from './address-list.ts';

test('addresses are found in networks and by themselves, IPv4 within IPv6 included', () => {
  const list = new AddressList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1']);
  for (const inside of ['10.255.0.1', '192.0.2.7', '::ffff:10.1.2.3', '2001:db8:1::9', '::1']) {
    assert.equal(list.has(inside), true, inside);
  }
  for (const outside of ['11.0.0.1', '192.0.2.8', '::ffff:11.0.0.1', '2001:db9::1', '::2', '', 'unknown']) {
    assert.equal(list.has(outside), false, outside);
  }
});

test('an empty list holds nobody, and /0 everybody of its family', () => {
  assert.equal(new AddressList([]).has('127.0.0.1'), false);
  assert.equal(new AddressList(['0.0.0.0/0']).has('203.0.113.5'), true);
});

test('what is no network is refused with an example of one', () => {
  for (const wrong of [
    '10.0.0.0/33',
    '10.0.0/8',
    'proxy.example.org',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '',
  ]) {
    const expected = { code: 'PROXY_OPTIONS', message: /proxyProtocol\.from: '.*' is no network; .*10\.0\.0\.0\/8/ };
    assert.throws(() => new AddressList([wrong]), expected, wrong);
  }
});
