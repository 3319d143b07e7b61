import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatSeconds, parseBytes, parseSeconds } from './quantity.ts';

test('sizes are read with units of 1024 and of 1000, in any case and spacing', () => {
  const cases: [string, number][] = [
    ['5', 5],
    ['5 B', 5],
    ['16 MiB', 16_777_216],
    ['512kib', 524_288],
    [' 1.5 KiB ', 1536],
    ['1 GiB', 2 ** 30],
    ['1 MB', 1_000_000],
  ];
  for (const [text, bytes] of cases) assert.equal(parseBytes(text), bytes, text);
});

test('times are read in seconds', () => {
  const cases: [string, number][] = [
    ['500 ms', 0.5],
    ['10', 10],
    ['10s', 10],
    ['5 min', 300],
    ['5 m', 300],
    ['2 h', 7200],
    ['30 d', 2_592_000],
  ];
  for (const [text, seconds] of cases) assert.equal(parseSeconds(text), seconds, text);
});

test('text that is no size or time is not a number', () => {
  for (const text of ['', 'MiB', '1 QiB', '-1 KiB', '1 KiB 2', '1e3', '1 constructor']) {
    assert.ok(Number.isNaN(parseBytes(text)), text);
    assert.ok(Number.isNaN(parseSeconds(text)), text);
  }
});

test('a number is written with the largest unit that fits it exactly', () => {
  assert.equal(formatBytes(16_777_216), '16 MiB');
  assert.equal(formatBytes(1536 * 1024), '1536 KiB');
  assert.equal(formatBytes(1000), undefined);
  assert.equal(formatSeconds(2_592_000), '30 d');
  assert.equal(formatSeconds(10), undefined);
});
