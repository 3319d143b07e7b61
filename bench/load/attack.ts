import type { AttackStats } from '@cauldron/testkit/attacks';
import { AttackProcess } from './attack-process.ts';
import { Bystanders } from './bystanders.ts';
import { Histogram } from './histogram.ts';
import { sleep, startMeter } from './meter.ts';
import { Failures } from './peer.ts';
import { cpuSeconds, difference, memory, per, waitSeconds } from './proc.ts';
import { reached } from './progress.ts';
import type { AttackSpec, LoadResult } from './spec.ts';

/**
 * Twice each, by turns. `control`: the attacker uses as much of the generator's core as it just did, and attacks nobody:
 * what is slower then is the generator's doing.
 */
const ORDER = ['alone', 'beside', 'control', 'alone', 'beside', 'control'] as const;
type Part = (typeof ORDER)[number];

/** What an attack leaves behind may take the broker a moment, which is not to count as the time without it. */
const REST_MS = 1000;
const PERCENTILES = { p50_us: 0.5, p99_us: 0.99 } as const;

/** Sums over the stretches of one part. */
class Sum {
  readonly latency = new Histogram();
  readonly lateness = new Histogram();
  seconds = 0;
  brokerCpu = 0;
  brokerWaited = 0;
  attackerCpu = 0;
}

/** 100 pairs that behave, alone and beside somebody who does not. */
export class AttackLoad {
  readonly #spec: AttackSpec;
  readonly #failures = new Failures();
  readonly #sums: Record<Part, Sum> = { alone: new Sum(), beside: new Sum(), control: new Sum() };
  readonly #notes: string[] = [];
  #bystanders!: Bystanders;
  #attacker!: AttackProcess;

  constructor(spec: AttackSpec) {
    this.#spec = spec;
  }

  async run(): Promise<LoadResult> {
    this.#attacker = await AttackProcess.open(this.#spec);
    this.#bystanders = await Bystanders.open(this.#spec, this.#failures);
    await this.#warmUp();
    const started: AttackStats[] = [];
    for (const part of ORDER) {
      const stats = await this.#stretch(part);
      if (stats !== null) started.push(stats);
    }
    const { sent, received } = this.#bystanders;
    this.#bystanders.close();
    this.#attacker.close();
    this.#notes.push(`the attacker ${described(started)}`);
    const figures = { ...this.#figures(), missing_percent: 100 * (1 - received / sent) };
    return { figures, errors: this.#failures.list(), notes: this.#notes };
  }

  async #warmUp(): Promise<void> {
    this.#bystanders.start();
    await sleep(1000 * this.#spec.warmup);
    this.#bystanders.stop();
    await this.#arrived();
  }

  /** Half of the measured time of one part, from the attack's first packet on. */
  async #stretch(part: Part): Promise<AttackStats | null> {
    const sum = this.#sums[part];
    const { brokerPid, seconds } = this.#spec;
    this.#bystanders.measureInto(sum);
    this.#bystanders.start();
    const stop = startMeter(brokerPid);
    const waitedBefore = waitSeconds(brokerPid);
    const attackerBefore = cpuSeconds(this.#attacker.pid);
    if (part === 'beside') this.#attacker.attack(this.#spec.attack);
    if (part === 'control') this.#attacker.burn(this.#share());
    await sleep((1000 * seconds) / 2);
    const stretch = stop();
    sum.seconds += stretch.seconds;
    sum.brokerCpu += stretch.brokerCpu ?? Number.NaN;
    sum.brokerWaited += difference(waitSeconds(brokerPid), waitedBefore) ?? Number.NaN;
    sum.attackerCpu += difference(cpuSeconds(this.#attacker.pid), attackerBefore) ?? Number.NaN;
    this.#bystanders.stop();
    // What is still on its way counts: it waited for the attack.
    await this.#arrived();
    const stats = part === 'alone' ? null : await this.#attacker.stop();
    await sleep(REST_MS);
    if (this.#failures.total > 0) throw new Error(`a client that behaves: ${this.#failures.list().join('; ')}`);
    return part === 'beside' ? stats : null;
  }

  #arrived(): Promise<unknown> {
    return reached(() => this.#bystanders.received, this.#bystanders.sent, this.#failures);
  }

  /** The part of a core that the attacker had while it attacked. */
  #share(): number {
    const { attackerCpu, seconds } = this.#sums.beside;
    return Number.isFinite(attackerCpu) ? Math.min(1, attackerCpu / seconds) : 1;
  }

  #figures(): Record<string, number | null> {
    const figures: Record<string, number | null> = {};
    for (const [part, sum] of Object.entries(this.#sums)) {
      for (const [name, fraction] of Object.entries(PERCENTILES))
        figures[`${part}_${name}`] = sum.latency.percentile(fraction);
      figures[`${part}_max_ms`] = sum.latency.max / 1000;
      figures[`${part}_late_p99_us`] = sum.lateness.percentile(0.99);
      figures[`${part}_broker_core_percent`] = known(sum.brokerCpu / sum.seconds);
      figures[`${part}_broker_waited_percent`] = known(sum.brokerWaited / sum.seconds);
      figures[`${part}_attacker_core_percent`] = known(sum.attackerCpu / sum.seconds);
    }
    const p99 = (part: Part): number => figures[`${part}_p99_us`] ?? Number.NaN;
    figures.beside_ratio = p99('beside') / p99('alone');
    figures.control_ratio = p99('control') / p99('alone');
    figures.rss_peak_mb = per(memory(this.#spec.brokerPid).peakKb, 1024);
    return figures;
  }
}

const known = (share: number): number | null => (Number.isNaN(share) ? null : 100 * share);

/** What attacks came to, added up. */
export function described(all: readonly Pick<AttackStats, 'actions' | 'opened' | 'closed' | 'answers'>[]): string {
  const sum = (name: 'actions' | 'opened' | 'closed'): number => all.reduce((n, stats) => n + stats[name], 0);
  const answers = new Map<string, number>();
  for (const { answers: own } of all) {
    for (const [what, n] of Object.entries(own)) answers.set(what, (answers.get(what) ?? 0) + n);
  }
  const heard = [...answers].map(([what, n]) => `${n} ${what}`).join(', ');
  const counts = `${sum('actions')} actions, ${sum('opened')} connections, of which the broker ended ${sum('closed')}`;
  return heard === '' ? counts : `${counts}; it heard ${heard}`;
}
