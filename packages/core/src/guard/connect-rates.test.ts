import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReasonCode } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';
import { Metrics } from '../metrics.ts';
import { defaultLimits, defaultMqttOptions, type Limits, type ListenerSettings } from '../options.ts';
import { ConnectRates } from './connect-rates.ts';

const settings = (limits: Partial<Limits>): ListenerSettings => ({
  limits: { ...defaultLimits, ...limits },
  mqtt: defaultMqttOptions,
  ack: undefined,
  clients: 0,
});

/** How many of `count` connections come in. */
function admitted(broker: TestBroker, address: string, listener: ListenerSettings, count: number): number {
  let came = 0;
  for (let i = 0; i < count; i++) if (broker.core.admit(address, listener) === null) came += 1;
  return came;
}

test('without limits every connection may come, and nothing is remembered', () => {
  const broker = new TestBroker();
  const listener = broker.core.listener({});
  assert.equal(admitted(broker, '192.0.2.1:1', listener, 10_000), 10_000);
  assert.equal(broker.core.metrics.connectionsRefused, 0);
});

test('maxConnectRate: a second’s worth comes at once, then as many as time brings; each listener has its own', () => {
  const refused: string[] = [];
  const broker = new TestBroker({
    observer: { refused: (address, clientId, { reason }) => refused.push(`${address} ${clientId} ${reason}`) },
  });
  const listener = broker.core.listener({ limits: { maxConnectRate: 8 } });
  assert.equal(admitted(broker, '192.0.2.1:1', listener, 20), 8);
  assert.equal(broker.core.admit('192.0.2.2:1', listener)?.reasonCode, ReasonCode.connectionRateExceeded);
  assert.equal(admitted(broker, '192.0.2.1:1', broker.core.listener({ limits: { maxConnectRate: 8 } }), 20), 8);
  broker.advance(500);
  assert.equal(admitted(broker, '192.0.2.3:1', listener, 20), 4);
  const { refusedConnectRate, connectionsRefused } = broker.core.metrics;
  assert.deepEqual([refusedConnectRate, connectionsRefused, refused.length], [41, 41, 41]);
  assert.match(refused[0]!, /192\.0\.2\.1:1 undefined more than 8 connections a second.*limits\.maxConnectRate.*again/);
});

test('maxConnectRatePerAddress: who comes too often is refused, others are not, and their listener’s rate is left to them', () => {
  const broker = new TestBroker();
  const listener = broker.core.listener({ limits: { maxConnectRate: 10, maxConnectRatePerAddress: 3 } });
  assert.equal(admitted(broker, '192.0.2.1:1', listener, 100), 3);
  const refusal = broker.core.admit('192.0.2.1:9', listener);
  assert.match(
    refusal?.reason ?? '',
    /3 connections a second came from 192\.0\.2\.1 \(limits\.maxConnectRatePerAddress\)/,
  );
  assert.equal(admitted(broker, '[2001:db8::1]:1', listener, 2), 2);
  assert.equal(admitted(broker, '[2001:db8::2]:1', listener, 2), 1, 'the same /64');
  assert.equal(admitted(broker, '192.0.2.9:1', listener, 3), 3);
  const { refusedAddressRate, refusedConnectRate } = broker.core.metrics;
  assert.deepEqual([refusedAddressRate, refusedConnectRate], [99, 0]);
});

test('a Unix socket has no address, so no rate by address', () => {
  const broker = new TestBroker();
  const listener = broker.core.listener({ limits: { maxConnectRatePerAddress: 1 } });
  assert.equal(admitted(broker, 'unix:/run/cauldron.sock', listener, 50), 50);
});

test('addresses are forgotten once they may come again, and never more are remembered than there is room for', () => {
  const rates = new ConnectRates(new Metrics(), 100);
  const listener = settings({ maxConnectRatePerAddress: 2 });
  const address = (n: number) => `10.0.${n >> 8}.${n & 255}:1`;
  for (let n = 0; n < 1000; n++) {
    assert.equal(rates.check(address(n), listener, 0), null);
    assert.ok(rates.addressesOf(listener) <= 100);
  }
  assert.equal(rates.addressesOf(listener), 100);
  rates.check(address(2000), listener, 1000);
  assert.equal(rates.addressesOf(listener), 1);
  assert.equal(rates.check(address(2000), listener, 1000), null);
  assert.notEqual(rates.check(address(2000), listener, 1000), null);
  rates.check(address(3), listener, 1499);
  assert.equal(rates.addressesOf(listener), 2, 'who still has too much stays remembered');
  assert.equal(rates.check(address(2000), listener, 1500), null);
});
