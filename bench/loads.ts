import type { PublishSpec } from './load/spec.ts';
import type { Goal, Load, Measure, Unplaced } from './load-model.ts';
import { durableLoads, quickDurable } from './loads-durable.ts';
import { quickSecurity, securityLoads } from './loads-security.ts';

const PAYLOAD_BYTES = 16;

const vsMosquitto = (bound: number): { goal: Goal } => ({ goal: { against: 'mosquitto', bound } });
const atMost = (bound: number): { goal: Goal } => ({ goal: { against: 'absolute', bound } });
const atLeast = atMost;

const delivered = (goal: { goal?: Goal } = {}): Measure => ({
  figure: 'delivered_per_s',
  label: 'delivered msg/s',
  better: 'more',
  ...goal,
});
const published: Measure = { figure: 'published_per_s', label: 'published msg/s', better: 'none' };
const undelivered: Measure = { figure: 'undelivered_percent', label: 'never delivered, %', better: 'less' };
const cpu = (goal: { goal?: Goal } = {}): Measure => ({
  figure: 'cpu_us_per_delivery',
  label: 'broker CPU, us per delivery',
  better: 'less',
  ...goal,
});
const peak = (goal: { goal?: Goal } = {}): Measure => ({
  figure: 'rss_peak_mb',
  label: 'highest resident memory, MB',
  better: 'less',
  ...goal,
});
const latencies = (p99Goal: { goal?: Goal } = {}): Measure[] => [
  { figure: 'p50_us', label: 'latency p50, us', better: 'less' },
  { figure: 'p99_us', label: 'latency p99, us', better: 'less', ...p99Goal },
  { figure: 'p999_us', label: 'latency p99.9, us', better: 'less' },
];

type PublishShape = Unplaced<PublishSpec>;
const base: PublishShape = {
  kind: 'publish',
  version: 4,
  shape: 'pair',
  publishers: 1,
  subscribers: 1,
  qos: 0,
  payloadBytes: PAYLOAD_BYTES,
  window: 20,
  rate: 0,
  batch: 256,
  outstanding: 0,
  churn: null,
  topics: 1,
  denied: null,
};

function flatOut(name: string, what: string, shape: Partial<PublishShape>, measures: readonly Measure[]): Load {
  return { name, group: 'throughput', what, shape: { ...base, ...shape }, measures };
}

/** One publish here is 500 deliveries: what fits into the sockets' buffers alone would take minutes to deliver. */
const fanout: Partial<PublishShape> = { shape: 'fanout', subscribers: 500, batch: 64, outstanding: 250_000 };

const throughput: readonly Load[] = [
  flatOut('pair1-q0', '1 -> 1, QoS 0, flat out', {}, [
    delivered(vsMosquitto(7)),
    published,
    undelivered,
    cpu(),
    peak(),
  ]),
  flatOut('pair10-q0', '10 pairs, QoS 0, flat out', { publishers: 10, subscribers: 10 }, [
    delivered(vsMosquitto(7)),
    published,
    undelivered,
    cpu(),
    peak(),
  ]),
  flatOut('fanin-q0', '100 -> 1 on a wildcard, QoS 0, flat out', { shape: 'fanin', publishers: 100 }, [
    delivered(vsMosquitto(4)),
    published,
    undelivered,
    cpu(),
    peak(atMost(200)),
  ]),
  flatOut('pair10-q1', '10 pairs, QoS 1, window 20', { publishers: 10, subscribers: 10, qos: 1 }, [
    delivered(vsMosquitto(5)),
    undelivered,
    cpu(),
    peak(),
  ]),
  flatOut('pair10-q2', '10 pairs, QoS 2, window 20', { publishers: 10, subscribers: 10, qos: 2 }, [
    delivered(vsMosquitto(8)),
    undelivered,
    cpu(),
    peak(),
  ]),
  flatOut('fanout-flat', '1 -> 500, QoS 0, flat out', fanout, [
    delivered(vsMosquitto(15)),
    published,
    undelivered,
    cpu(),
    peak(),
  ]),
];

/** The same loads from MQTT 5 clients; their goal is the version 3.1.1 goal times 0.9. */
const throughput5: readonly Load[] = throughput.map((load) => ({
  ...load,
  name: `${load.name}-v5`,
  group: 'throughput-v5',
  what: `${load.what}, MQTT 5`,
  shape: { ...load.shape, version: 5 },
  measures: load.measures.map((measure) =>
    measure.goal?.against === 'mosquitto' ? { ...measure, ...vsMosquitto(measure.goal.bound * 0.9) } : measure,
  ),
}));

const rates: readonly Load[] = [
  {
    name: 'fanout-rate',
    group: 'rate',
    what: '1 -> 500, QoS 0, 400 msg/s in',
    shape: { ...base, shape: 'fanout', subscribers: 500, rate: 400 },
    measures: [cpu(vsMosquitto(0.8)), delivered(), ...latencies(), undelivered],
  },
  {
    name: 'pairs1000-rate',
    group: 'rate',
    what: '1000 pairs, QoS 0, 20,000 msg/s in all',
    shape: { ...base, publishers: 1000, subscribers: 1000, rate: 20_000 },
    measures: [cpu(vsMosquitto(1.7)), delivered(), ...latencies(atMost(1000)), undelivered],
  },
];

const idle: Load = {
  name: 'idle',
  group: 'idle',
  what: '10,000 idle connections',
  shape: { kind: 'idle', version: 4, connections: 10_000, dialling: 200 },
  measures: [
    { figure: 'kb_per_connection', label: 'resident KB per connection', better: 'less', ...atMost(12) },
    { figure: 'accepts_per_s', label: 'connections accepted a second', better: 'more', ...atLeast(8000) },
    { figure: 'cpu_us_per_connect', label: 'broker CPU, us per connect', better: 'less' },
    { figure: 'load_cpu_us_per_connect', label: "the load's own CPU, us per connect", better: 'none' },
    { figure: 'idle_cpu_percent', label: 'idle CPU, %', better: 'less' },
  ],
};

function subscriptions(label: string, count: number): Load {
  return {
    name: `subscriptions-${label}`,
    group: 'subscriptions',
    what: `${label} subscriptions, each publish matches 10`,
    shape: { kind: 'subscriptions', version: 4, subscriptions: count, clients: 200, publishers: 4, hotTopics: 100 },
    measures: [
      { figure: 'hot_cpu_us_per_publish', label: 'broker CPU, us per publish, 100 hot topics', better: 'less' },
      { figure: 'uniform_cpu_us_per_publish', label: 'broker CPU, us per publish, all topics', better: 'less' },
      { figure: 'hot_undelivered_percent', label: 'never delivered, %, hot', better: 'less' },
      { figure: 'uniform_undelivered_percent', label: 'never delivered, %, all topics', better: 'less' },
      { figure: 'heap_bytes_per_subscription', label: 'heap bytes per subscription', better: 'less', ...atMost(400) },
      { figure: 'rss_bytes_per_subscription', label: 'resident bytes per subscription', better: 'less' },
      { figure: 'subscribes_per_s', label: 'subscriptions made a second', better: 'more' },
    ],
  };
}

function churn(filters: 'exact' | 'wildcard'): Load {
  return {
    name: `churn-${filters}`,
    group: 'churn',
    what: `10 pairs QoS 0 beside 1,000 subscribes + unsubscribes a second, ${filters} filters`,
    shape: { ...base, publishers: 10, subscribers: 10, churn: { filters, perSecond: 1000, clients: 10 } },
    measures: [
      { figure: 'churn_cost_percent', label: 'throughput lost to churn, %', better: 'less', ...atMost(15) },
      { figure: 'alone_per_s', label: 'delivered msg/s alone', better: 'more' },
      { figure: 'beside_per_s', label: 'delivered msg/s beside churn', better: 'more' },
      { figure: 'churn_answers_per_s', label: 'SUBACKs + UNSUBACKs a second', better: 'none' },
    ],
  };
}

/** Every load, in the order of the table. */
export const loads: readonly Load[] = [
  ...throughput,
  ...rates,
  idle,
  subscriptions('1k', 1000),
  subscriptions('10k', 10_000),
  subscriptions('100k', 100_000),
  subscriptions('1m', 1_000_000),
  churn('exact'),
  churn('wildcard'),
  ...throughput5,
  ...durableLoads,
  ...securityLoads,
];

/** The same load made small enough for a first look. */
export function quickened(load: Load): Load {
  const { shape } = load;
  if (shape.kind === 'idle') return { ...load, what: '1,000 idle connections', shape: { ...shape, connections: 1000 } };
  return quickSecurity(quickDurable(load));
}

/** True for the loads a `--quick` run leaves out. */
export const slow = (load: Load): boolean => ['subscriptions-100k', 'subscriptions-1m'].includes(load.name);

/**
 * The loads that `wanted` names: by name, by group, or by a beginning followed by `*`. Throws on a name that fits none.
 */
export function chooseLoads(wanted: readonly string[]): Load[] {
  if (wanted.length === 0) return [...loads];
  const fits = (load: Load, name: string): boolean =>
    name.endsWith('*') ? load.name.startsWith(name.slice(0, -1)) : name === load.name || name === load.group;
  for (const name of wanted) {
    if (loads.some((load) => fits(load, name))) continue;
    const known = [...new Set(loads.flatMap((load) => [load.group, load.name]))].join(', ');
    throw new Error(`no load is called "${name}"; choose from: ${known}`);
  }
  return loads.filter((load) => wanted.some((name) => fits(load, name)));
}
