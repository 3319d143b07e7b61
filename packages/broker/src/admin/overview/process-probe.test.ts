import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessProbe } from './process-probe.ts';

test('a loop that stands still for 400 ms is seen as late by most of that, once', async () => {
  const probe = new ProcessProbe();
  try {
    await new Promise((resolve) => setTimeout(resolve, 150));
    probe.read();
    const end = performance.now() + 400;
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const { loopDelayMax, loopDelayP99 } = probe.read();
    assert.ok(loopDelayMax >= 250, `${loopDelayMax} ms: the look that was due came that much later`);
    assert.ok(loopDelayP99 <= loopDelayMax);
  } finally {
    probe.close();
  }
});

test('memory and processor time are those of this process', () => {
  const probe = new ProcessProbe();
  const { residentMemory, heapUsed, cpu } = probe.read();
  probe.close();
  assert.ok(residentMemory > heapUsed && heapUsed > 1e6);
  const { user, system } = process.cpuUsage();
  assert.ok(cpu > 0 && cpu <= (user + system) / 1000);
});
