import { Crowd } from './crowd.ts';
import { settle, sleep } from './meter.ts';
import { Failures } from './peer.ts';
import { difference, memory, per } from './proc.ts';
import { reached } from './progress.ts';
import { makeSessions } from './sessions.ts';
import type { FillSpec, LoadResult } from './spec.ts';

/** Longest wait for the broker's memory to come to rest after the last acknowledgement. */
const REST_LIMIT_MS = 5000;

/** Puts a given number of QoS 1 messages into the broker: queued for sessions that are away, or retained. */
export async function runFill(spec: FillSpec): Promise<LoadResult> {
  const { sessions, messages, brokerPid } = spec;
  const failures = new Failures();
  await makeSessions(spec, sessions, failures);
  const retain = sessions === 0;
  const crowd = await Crowd.open({ ...spec, topics: retain ? messages : sessions, retain }, failures);
  await sleep(500);
  const before = memory(brokerPid).rssKb;
  const started = performance.now();
  crowd.startUpTo(messages);
  if (!(await reached(() => crowd.acked, messages, failures))) {
    failures.add(`the broker acknowledged ${crowd.acked} of ${messages} messages and then no more`);
  }
  const seconds = (performance.now() - started) / 1000;
  await settle(() => memory(brokerPid).rssKb ?? 0, 2000, REST_LIMIT_MS);
  const { rssKb, peakKb } = memory(brokerPid);
  crowd.close();
  const figures = {
    filled_per_s: messages / seconds,
    fill_rss_mb: per(rssKb, 1024),
    fill_rss_peak_mb: per(peakKb, 1024),
    rss_before_mb: per(before, 1024),
    rss_bytes_per_message: per(difference(rssKb, before), messages, 1024),
  };
  return { figures, errors: failures.list(), notes: [] };
}
