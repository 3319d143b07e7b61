import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReasonCode } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';
import { Metrics } from '../metrics.ts';
import { defaultLimits } from '../options.ts';
import { Reconnects } from './reconnects.ts';

const limits = { maxReconnects: 3, reconnectWindow: 10, banTime: 5, banTimeMaximum: 12 };

function watched(authenticate = () => true) {
  const bans: string[] = [];
  const broker = new TestBroker({
    limits,
    authenticator: {
      authenticate: () => (authenticate() ? { outcome: 'accept' } : { outcome: 'refuse', reasonCode: 0x86 }),
    },
    observer: { banned: (clientId, address, seconds) => bans.push(`${clientId} ${address} ${seconds}`) },
  });
  const come = (clientId: string, address = '192.0.2.1:5', version: 3 | 4 | 5 = 5) =>
    broker.open(version, address).tryConnect(clientId);
  return { broker, bans, come };
}

test('a client that connects once too often is refused with 0x8A, said once, and let in when its time is over', () => {
  const { broker, bans, come } = watched();
  const codes = () => [1, 2, 3, 4, 5, 6].map(() => come('c').reasonCode);
  const { banned } = ReasonCode;
  assert.deepEqual(codes(), [0, 0, 0, banned, banned, banned]);
  assert.deepEqual(bans, ['c 192.0.2.1:5 5']);
  assert.deepEqual([broker.core.metrics.clientsBanned, broker.core.metrics.refusedBanned], [1, 3]);
  const { properties } = come('c');
  assert.match(
    properties?.reasonString ?? '',
    /'c' connected more than 3 times in 10 s \(limits\.maxReconnects\).* 5 s/,
  );
  assert.equal(come('c', '192.0.2.1:5', 4).reasonCode, 5);
  broker.advance(5000);
  assert.equal(come('c').reasonCode, 0);
});

test('the connection a banned client still has is not taken over', () => {
  const { come, broker } = watched();
  for (let i = 0; i < 2; i++) come('c');
  const last = broker.open(5, '192.0.2.1:5');
  last.connect('c');
  assert.equal(come('c').reasonCode, ReasonCode.banned);
  assert.equal(last.closed, false);
});

test('a ban lasts twice as long each time it goes on, up to banTimeMaximum, and is forgotten after a quiet window', () => {
  const { broker, bans, come } = watched();
  const flap = () => {
    while (come('c').reasonCode === 0);
  };
  for (const seconds of [5, 10, 12, 12]) {
    flap();
    assert.equal(bans.at(-1), `c 192.0.2.1:5 ${seconds}`);
    broker.advance(seconds * 1000);
  }
  broker.advance(9750);
  flap();
  assert.equal(bans.at(-1), 'c 192.0.2.1:5 12', 'the window after the ban was not over');
  broker.advance(12_000 + 10_000);
  flap();
  assert.equal(bans.at(-1), 'c 192.0.2.1:5 5');
});

test('a client that comes as often as it may, window after window, is never banned', () => {
  const { broker, bans, come } = watched();
  for (let i = 0; i < 30; i++) {
    assert.equal(come('c').reasonCode, 0);
    broker.advance(10_000 / 3 + 1);
  }
  assert.deepEqual(bans, []);
});

test('another address, and another identifier at the same one, are not banned with it; the same /64 is', () => {
  const { come } = watched();
  for (let i = 0; i < 4; i++) come('c', '[2001:db8::1]:1');
  assert.equal(come('c', '[2001:db8::2]:7').reasonCode, ReasonCode.banned);
  assert.equal(come('c', '[2001:db8:0:1::2]:7').reasonCode, 0);
  assert.equal(come('c', '192.0.2.1:1').reasonCode, 0);
  assert.equal(come('d', '[2001:db8::1]:1').reasonCode, 0);
});

test('who is not let in cannot have anybody banned, and a ban is found before the authenticator is asked', () => {
  let asked = 0;
  let right = false;
  const { come, bans } = watched(() => {
    asked += 1;
    return right;
  });
  for (let i = 0; i < 20; i++) come('c');
  assert.deepEqual([asked, bans], [20, []]);
  right = true;
  for (let i = 0; i < 4; i++) come('c');
  assert.deepEqual([asked, bans.length], [24, 1]);
  come('c');
  assert.equal(asked, 24);
});

test('clients that are given an identifier are not counted, and 0 switches it off', () => {
  const { come, broker } = watched();
  for (let i = 0; i < 20; i++) assert.equal(come('').reasonCode, 0);
  assert.equal(broker.core.guard.reconnects.size, 0);
  const off = new TestBroker({ limits: { ...limits, maxReconnects: 0 } });
  for (let i = 0; i < 20; i++) off.connect('c');
  assert.equal(off.core.guard.reconnects.size, 0);
});

test('only so many clients are remembered, and only while they count', () => {
  const host = { now: 0, metrics: new Metrics(), observer: {} };
  const all = { ...defaultLimits, ...limits };
  const reconnects = new Reconnects(host, 50);
  for (let n = 0; n < 500; n++) reconnects.visit(`c${n}`, '192.0.2.1:1', all);
  assert.equal(reconnects.size, 50);
  host.now = 10_000;
  reconnects.visit('d', '192.0.2.1:1', all);
  assert.equal(reconnects.size, 1);
  const long = new Reconnects(host);
  for (let n = 0; n < 600; n++) long.visit(`${n}`.padEnd(65_535, 'x'), '192.0.2.1:1', all);
  assert.ok(long.size < 260, `${long.size} identifiers of 64 KiB`);
});
