import type { Load, Outcome } from './load.ts';

/** Share of the time from which on the program that measures is what is measured. */
const BUSY = 0.95;
/** Share of the wanted rate below which it was not reached. */
const REACHED = 0.98;

/** The outcome as one JSON object; times in milliseconds. */
export function reportJson(load: Load, outcome: Outcome): string {
  const { publishers, subscribers, topics, size, publish, rate } = load;
  const { duration, sent, received, missing, extra, latency, errors, lostConnections, setup, cpu, loop } = outcome;
  const at = (percent: number) => latency.percentile(percent) / 1000;
  return JSON.stringify({
    url: load.url,
    publishers,
    subscribers,
    topics,
    qos: publish.qos ?? 0,
    size,
    rate: rate ?? 'max',
    seconds: round(duration),
    connectMs: round(setup),
    sent,
    sentPerSecond: perSecond(sent, duration),
    received,
    receivedPerSecond: perSecond(received, duration),
    missing,
    extra,
    latencyMs: { mean: round(latency.mean / 1000), p50: at(50), p99: at(99), p999: at(99.9), max: latency.max / 1000 },
    errors: Object.fromEntries(errors),
    lostConnections,
    generator: { cpu: round(cpu), busy: round(loop) },
    warnings: warningsOf(load, outcome),
  });
}

/** The outcome for people, to stand below {@link headline}. */
export function reportText(load: Load, outcome: Outcome): string {
  const { duration, sent, received, missing, extra, latency, errors, lostConnections, cpu, loop } = outcome;
  const ms = (micros: number) => `${(micros / 1000).toFixed(micros < 100_000 ? 2 : 0)} ms`;
  const rows: [name: string, text: string][] = [
    ['sent', rateText(sent, duration)],
    ['received', rateText(received, duration)],
    ['missing', count(missing)],
    ...(extra > 0 ? [['repeated', count(extra)] satisfies [string, string]] : []),
    [
      'latency',
      latency.count === 0
        ? 'nothing came'
        : `p50 ${ms(latency.percentile(50))}   p99 ${ms(latency.percentile(99))}   max ${ms(latency.max)}`,
    ],
    ['errors', errors.size === 0 ? '0' : [...errors].map(([what, times]) => `${count(times)} x ${what}`).join('; ')],
    ['connections', lostConnections === 0 ? 'none lost' : `lost ${count(lostConnections)} times`],
    ['this program', `${percent(cpu)} of a CPU, busy ${percent(loop)} of the time`],
  ];
  const lines = rows.map(([name, text]) => `${name.padEnd(13)}${text}`);
  return [...lines, ...warningsOf(load, outcome).map((text) => `! ${text}`), ''].join('\n');
}

/** What is done, in one line. */
export function headline({ url, publishers, topics, subscribers, publish, size, rate, duration }: Load): string {
  const rates = rate === undefined ? 'as fast as it goes' : `${count(rate)}/s`;
  const who = `${plural(publishers, 'publisher')}, ${plural(topics, 'topic')}, ${plural(subscribers, 'subscriber')}`;
  return `${url}: ${who}, QoS ${publish.qos ?? 0}, ${plural(size, 'byte')}, ${rates}, ${duration} s`;
}

/** What has to be known to read the numbers rightly. */
export function warningsOf({ rate, subscribers, publish, duration: wanted }: Load, outcome: Outcome): string[] {
  const { loop, sent, duration, missing } = outcome;
  const warnings: string[] = [];
  if (duration < wanted * REACHED) warnings.push(`it was ended after ${duration.toFixed(1)} s`);
  if (loop >= BUSY) {
    warnings.push(
      `this program was busy ${percent(loop)} of the time: it is the limit, or hides it; run several of it for more load`,
    );
  }
  if (rate !== undefined && sent < rate * duration * REACHED) {
    warnings.push(`only ${percent(sent / (rate * duration))} of the wanted rate was reached`);
  }
  if (missing > 0) {
    const lost = `${count(missing)} deliveries did not come`;
    warnings.push(
      (publish.qos ?? 0) === 0
        ? `${lost}: brokers drop QoS 0 messages for subscribers that are too slow; a --rate shows what goes without`
        : `${lost}, which QoS 1 and 2 promise`,
    );
  }
  if (subscribers === 0)
    warnings.push('without subscribers there is no latency, and nothing proves that messages arrive');
  return warnings;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
const perSecond = (number: number, seconds: number): number => (seconds === 0 ? 0 : Math.round(number / seconds));
const count = (value: number): string => Math.round(value).toLocaleString('en');
const percent = (share: number): string => `${Math.round(share * 100)} %`;
const plural = (number: number, what: string): string => `${count(number)} ${what}${number === 1 ? '' : 's'}`;
const rateText = (number: number, seconds: number): string =>
  `${count(number).padStart(12)}  ${count(perSecond(number, seconds)).padStart(10)}/s`;
