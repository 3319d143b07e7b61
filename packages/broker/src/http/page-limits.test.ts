import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_PAGE_CONNECTIONS, MAX_PAGE_CONNECTIONS_PER_ADDRESS, MAX_REQUEST_RATE, PageLimits } from './page-limits.ts';

test('one address gets a part of the connections, and all addresses together what there is', () => {
  const limits = new PageLimits();
  for (let index = 0; index < MAX_PAGE_CONNECTIONS_PER_ADDRESS; index += 1) {
    assert.equal(limits.enter(`192.0.2.1:${index}`, 0), null);
  }
  assert.match(limits.enter('192.0.2.1:99', 0)!.reason, /64 connections from this address ask for pages already/);
  for (let index = MAX_PAGE_CONNECTIONS_PER_ADDRESS; index < MAX_PAGE_CONNECTIONS; index += 1) {
    assert.equal(limits.enter(`198.51.100.${index}:80`, 0), null);
  }
  assert.match(limits.enter('203.0.113.1:80', 0)!.reason, /256 connections ask for pages already/);
  limits.leave('192.0.2.1:7');
  assert.equal(limits.enter('192.0.2.1:100', 0), null);
});

test('a /64 network counts as one address', () => {
  const limits = new PageLimits();
  for (let index = 0; index < MAX_PAGE_CONNECTIONS_PER_ADDRESS; index += 1) {
    assert.equal(limits.enter(`[2001:db8::${index.toString(16)}]:80`, 0), null);
  }
  assert.equal(limits.enter('[2001:db8::ffff]:80', 0)!.status, 503);
  assert.equal(limits.enter('[2001:db8:0:1::1]:80', 0), null);
});

test('a second brings a second’s worth of requests to each address', () => {
  const limits = new PageLimits();
  const ask = (count: number, now: number): number => {
    let answered = 0;
    for (let index = 0; index < count; index += 1) answered += limits.request('192.0.2.1:80', now) === null ? 1 : 0;
    return answered;
  };
  assert.equal(ask(1000, 0), MAX_REQUEST_RATE);
  assert.equal(ask(1000, 500), MAX_REQUEST_RATE / 2);
  assert.equal(limits.request('192.0.2.2:80', 500), null);
  assert.equal(ask(1000, 60_000), MAX_REQUEST_RATE);
});

test('who keeps to the rate is forgotten, and no flood of addresses is remembered', () => {
  const limits = new PageLimits();
  for (let index = 0; index < 50_000; index += 1)
    limits.request(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:1`, 0);
  assert.ok(limits.size <= 10_001, `${limits.size} addresses`);
  limits.request('192.0.2.1:80', 10_000);
  assert.equal(limits.size, 1);
});
