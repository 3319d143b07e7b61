import type { LoadResult } from './load/spec.ts';
import type { Goal, Load, Measure } from './load-model.ts';
import { medianOfKnown, medianRatio, readable } from './stats.ts';

/** One load driven once against one broker. */
export interface Outcome {
  readonly load: string;
  readonly broker: string;
  readonly round: number;
  readonly result: LoadResult;
}

/** A Markdown table of one line per row, the first row being the head. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head, ...rest] = rows;
  if (head === undefined) return '';
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = line(head.map((_, column) => (column < 2 ? '---' : '---:')));
  return [line(head), rule, ...rest.map(line)].join('\n');
}

/** All figures of one measure of one load, per broker and in the order of the rounds (null where a run failed). */
type Series = ReadonlyMap<string, readonly (number | null)[]>;

/** The whole table: medians per broker, ratios of the first broker to each other one, and the goals. */
export function resultTable(loads: readonly Load[], brokers: readonly string[], outcomes: readonly Outcome[]): string {
  const [first, ...others] = brokers;
  const head = ['load', 'measure', ...brokers, ...others.map((other) => `${first} : ${other}`), 'goal'];
  const rows = loads.flatMap((load) =>
    load.measures.map((measure, i) => {
      const series = seriesOf(load, measure, brokers, outcomes);
      return [
        i === 0 ? load.what : '',
        measure.label,
        ...cells(series, brokers, load, outcomes),
        goal(measure, series),
      ];
    }),
  );
  return markdownTable([head, ...rows, ...growthRows(brokers, outcomes)]);
}

function seriesOf(load: Load, measure: Measure, brokers: readonly string[], outcomes: readonly Outcome[]): Series {
  const of = (broker: string): (number | null)[] =>
    outcomes
      .filter((outcome) => outcome.load === load.name && outcome.broker === broker)
      .sort((a, b) => a.round - b.round)
      .map((outcome) => outcome.result.figures[measure.figure] ?? null);
  return new Map(brokers.map((broker) => [broker, of(broker)]));
}

function cells(series: Series, brokers: readonly string[], load: Load, outcomes: readonly Outcome[]): string[] {
  const failed = (broker: string): boolean =>
    outcomes.some((o) => o.load === load.name && o.broker === broker && o.result.errors.length > 0);
  const medians = brokers.map((broker) => {
    const text = readable(medianOfKnown(series.get(broker) ?? []));
    return failed(broker) ? (text === 'n/a' ? 'FAILED' : `${text} (!)`) : text;
  });
  const [first, ...others] = brokers;
  const ratios = others.map((other) => ratio(medianRatio(series.get(first!) ?? [], series.get(other) ?? [])));
  return [...medians, ...ratios];
}

const ratio = (value: number | null): string => (value === null ? '-' : `${value.toFixed(2)}x`);

/** The goals with "met" or "missed"; they are Cauldron's, so without it (or without the other side) they stay open. */
function goal({ goal: first, also = [], better }: Measure, series: Series): string {
  const goals = first === undefined ? also : [first, ...also];
  return goals.map((one) => verdict(one, better === 'more', series)).join('; ');
}

function verdict({ of = 'cauldron', against, bound }: Goal, more: boolean, series: Series): string {
  const ours = series.get(of) ?? [];
  const value = against === 'absolute' ? medianOfKnown(ours) : medianRatio(ours, series.get(against) ?? []);
  const whose = of === 'cauldron' ? '' : `${of} `;
  const other = against === 'absolute' ? '' : against === 'mosquitto' ? 'x' : `x of ${against}`;
  const text = `${whose}${more ? '>=' : '<='} ${Number(bound.toFixed(2))}${other}`;
  if (value === null) return text;
  return `${text} ${(more ? value >= bound : value <= bound) ? 'met' : 'MISSED'}`;
}

const GROWTH_BOUND = 1.5;

/** How a publish grows dearer from the fewest to the most subscriptions that were measured. */
function growthRows(brokers: readonly string[], outcomes: readonly Outcome[]): string[][] {
  const sizes = ['1k', '10k', '100k', '1m'].filter((s) => outcomes.some((o) => o.load === `subscriptions-${s}`));
  const [small, large] = [sizes[0], sizes.at(-1)];
  if (small === undefined || large === undefined || small === large) return [];
  return [
    ['hot', '100 hot topics'],
    ['uniform', 'all topics'],
  ].map(([prefix, words]) => {
    const of = (size: string, broker: string): number | null =>
      medianOfKnown(
        outcomes
          .filter((o) => o.load === `subscriptions-${size}` && o.broker === broker)
          .map((o) => o.result.figures[`${prefix}_cpu_us_per_publish`]),
      );
    const growth = brokers.map((broker) => medianRatio([of(large, broker)], [of(small, broker)]));
    const ours = brokers.indexOf('cauldron');
    const verdict = ours < 0 || growth[ours] == null ? '' : growth[ours] <= GROWTH_BOUND ? ' met' : ' MISSED';
    const label = `cost of a publish at ${large} : at ${small}, ${words}`;
    const bound = large === '1m' && small === '1k' ? `<= ${GROWTH_BOUND}x${verdict}` : '';
    return ['', label, ...growth.map(ratio), ...brokers.slice(1).map(() => ''), bound];
  });
}

/** Failures and remarks, each once with how often it was met; empty when there is nothing to say. */
export function remarks(outcomes: readonly Outcome[]): string[] {
  const counts = new Map<string, number>();
  for (const { load, broker, result } of outcomes) {
    const lines = [...result.errors.map((e) => `FAILED ${load}, ${broker}: ${e}`), ...notes(load, broker, result)];
    for (const text of lines) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, n]) => (n === 1 ? text : `${text} (${n} runs)`));
}

/** Below this share of its core a flat-out broker was waiting for the load, so the figure is a lower bound. */
const SATURATED_PERCENT = 85;
/** Above this the host of a virtual machine took so much that absolute figures say little. */
const STOLEN_PERCENT = 5;
/** Above this share of the time a load that sleeps when it has nothing to do did not get its core when it needed it. */
const WAITED_PERCENT = 5;
/** The generator never sleeps while it measures: below this share of its core somebody else was using it. */
const STARVED_PERCENT = 90;

function notes(load: string, broker: string, result: LoadResult): string[] {
  const lines = result.notes.map((note) => `${load}, ${broker}: ${note}`);
  const { broker_cpu_percent: cpu, load_cpu_percent: own, stolen_percent: stolen, p50_us: latency } = result.figures;
  const { load_waited_percent: waited } = result.figures;
  if (typeof own === 'number' && own < STARVED_PERCENT) {
    lines.push(
      `${load}, ${broker}: the load generator got less than ${STARVED_PERCENT} % of its core, others were using it`,
    );
  }
  // A load that never sleeps waits for its core whenever anything else runs there; for it there is the share above.
  if (own === undefined && typeof waited === 'number' && waited > WAITED_PERCENT) {
    lines.push(
      `${load}, ${broker}: the load generator waited more than ${WAITED_PERCENT} % of the time for its core, others were using it`,
    );
  }
  if (latency === undefined && typeof cpu === 'number' && cpu < SATURATED_PERCENT) {
    lines.push(
      `${load}, ${broker}: the broker was not busy all the time: the load was the limit, or the machine shared`,
    );
  }
  if (typeof stolen === 'number' && stolen > STOLEN_PERCENT) {
    lines.push(`${load}: the machine's host took more than ${STOLEN_PERCENT} % of its CPU time meanwhile`);
  }
  return lines;
}
