import { settle, sleep } from './meter.ts';
import { Failures, Peer } from './peer.ts';
import { LoopProbe, probeFigures } from './probe.ts';
import { memory, per } from './proc.ts';
import { reached } from './progress.ts';
import type { FetchSpec, LoadResult } from './spec.ts';

const STALL_MS = 5000;
const RETAINED_PUBLISH = 0x31;
const RETAINED_MASK = 0xf1;

/** Counts messages that come because of the subscription, not because of a publish, and acknowledges them. */
class RetainedCounter {
  received = 0;

  constructor(peer: Peer) {
    peer.onChunkEnd = () => peer.flushAcks();
    peer.onFrame = (buffer, start, body) => {
      const first = buffer[start]!;
      if ((first & RETAINED_MASK) === RETAINED_PUBLISH) this.received++;
      if ((first & 0xf6) !== 0x32) return;
      const at = body + 2 + buffer.readUInt16BE(body);
      peer.ack(0x40, buffer[at]!, buffer[at + 1]!);
    };
  }
}

/** One client subscribes to everything; a probe beside it tells how long the broker's loop was away for it. */
export async function runFetch(spec: FetchSpec): Promise<LoadResult> {
  const { host, port, topics, qos, brokerPid, warmup } = spec;
  const failures = new Failures();
  const probe = await LoopProbe.open(spec, failures);
  await sleep(1000 * warmup);
  const alone = probe.read();
  let counter: RetainedCounter | undefined;
  const prepare = (peer: Peer): void => {
    counter = new RetainedCounter(peer);
  };
  const options = { host, port, version: 4, clientId: 'bench-fetch', countPublishes: false, keepAlive: 0 } as const;
  const peer = await Peer.open({ ...options, prepare }, failures);
  const received = (): number => counter!.received;
  const started = performance.now();
  await peer.subscribe(1, ['#'], qos);
  const subscribed = performance.now();
  const whole = await reached(received, topics, failures, STALL_MS);
  const seconds = (performance.now() - started - (whole ? 0 : STALL_MS)) / 1000;
  await settle(received, 200, 2000);
  const during = probe.read();
  const { rssKb, peakKb } = memory(brokerPid);
  const figures = {
    suback_ms: subscribed - started,
    fetched: received(),
    fetched_per_s: received() / seconds,
    undelivered_percent: 100 * (1 - received() / topics),
    fetch_rss_mb: per(rssKb, 1024),
    fetch_rss_peak_mb: per(peakKb, 1024),
    ...probeFigures('probe_alone', alone),
    ...probeFigures('probe', during),
  };
  peer.close();
  probe.close();
  return { figures, errors: failures.list(), notes: [] };
}
