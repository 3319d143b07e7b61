import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMaxMemory, type MemoryFinding, MemoryMonitor, memoryUse } from './memory-monitor.ts';

const MiB = 1_048_576;
const GiB = 1024 * MiB;

/** A monitor of 1,000 MiB whose numbers a test sets, and what it said. */
function monitored(interval?: number) {
  const use = { heapUsed: 0, external: 0, heapLimit: 4 * GiB };
  const findings: MemoryFinding[] = [];
  const monitor = new MemoryMonitor((finding) => findings.push(finding), {
    maxMemory: 1000 * MiB,
    measure: () => use,
    ...(interval === undefined ? {} : { interval }),
  });
  let now = 0;
  const at = (mebibytes: number, heap = 0): string => {
    use.heapUsed = heap * MiB;
    use.external = (mebibytes - heap) * MiB;
    monitor.tick((now += 250));
    return monitor.level;
  };
  return { use, findings, monitor, at };
}

test('a level begins at its mark, ends five percent below it, and every change is said once', () => {
  const { at, findings } = monitored();
  const course: [mebibytes: number, level: string][] = [
    [100, 'none'],
    [799, 'none'],
    [800, 'high'],
    [760, 'high'],
    [949, 'high'],
    [950, 'critical'],
    [1200, 'critical'],
    [901, 'critical'],
    [899, 'high'],
    [751, 'high'],
    [749, 'none'],
    [799, 'none'],
    [960, 'critical'],
    [100, 'none'],
  ];
  assert.deepEqual(
    course.map(([mebibytes]) => [mebibytes, at(mebibytes)]),
    course,
  );
  assert.deepEqual(
    findings.map(({ level }) => level),
    ['high', 'critical', 'high', 'none', 'critical', 'none'],
  );
});

test('heap and buffers count together, and the heap alone against what V8 lets it grow to', () => {
  const { at, use, findings } = monitored();
  assert.equal(at(850, 400), 'high');
  assert.match(findings.at(-1)?.message ?? '', /850 of 1000 MiB.*\(limits\.maxMemory\)/);
  assert.equal(at(500, 400), 'none');
  use.heapLimit = 420 * MiB;
  assert.equal(at(500, 400), 'critical');
  const { message, share } = findings.at(-1)!;
  assert.match(message, /400 of 420 MiB of JavaScript heap.*--max-old-space-size/);
  assert.ok(Math.abs(share - 400 / 420) < 1e-9);
});

test('it looks no more often than its interval says', () => {
  const { at } = monitored(1000);
  assert.equal(at(100), 'none');
  assert.deepEqual([at(990), at(990), at(990)], ['none', 'none', 'none']);
  assert.equal(at(990), 'critical');
});

test('by default three quarters of the container’s memory may be used, or of the machine’s', () => {
  assert.equal(defaultMaxMemory(16 * GiB, 0), 12 * GiB);
  assert.equal(defaultMaxMemory(16 * GiB, undefined), 12 * GiB);
  assert.equal(defaultMaxMemory(16 * GiB, 2 ** 64), 12 * GiB);
  assert.equal(defaultMaxMemory(16 * GiB, 512 * MiB), 384 * MiB);
});

test('what is measured is this process: buffers are in it', () => {
  const before = memoryUse();
  const buffer = Buffer.alloc(64 * MiB, 1);
  const after = memoryUse();
  assert.ok(after.external - before.external > 60 * MiB, `${after.external - before.external} bytes more`);
  assert.ok(after.heapUsed > 0 && after.heapLimit > after.heapUsed);
  assert.equal(buffer.length, 64 * MiB);
});
