import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytesWritten,
  cpuSeconds,
  difference,
  memory,
  parseBytesWritten,
  parseCpuSeconds,
  parseWaitSeconds,
  per,
  statusKb,
} from './proc.ts';

test('CPU time is read past a process name with blanks and brackets', () => {
  const stat = '42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 7 0 1 2 3';
  assert.equal(parseCpuSeconds(stat), 3);
  assert.equal(parseCpuSeconds('42 (x) S'), null);
});

test('memory lines are found by their whole name', () => {
  const status = 'Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t  1234 kB\nVmRSS:\t   567 kB\n';
  assert.equal(statusKb(status, 'VmRSS'), 567);
  assert.equal(statusKb(status, 'VmHWM'), 1234);
  assert.equal(statusKb(status, 'VmSwap'), null);
});

test('what the system does not tell stays unknown instead of zero', () => {
  assert.equal(cpuSeconds(null), null);
  assert.deepEqual(memory(null), { rssKb: null, peakKb: null });
  assert.equal(difference(5, null), null);
  assert.equal(per(null, 10), null);
  assert.equal(per(1, 0), null);
  assert.equal(per(1, 4, 100), 25);
});

test('bytes written are those that reach storage, not those a program hands over', () => {
  const io = 'rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 4096\ncancelled_write_bytes: 7\n';
  assert.equal(parseBytesWritten(io), 4096);
  assert.equal(parseBytesWritten('wchar: 2\n'), null);
  assert.equal(bytesWritten(null), null);
});

test('time spent waiting for a processor is the second number, in nanoseconds', () => {
  assert.equal(parseWaitSeconds('9000000000 1500000000 42\n'), 1.5);
  assert.equal(parseWaitSeconds(''), null);
});
