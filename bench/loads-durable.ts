import type { DrainSpec, FetchSpec, FillSpec } from './load/spec.ts';
import type { Load, Measure, Step, Unplaced } from './load-model.ts';

const PAYLOAD_BYTES = 16;
const crowd = { version: 4, publishers: 100, window: 20, payloadBytes: PAYLOAD_BYTES } as const;

type Better = Measure['better'];

const plain = (figure: string, label: string, better: Better): Measure => ({ figure, label, better });
const bound = (figure: string, label: string, better: Better, limit: number, against = 'absolute'): Measure => ({
  figure,
  label,
  better,
  goal: { against, bound: limit },
});

const fsyncs: readonly Measure[] = [
  plain('fsync_p50_us', "disk's fdatasync alone, p50 us", 'none'),
  plain('fsync_p99_us', "disk's fdatasync alone, p99 us", 'none'),
  plain('fsync_load_p50_us', 'the same under this load, p50 us', 'none'),
  plain('fsync_load_p99_us', 'the same under this load, p99 us', 'none'),
];

const resources: readonly Measure[] = [
  plain('broker_core_percent', 'broker CPU, % of a core', 'none'),
  plain('load_core_percent', "the load's own CPU, % of a core", 'none'),
  plain('written_bytes_per_message', 'bytes to the disk per message', 'less'),
  plain('rss_peak_mb', 'peak resident MB', 'less'),
];

const MOST_FSYNCS = 4;
const puback: readonly Measure[] = [
  plain('puback_p50_us', 'publish to PUBACK, p50 us', 'less'),
  plain('puback_p99_us', 'publish to PUBACK, p99 us', 'less'),
  bound('p99_in_fsyncs', "that p99 in times of the disk's fdatasync alone, p50", 'less', MOST_FSYNCS),
  bound('p99_in_load_fsyncs', "that p99 in times of the disk's fdatasync under load, p50", 'less', MOST_FSYNCS),
  bound('p99_in_slow_fsyncs', "that p99 in times of the disk's fdatasync under load, p99", 'less', MOST_FSYNCS),
];

const online: Load = {
  name: 'durable-online',
  group: 'durable',
  setting: 'durable',
  what: '100 publishers QoS 1, window 20, each to a durable session that is connected',
  shape: { ...crowd, kind: 'queue', sessions: 100, online: true, rate: 0 },
  measures: [
    bound('delivered_per_s', 'delivered msg/s', 'more', 0.6, 'cauldron-ack-memory'),
    plain('puback_p50_us', 'publish to PUBACK, p50 us', 'less'),
    plain('puback_p99_us', 'publish to PUBACK, p99 us', 'less'),
    plain('missing_percent', 'never delivered, %', 'less'),
    ...resources,
  ],
};

function queue(name: string, what: string, rate: number, goal: Measure): Load {
  return {
    name,
    group: 'durable',
    setting: 'durable',
    what: `100 publishers QoS 1, window 20, into 1,000 sessions that are away, ${what}`,
    shape: { ...crowd, kind: 'queue', sessions: 1000, online: false, rate },
    measures: [
      goal,
      ...puback,
      ...fsyncs,
      plain('missing_percent', 'acknowledged and not there, % (10 sessions)', 'less'),
      ...resources,
    ],
  };
}

const TARGET_RATE = 80_000;
const acked = 'acked_per_s';
const queues = [
  queue('durable-queue', 'flat out', 0, bound(acked, 'acknowledged msg/s', 'more', TARGET_RATE)),
  queue(
    'durable-queue-80k',
    '80,000 msg/s in all',
    TARGET_RATE,
    // A little less than the rate itself: whole messages and whole ticks at both ends of the measured time.
    bound(acked, 'acknowledged msg/s', 'more', 0.99 * TARGET_RATE),
  ),
];

const KEPT_PERCENT = 70;
const beside: Load = {
  name: 'durable-beside',
  group: 'durable',
  setting: 'durable',
  what: 'a QoS 0 pair alone and beside 100 publishers QoS 1 into 1,000 sessions that are away, flat out',
  shape: { ...crowd, kind: 'beside', sessions: 1000, share: 0.5 },
  measures: [
    bound('flat_kept_percent', 'QoS 0 flat out: kept of its throughput, %', 'more', KEPT_PERCENT),
    plain('flat_alone_per_s', 'QoS 0 flat out, delivered msg/s alone', 'more'),
    plain('flat_beside_per_s', 'QoS 0 flat out, delivered msg/s beside', 'more'),
    plain('flat_acked_per_s', 'QoS 1 acknowledged msg/s meanwhile', 'more'),
    bound('steady_kept_percent', 'QoS 0 at half of that rate: kept, %', 'more', KEPT_PERCENT),
    plain('steady_alone_per_s', 'QoS 0 at half of that rate, delivered msg/s alone', 'more'),
    plain('steady_beside_per_s', 'QoS 0 at half of that rate, delivered msg/s beside', 'more'),
    plain('steady_alone_p99_us', 'its latency p99 us alone', 'less'),
    plain('steady_beside_p99_us', 'its latency p99 us beside', 'less'),
    plain('steady_acked_per_s', 'QoS 1 acknowledged msg/s meanwhile', 'more'),
    plain('steady_alone_core_percent', 'broker CPU alone, % of a core', 'none'),
    plain('steady_beside_core_percent', 'broker CPU beside, % of a core', 'none'),
  ],
};

const MILLION = 1_000_000;

const fill = (sessions: number, messages: number): Unplaced<FillSpec> => ({
  ...crowd,
  kind: 'fill',
  sessions,
  messages,
});
const drain = (sessions: number, messagesEach: number): Unplaced<DrainSpec> => ({
  kind: 'drain',
  version: 4,
  sessions,
  messagesEach,
});
const fetch = (qos: 0 | 1, topics: number): Unplaced<FetchSpec> => ({ kind: 'fetch', version: 4, qos, topics });

const READY_SECONDS = 3;
const restartMeasures = (readyGoal: boolean): readonly Measure[] => [
  readyGoal
    ? bound('ready_s', 'restart after SIGTERM, s until CONNECT is answered', 'less', READY_SECONDS)
    : plain('ready_s', 'restart after SIGTERM, s until CONNECT is answered', 'less'),
  plain('stop_s', 'SIGTERM to its end, s', 'less'),
];

const SESSIONS = 10_000;
const checkedSessions = 10;
const restart: Load = {
  name: 'durable-restart',
  group: 'durable',
  setting: 'durable',
  what: 'restart with 10,000 sessions and 1,000,000 queued messages',
  shape: fill(SESSIONS, MILLION),
  next: [
    { restart: 'SIGTERM', prefix: '' },
    { drive: drain(checkedSessions, MILLION / SESSIONS), prefix: '' },
    { restart: 'SIGKILL', prefix: 'killed_' },
  ],
  measures: [
    ...restartMeasures(true),
    bound('ready_rss_mb', 'resident MB then', 'less', 150),
    plain('undelivered_percent', 'not there afterwards, % (10 sessions)', 'less'),
    bound('killed_ready_s', 'restart after SIGKILL, s until CONNECT is answered', 'less', READY_SECONDS),
    bound('killed_ready_rss_mb', 'resident MB then', 'less', 150),
    plain('start_s', 'the first start, with nothing kept, s', 'less'),
    plain('start_rss_mb', 'resident MB then', 'less'),
    plain('filled_per_s', 'acknowledged msg/s while filling', 'more'),
    plain('fill_rss_mb', 'resident MB when filled', 'less'),
  ],
};

const draining: Load = {
  name: 'durable-drain',
  group: 'durable',
  setting: 'durable',
  what: 'one session returns to 1,000,000 queued messages, QoS 1',
  shape: fill(1, MILLION),
  next: [{ drive: drain(1, MILLION), prefix: '' }],
  measures: [
    bound('drained_per_s', 'msg/s delivered and acknowledged', 'more', 100_000),
    plain('undelivered_percent', 'never delivered, %', 'less'),
    plain('drain_cpu_us_per_message', 'broker CPU, us per message', 'less'),
    plain('drain_load_core_percent', "the load's own CPU, % of a core", 'none'),
    plain('probe_p99_us', 'QoS 0 probe meanwhile, p99 us', 'less'),
    plain('probe_max_ms', 'QoS 0 probe meanwhile, longest ms', 'less'),
    plain('drain_rss_peak_mb', 'peak resident MB', 'less'),
    plain('filled_per_s', 'acknowledged msg/s while filling', 'more'),
  ],
};

const STALL_MS = 10;
const fetchMeasures = (prefix: string, words: string): readonly Measure[] => [
  plain(`${prefix}fetched_per_s`, `# at ${words}: retained msg/s`, 'more'),
  plain(`${prefix}undelivered_percent`, `# at ${words}: never delivered, %`, 'less'),
  plain(`${prefix}probe_alone_max_ms`, `# at ${words}: QoS 0 probe before it, longest ms`, 'less'),
  bound(`${prefix}probe_max_ms`, `# at ${words}: QoS 0 probe meanwhile, longest ms`, 'less', STALL_MS),
  plain(`${prefix}probe_own_gap_ms`, `# at ${words}: the load's own longest pause, ms`, 'none'),
];

const retained: Load = {
  name: 'durable-retained',
  group: 'durable',
  setting: 'durable',
  what: '1,000,000 retained topics',
  shape: fill(0, MILLION),
  next: [
    { drive: fetch(0, MILLION), prefix: 'q0_' },
    { drive: fetch(1, MILLION), prefix: 'q1_' },
    { restart: 'SIGTERM', prefix: '' },
  ],
  measures: [
    bound('rss_bytes_per_message', 'resident bytes per topic', 'less', 1024),
    plain('filled_per_s', 'acknowledged retained msg/s', 'more'),
    ...fetchMeasures('q0_', 'QoS 0'),
    ...fetchMeasures('q1_', 'QoS 1'),
    ...restartMeasures(false),
    plain('ready_rss_mb', 'resident MB after the restart', 'less'),
  ],
};

/** What the durable store costs, in the order of the table. */
export const durableLoads: readonly Load[] = [online, ...queues, beside, restart, draining, retained];

const QUICK_PART = 10;

/** The same load with a tenth of the messages and sessions; its goals are then not what the project asks for. */
export function quickDurable(load: Load): Load {
  const { shape } = load;
  if (shape.kind !== 'fill') return load;
  const next = load.next?.map((step): Step => {
    if (!('drive' in step)) return step;
    const { drive } = step;
    if (drive.kind === 'fetch') return { ...step, drive: { ...drive, topics: drive.topics / QUICK_PART } };
    // Where there are few sessions, they hold fewer messages; else there are fewer sessions of as many messages each.
    if (drive.kind !== 'drain' || shape.sessions > QUICK_PART) return step;
    return { ...step, drive: { ...drive, messagesEach: drive.messagesEach / QUICK_PART } };
  });
  const sessions = shape.sessions > QUICK_PART ? shape.sessions / QUICK_PART : shape.sessions;
  const small = { ...shape, sessions, messages: shape.messages / QUICK_PART };
  return { ...load, what: `${load.what} (a tenth of all that)`, shape: small, ...(next ? { next } : {}) };
}
