import { sleep, startMeter } from './meter.ts';
import { eachLimited, Failures, Peer } from './peer.ts';
import { cpuSeconds, difference, memory, per } from './proc.ts';
import type { IdleSpec, LoadResult } from './spec.ts';

/** Above this share of its core the generator, not the broker, sets the pace of connecting. */
const LOAD_BUSY = 0.8;

/** Opens connections as fast as the broker takes them, then lets them be. */
export async function runIdle(spec: IdleSpec): Promise<LoadResult> {
  const { host, port, version, brokerPid, connections } = spec;
  const failures = new Failures();
  // A few connections first: the broker's one-time costs are not the connections'.
  const open = (clientId: string): Promise<Peer> =>
    Peer.open({ host, port, version, clientId, countPublishes: true, keepAlive: 60 }, failures);
  const early = await eachLimited(20, 20, (i) => open(`bench-w${i}`));
  await sleep(200);
  const before = memory(brokerPid).rssKb;
  const cpuBefore = cpuSeconds(brokerPid);
  const own = process.cpuUsage();
  const started = performance.now();
  const peers = await eachLimited(connections, spec.dialling, (i) => open(`bench-i${i}`));
  const seconds = (performance.now() - started) / 1000;
  const spent = process.cpuUsage(own);
  const connectCpu = difference(cpuSeconds(brokerPid), cpuBefore);
  await sleep(1000 * spec.warmup);
  const stop = startMeter(brokerPid);
  await sleep(1000 * spec.seconds);
  const rest = stop();
  const { rssKb, peakKb } = memory(brokerPid);
  const busy = (spent.user + spent.system) / 1e6 / seconds;
  const notes = busy > LOAD_BUSY ? ['the load was the limit of the accept rate; the CPU per connect tells more'] : [];
  const figures = {
    accepts_per_s: connections / seconds,
    cpu_us_per_connect: per(connectCpu, connections, 1e6),
    load_cpu_us_per_connect: (spent.user + spent.system) / connections,
    kb_per_connection: per(difference(rssKb, before), connections),
    idle_cpu_percent: per(rest.brokerCpu, rest.seconds, 100),
    rss_mb: per(rssKb, 1024),
    rss_peak_mb: per(peakKb, 1024),
  };
  for (const peer of [...early, ...peers]) peer.close();
  return { figures, errors: failures.list(), notes };
}
