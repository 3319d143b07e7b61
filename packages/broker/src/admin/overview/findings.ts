import type { Finding } from '../schema/index.ts';
import { countOf, plural } from '../words.ts';
import type { Counted } from './recent-counters.ts';
import type { Trouble, TroubleKind } from './trouble.ts';

/** What the findings are made of: the last minute. */
export interface LastMinute {
  /** How much a counter grew. */
  growth(counter: Counted): number;
  trouble(kind: TroubleKind): Trouble | null;
  /** How late the event loop was at most, milliseconds. */
  readonly loopDelayMax: number;
  /** Share of a processor core, 0 to 1 and above; over the whole minute, or null as long as none has passed. */
  readonly cpu: number | null;
  /** Commits of the store, and how long they took, milliseconds; null = nothing is stored. */
  readonly commits: { readonly count: number; readonly p99: number } | null;
  readonly queuedMessages: number;
}

/** A finding without its age. */
export type Found = Omit<Finding, 'since'>;

/** Names a finding has at most. */
const MOST_NAMES = 10;
/** Milliseconds from which the event loop counts as late, and as far too late. */
const LATE = 200;
const FAR_TOO_LATE = 1000;
/** Milliseconds of a commit of which one of a hundred takes longer, from which the store counts as slow. */
const SLOW_COMMIT = 100;
const BUSY = 0.95;
/** Logins refused in a minute that may be somebody who tries passwords. */
const MANY_LOGINS = 5;
/** Times two clients take an identifier from each other in a minute before they count as two. */
const TAKEN_OVER = 3;
/** Messages more than a minute before from which queues count as growing. */
const GROWN = 1000;

type Maker = (minute: LastMinute) => Found | null;

/** What the broker finds to tell of its last minute, the worst first. */
export function findingsOf(minute: LastMinute): Found[] {
  const found = MAKERS.map((make) => make(minute)).filter((one) => one !== null);
  return found.sort((a, b) => WEIGHT[a.severity] - WEIGHT[b.severity]);
}

const WEIGHT = { error: 0, warning: 1, info: 2 } as const;

/** Clients that had a kind of trouble, named. */
const fromTrouble =
  (
    kind: TroubleKind,
    code: string,
    severity: (trouble: Trouble) => Found['severity'] | null,
    tell: (trouble: Trouble, who: string, minute: LastMinute) => string,
    advice: string | null,
  ): Maker =>
  (minute) => {
    const trouble = minute.trouble(kind);
    if (trouble === null) return null;
    const weight = severity(trouble);
    if (weight === null) return null;
    const who = `${trouble.more ? 'more than ' : ''}${countOf(trouble.clients.size, 'client')}`;
    return { code, severity: weight, message: tell(trouble, who, minute), advice, clients: latest(trouble) };
  };

/** The latest of them first. */
const latest = ({ clients }: Trouble): string[] => [...clients.keys()].slice(-MOST_NAMES).reverse();

/** Messages that clients did not get. */
const fromDrops = (
  kind: TroubleKind,
  counter: Counted,
  code: string,
  severity: Found['severity'],
  why: string,
  advice: string,
): Maker =>
  fromTrouble(
    kind,
    code,
    () => severity,
    (_trouble, who, minute) =>
      `${who} dropped messages in the last minute: ${why} (${countOf(minute.growth(counter), 'message')})`,
    advice,
  );

/** Something that is counted and not told of clients. */
const fromCounter =
  (
    counter: Counted,
    code: string,
    severity: Found['severity'],
    tell: (count: number) => string,
    advice: string | null,
  ): Maker =>
  (minute) => {
    const count = minute.growth(counter);
    return count <= 0 ? null : { code, severity, message: tell(count), advice, clients: [] };
  };

const always = (severity: Found['severity']) => () => severity;
const last = (reason: string | null): string => (reason === null ? '' : `; the last: ${reason}`);

const MAKERS: readonly Maker[] = [
  fromDrops(
    'lost',
    'droppedLost',
    'lost-messages',
    'error',
    'the store does not have them, which it should',
    'Stop the broker and look at what is stored with `cauldron store check`, and at the disk.',
  ),
  fromDrops(
    'slow-consumer',
    'droppedSlowConsumer',
    'slow-consumers',
    'warning',
    'too slow',
    'They read less than they are sent, so QoS 0 is left out. Have them subscribe to less or read faster, or send with QoS 1, which waits for them.',
  ),
  fromDrops(
    'queue-full',
    'droppedQueueFull',
    'full-queues',
    'warning',
    'their queues are full',
    'They were away or slow for too long. Bring them back, discard sessions nobody needs, or raise limits.maxQueuedMessages or limits.maxQueuedBytes.',
  ),
  fromDrops(
    'too-large',
    'droppedTooLarge',
    'too-large-for-clients',
    'warning',
    'larger than they take',
    'They said how large a packet may be (Maximum Packet Size). Raise that in the client, or publish smaller messages.',
  ),
  fromDrops(
    'too-old',
    'droppedTooOld',
    'too-old-messages',
    'warning',
    'they waited for too long',
    'Bring the clients back sooner, or raise limits.maxQueuedAge.',
  ),
  fromDrops(
    'not-allowed',
    'droppedNotAllowed',
    'rights-taken',
    'info',
    'they may not read them any more',
    'Rules changed while the messages waited. Ask under "Why was this refused" if that was not meant.',
  ),
  fromCounter(
    'droppedMemoryPressure',
    'shed-messages',
    'warning',
    (count) => `${countOf(count, 'message')} dropped in the last minute, because memory is short`,
    'Have fewer messages wait or retained, raise limits.maxMemory, or give the broker a larger machine.',
  ),
  fromCounter(
    'droppedExpired',
    'expired-messages',
    'info',
    (count) => `${countOf(count, 'message')} expired in the last minute before their clients took them`,
    null,
  ),
  fromTrouble(
    'login',
    'refused-logins',
    ({ times }) => (times >= MANY_LOGINS ? 'warning' : 'info'),
    ({ times, reason }) =>
      `${countOf(times, 'login')} ${plural(times, 'was', 'were')} refused in the last minute${last(reason)}`,
    'Check user name and password of these clients. Many of them from one address may be somebody who tries passwords.',
  ),
  fromTrouble(
    'refused',
    'refused-connections',
    always('warning'),
    ({ times, reason }) =>
      `${countOf(times, 'connection')} ${plural(times, 'was', 'were')} refused in the last minute${last(reason)}`,
    'The reason names the limit. Raise it where these clients are welcome.',
  ),
  fromTrouble(
    'banned',
    'banned-clients',
    always('warning'),
    (_trouble, who) => `${who} connected too often in the last minute and may not for a while`,
    'See in their events why their connections end; raise limits.maxReconnects where that many are meant.',
  ),
  fromTrouble(
    'taken-over',
    'shared-client-id',
    ({ clients }) => (worst(clients) >= TAKEN_OVER ? 'warning' : null),
    ({ clients }) => {
      const shared = [...clients].filter(([, { times }]) => times >= TAKEN_OVER).length;
      return `${countOf(shared, 'client identifier')} ${plural(shared, 'is', 'are')} used by two clients, which throw each other out (up to ${countOf(worst(clients), 'time')} in the last minute)`;
    },
    'Give each client an identifier of its own.',
  ),
  fromTrouble(
    'throttled',
    'throttled-clients',
    always('warning'),
    ({ reason }, who) => `${who} sent more than allowed in the last minute and ${whoWere(who)} slowed (${reason})`,
    'Have them send less, or raise limits.maxMessageRate or limits.maxByteRate, of their listener or of all.',
  ),
  fromTrouble(
    'denied',
    'denied',
    always('warning'),
    ({ times, reason }, who) =>
      `${who} tried ${countOf(times, 'time')} what the rules do not allow in the last minute${last(reason)}`,
    'Ask under "Why was this refused" which rule decided, and what to write where it should be allowed.',
  ),
  fromTrouble(
    'protocol',
    'protocol-errors',
    always('warning'),
    ({ times, reason }) =>
      `${countOf(times, 'connection')} ended in the last minute because of what ${plural(times, 'its client', 'their clients')} sent${last(reason)}`,
    'The reason names the rule of MQTT, or the limit. Such a client has a bug, or speaks something else than MQTT.',
  ),
  fromTrouble(
    'silent',
    'silent-clients',
    always('info'),
    (_trouble, who) => `${who} fell silent in the last minute: nothing came for 1.5 times the keep alive`,
    'Their power or network went, or they are too busy to send a PINGREQ in time.',
  ),
  ({ loopDelayMax }) =>
    loopDelayMax < LATE
      ? null
      : {
          code: 'late-loop',
          severity: loopDelayMax < FAR_TOO_LATE ? 'warning' : 'error',
          message: `The broker was late by up to ${Math.round(loopDelayMax)} ms in the last minute: everybody waited that long`,
          advice:
            'Something kept the process busy or standing still: look at the load of the machine, and at interceptors, authenticators and handlers of the program.',
          clients: [],
        },
  ({ cpu }) =>
    cpu === null || cpu < BUSY
      ? null
      : {
          code: 'busy-processor',
          severity: 'warning',
          message: `The broker used ${Math.round(cpu * 100)} % of a processor core over the last minute`,
          advice:
            'It does nearly as much as it can. Have clients publish or subscribe to less, or give some of them to another broker.',
          clients: [],
        },
  ({ commits }) =>
    commits === null || commits.count <= 0 || commits.p99 < SLOW_COMMIT
      ? null
      : {
          code: 'slow-store',
          severity: 'warning',
          message: `Writing to the disk is slow: one of a hundred commits takes ${Math.round(commits.p99)} ms or longer`,
          advice:
            'Acknowledgements of stored messages wait for it. Put data.directory on a faster disk, or see what else writes to it.',
          clients: [],
        },
  fromCounter(
    'publishersStalled',
    'stalled-publishers',
    'info',
    (count) => `Publishers were made to wait ${countOf(count, 'time')} in the last minute until the disk had caught up`,
    null,
  ),
  (minute) => {
    const grown = minute.growth('queuedMessages');
    if (grown < GROWN || grown < minute.queuedMessages / 5) return null;
    return {
      code: 'growing-queues',
      severity: 'info',
      message: `${countOf(minute.queuedMessages, 'message')} wait for clients, ${grown.toLocaleString('en')} more than a minute ago`,
      advice: 'Sort the clients by what is queued to see whose they are.',
      clients: [],
    };
  },
];

const worst = (clients: Trouble['clients']): number =>
  [...clients.values()].reduce((most, { times }) => Math.max(most, times), 0);

const whoWere = (who: string): string => (who === '1 client' ? 'was' : 'were');
