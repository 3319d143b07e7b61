import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrafficRates } from './traffic-rates.ts';

const client = (clientId: string, received: number, sent: number) => ({ clientId, received, sent });

test('a rate is the growth of a counter over the last seconds', () => {
  const rates = new TrafficRates();
  rates.note([client('a', 100, 0)], 0);
  assert.equal(rates.of('a'), undefined);
  for (let second = 1; second <= 10; second++) rates.note([client('a', 100 + 20 * second, second)], second * 1000);
  assert.deepEqual(rates.of('a'), { received: 20, sent: 1 });
});

test('a client that falls silent comes to a rate of zero', () => {
  const rates = new TrafficRates();
  for (let second = 0; second <= 5; second++) rates.note([client('a', 10 * second, 0)], second * 1000);
  for (let second = 6; second <= 11; second++) rates.note([client('a', 50, 0)], second * 1000);
  assert.deepEqual(rates.of('a'), { received: 0, sent: 0 });
});

test('counters that begin again with a new connection make no rate below zero', () => {
  const rates = new TrafficRates();
  rates.note([client('a', 500, 10)], 0);
  rates.note([client('a', 3, 10)], 1000);
  assert.equal(rates.of('a'), undefined);
  rates.note([client('a', 5, 10)], 2000);
  assert.deepEqual(rates.of('a'), { received: 2, sent: 0 });
});

test('who is not on the list any more is forgotten', () => {
  const rates = new TrafficRates();
  rates.note([client('a', 0, 0), client('b', 0, 0)], 0);
  rates.note([client('b', 1, 0)], 1000);
  rates.note([client('a', 9, 9), client('b', 1, 0)], 2000);
  assert.equal(rates.of('a'), undefined);
});
