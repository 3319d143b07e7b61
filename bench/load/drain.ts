import { settle, sleep } from './meter.ts';
import { Failures, type Peer } from './peer.ts';
import { LoopProbe, probeFigures } from './probe.ts';
import { cpuSeconds, difference, memory, per } from './proc.ts';
import { reached } from './progress.ts';
import { openSession } from './sessions.ts';
import type { DrainSpec, LoadResult } from './spec.ts';
import type { Subscriber } from './subscriber.ts';

const STALL_MS = 10_000;

/** Durable sessions return and take what waited for them, each message acknowledged. */
export async function runDrain(spec: DrainSpec): Promise<LoadResult> {
  const { sessions, messagesEach, brokerPid, warmup } = spec;
  const failures = new Failures();
  const probe = await LoopProbe.open(spec, failures);
  await sleep(1000 * warmup);
  const alone = probe.read();
  const cpuBefore = cpuSeconds(brokerPid);
  const own = process.cpuUsage();
  const returned: [Peer, Subscriber][] = [];
  const received = (): number => returned.reduce((sum, [, subscriber]) => sum + subscriber.received, 0);
  const started = performance.now();
  for (let i = 0; i < sessions; i++) returned.push(await openSession(spec, i, failures));
  const expected = sessions * messagesEach;
  const whole = await reached(received, expected, failures, STALL_MS);
  const seconds = (performance.now() - started - (whole ? 0 : STALL_MS)) / 1000;
  const spent = process.cpuUsage(own);
  const cpu = difference(cpuSeconds(brokerPid), cpuBefore);
  await settle(received, 200, 2000);
  const during = probe.read();
  const { rssKb, peakKb } = memory(brokerPid);
  const figures = {
    drained: received(),
    drained_per_s: received() / seconds,
    undelivered_percent: 100 * (1 - received() / expected),
    drain_load_core_percent: (spent.user + spent.system) / 1e4 / seconds,
    drain_cpu_us_per_message: per(cpu, received(), 1e6),
    drain_rss_mb: per(rssKb, 1024),
    drain_rss_peak_mb: per(peakKb, 1024),
    ...probeFigures('probe_alone', alone),
    ...probeFigures('probe', during),
  };
  for (const [peer] of returned) peer.close();
  probe.close();
  return { figures, errors: failures.list(), notes: [] };
}
