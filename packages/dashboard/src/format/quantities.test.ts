import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, bytes, duration, milliseconds, plural, shortNumber } from './quantities.ts';

test('numbers have at most three digits that count and a unit', () => {
  const said = [0, 7, 7.26, 950, 1200, 12_500_000, -3400, Number.NaN].map(shortNumber);
  assert.deepEqual(said, ['0', '7', '7.26', '950', '1.20 k', '12.5 M', '-3.40 k', '–']);
});

test('bytes are counted in 1024s', () => {
  assert.deepEqual([512, 1536, 5 * 1024 ** 3].map(bytes), ['512 B', '1.50 KiB', '5.00 GiB']);
});

test('durations have two parts from an hour on', () => {
  assert.deepEqual([0, 59, 61, 3600, 7500, 86_400, 97_200].map(duration), [
    '0 s',
    '59 s',
    '1 min',
    '1 h',
    '2 h 5 min',
    '1 d',
    '1 d 3 h',
  ]);
});

test('ages, milliseconds and counts read as people say them', () => {
  assert.equal(age(1000, 1500), 'now');
  assert.equal(age(1000, 13_000), '12 s ago');
  assert.deepEqual([0.424, 12.4, 1500].map(milliseconds), ['0.42 ms', '12 ms', '1.50 s']);
  assert.deepEqual([plural(1, 'client'), plural(1234, 'client')], ['1 client', '1,234 clients']);
});
