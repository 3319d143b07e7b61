import { attacks } from '@cauldron/testkit/attacks';
import { DENIED_TOPIC } from './access-rules.ts';
import type { LoginSpec, PublishSpec } from './load/spec.ts';
import type { Load, Measure, Unplaced } from './load-model.ts';
import { CROWD, NEWCOMERS, PASSWORD } from './users.ts';

const PAYLOAD_BYTES = 16;

type Better = Measure['better'];

const plain = (figure: string, label: string, better: Better): Measure => ({ figure, label, better });

/** What rules may cost, against the same broker without any. */
const RULES_COST = 1.2;
const WITHOUT = 'cauldron-no-rules';

/** A goal for both ways to give Cauldron rules. */
function kept(measure: Measure): Measure {
  const bound = measure.better === 'more' ? 1 / RULES_COST : RULES_COST;
  const goal = { against: WITHOUT, bound };
  return { ...measure, goal, also: [{ ...goal, of: 'cauldron-acl-file' }] };
}

const delivered = plain('delivered_per_s', 'delivered msg/s', 'more');
const cpu = plain('cpu_us_per_delivery', 'broker CPU, us per delivery', 'less');
const accessRows: readonly Measure[] = [
  plain('undelivered_percent', 'never delivered, %', 'less'),
  plain('denied_closed', 'a denied topic is closed (1 = yes)', 'none'),
];

const publish: Unplaced<PublishSpec> = {
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
  denied: DENIED_TOPIC,
};

function access(name: string, what: string, shape: Partial<typeof publish>, measures: readonly Measure[]): Load {
  const common = { group: 'security', setting: 'access' } as const;
  return { name: `acl-${name}`, ...common, what, shape: { ...publish, ...shape }, measures };
}

const MANY_TOPICS = 100_000;

const accessLoads: readonly Load[] = [
  access('pair1-q0', '1 -> 1, QoS 0, flat out', {}, [kept(delivered), kept(cpu), ...accessRows]),
  access('pair10-q1', '10 pairs, QoS 1, window 20', { publishers: 10, subscribers: 10, qos: 1 }, [
    kept(delivered),
    kept(cpu),
    ...accessRows,
  ]),
  access(
    'fanout',
    '1 -> 500, QoS 0, flat out',
    { shape: 'fanout', subscribers: 500, batch: 64, outstanding: 250_000 },
    [kept(delivered), kept(cpu), ...accessRows],
  ),
  access('topics', `1 -> 1, QoS 0, flat out over ${MANY_TOPICS} topics`, { topics: MANY_TOPICS }, [
    delivered,
    cpu,
    ...accessRows,
  ]),
];

const LOGINS_PER_SECOND = 2000;
const DIALLING = 100;

/** Fewer where each waits for argon2id: what waits for longer than `authentication.timeout` is told to come again. */
const FIRST_DIALLING = 20;

const login: Unplaced<LoginSpec> = {
  kind: 'login',
  version: 4,
  users: 0,
  prefix: '',
  password: PASSWORD,
  again: false,
  dialling: DIALLING,
};

const bystander = (prefix: string, words: string): readonly Measure[] => [
  plain(`${prefix}_p50_us`, `bystander at 100 msg/s ${words}, p50 us`, 'less'),
  plain(`${prefix}_p99_us`, `bystander at 100 msg/s ${words}, p99 us`, 'less'),
  plain(`${prefix}_max_ms`, `bystander at 100 msg/s ${words}, longest ms`, 'less'),
  plain(`${prefix}_own_gap_ms`, `the bystander's own longest pause ${words}, ms`, 'none'),
];

const loginRows = (prefix: string, words: string): readonly Measure[] => [
  plain(`${prefix}_cpu_us`, `broker CPU, us per ${words} login`, 'less'),
  plain(`${prefix}_broker_core_percent`, 'broker CPU meanwhile, % of a core', 'none'),
  plain(`${prefix}_load_core_percent`, "the load's own CPU meanwhile, % of a core", 'none'),
];

const loginLoads: readonly Load[] = [
  {
    name: 'login-storm',
    group: 'security',
    setting: 'logins',
    what: '10,000 users log in (PBKDF2 lines), leave, and all come back',
    shape: { ...login, users: CROWD.count, prefix: CROWD.prefix, again: true },
    measures: [
      {
        ...plain('again_per_s', 'returning logins a second', 'more'),
        goal: { against: 'absolute', bound: LOGINS_PER_SECOND },
      },
      ...loginRows('again', 'returning'),
      ...bystander('alone', 'alone'),
      ...bystander('again', 'meanwhile'),
      plain('first_per_s', 'first logins a second', 'more'),
      ...loginRows('first', 'first'),
      ...bystander('first', 'during the first logins'),
      plain('wrong_refused', 'a wrong password is refused (1 = yes)', 'none'),
    ],
  },
  {
    name: 'login-first',
    group: 'security',
    setting: 'logins',
    what: '200 users log in for the first time (Cauldron: argon2id, mosquitto: PBKDF2)',
    shape: { ...login, users: NEWCOMERS.count, prefix: NEWCOMERS.prefix, dialling: FIRST_DIALLING },
    measures: [
      plain('first_per_s', 'first logins a second', 'more'),
      ...loginRows('first', 'first'),
      ...bystander('alone', 'alone'),
      ...bystander('first', 'meanwhile'),
      plain('wrong_refused', 'a wrong password is refused (1 = yes)', 'none'),
    ],
  },
];

/** What others may notice of an attack: p99 of their messages against p99 without it. */
const ATTACK_COST = 2;

const attackRows: readonly Measure[] = [
  {
    ...plain('beside_ratio', 'p99 beside the attacker : alone', 'less'),
    goal: { against: 'absolute', bound: ATTACK_COST },
    also: [{ of: 'cauldron-limited', against: 'absolute', bound: ATTACK_COST }],
  },
  plain('control_ratio', 'p99 beside the same CPU spent on nothing : alone', 'none'),
  plain('alone_p50_us', 'alone, p50 us', 'less'),
  plain('alone_p99_us', 'alone, p99 us', 'less'),
  plain('alone_max_ms', 'alone, longest ms', 'less'),
  plain('beside_p50_us', 'beside, p50 us', 'less'),
  plain('beside_p99_us', 'beside, p99 us', 'less'),
  plain('beside_max_ms', 'beside, longest ms', 'less'),
  plain('beside_late_p99_us', 'beside, how late the load itself sent, p99 us', 'none'),
  plain('alone_broker_core_percent', 'alone, broker CPU, % of a core', 'none'),
  plain('beside_broker_core_percent', 'beside, broker CPU, % of a core', 'none'),
  plain('alone_broker_waited_percent', 'alone, broker waited for its core, % of the time', 'none'),
  plain('beside_broker_waited_percent', 'beside, broker waited for its core, % of the time', 'none'),
  plain('beside_attacker_core_percent', "beside, attacker's CPU, % of a core", 'none'),
  plain('missing_percent', 'never delivered to those who behave, %', 'less'),
  plain('rss_peak_mb', 'peak resident MB', 'less'),
];

/** All but the one that is for encrypted listeners, of which there is none here. */
const attackNames = Object.keys(attacks).filter((name) => name !== 'tlsStall');

/** `publishFlood` as a name of a load: `attack-publish-flood`. */
const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const attackLoads: readonly Load[] = attackNames.map((attack) => ({
  name: `attack-${dashed(attack)}`,
  group: 'security',
  setting: 'attacks',
  what: `100 pairs, 2,000 msg/s in all, beside one attacker: ${dashed(attack).replaceAll('-', ' ')}`,
  shape: { kind: 'attack', version: 4, attack, pairs: 100, rate: 2000, payloadBytes: PAYLOAD_BYTES },
  measures: attackRows,
}));

/** What it costs to be safe, in the order of the table. */
export const securityLoads: readonly Load[] = [...accessLoads, ...loginLoads, ...attackLoads];

const QUICK_PART = 10;

/** The same load with a tenth of the users. */
export function quickSecurity(load: Load): Load {
  const { shape } = load;
  if (shape.kind !== 'login') return load;
  return { ...load, what: `${load.what} (a tenth of all that)`, shape: { ...shape, users: shape.users / QUICK_PART } };
}
