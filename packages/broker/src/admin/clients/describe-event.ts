import type { DropReason } from '@cauldron/core';
import { reasonCodeName } from '@cauldron/protocol';
import { countOf } from '../words.ts';
import type { EventFact } from './event-history.ts';

/** What happened and why, in plain language. */
export function describeEvent(fact: EventFact): string {
  const { times, at, lastAt } = fact;
  const said = WORDS[fact.kind](fact);
  if (times === 1) return said;
  const within = Math.max(1, Math.round((lastAt - at) / 1000));
  return `${said} (${countOf(times, 'time')} within ${countOf(within, 'second')})`;
}

const WORDS: Readonly<Record<EventFact['kind'], (fact: EventFact) => string>> = {
  connected: ({ reason, detail }) =>
    `Connected through ${reason ?? 'a listener'}${detail === true ? ', and took up its session again' : ''}`,
  disconnected: (fact) => `${ENDED[String(fact.detail)] ?? 'The connection ended'}${why(fact)}`,
  refused: (fact) => `Refused: ${fact.reason ?? 'no reason was given'} (${coded(fact.reasonCode)})`,
  denied: (fact) => `Not allowed to ${fact.detail} to ${quoted(fact.topic)}${denial(fact)} (${coded(fact.reasonCode)})`,
  kicked: (fact) => `Disconnected by ${operator(fact.detail)}: ${fact.reason} (${coded(fact.reasonCode)})`,
  slow: ({ detail }) => `Messages are dropped for it: ${DROPPED[detail as DropReason] ?? detail}`,
  throttled: ({ detail }) => `Sends more than limits.${detail} allows, and is read from more slowly`,
  banned: ({ detail }) => `Connects too often, and is refused for ${countOf(Number(detail), 'second')}`,
  'session-ended': ({ detail, reason }) =>
    detail === 'expired'
      ? 'Its session ended: it was away for longer than its session expiry interval'
      : `Its session was discarded by ${operator(reason)}`,
  subscribed: ({ topic, detail }) => `Subscribed to ${quoted(topic)} with QoS ${detail}`,
  unsubscribed: ({ topic }) => `Unsubscribed from ${quoted(topic)}`,
};

const ENDED: Readonly<Record<string, string>> = {
  client: 'It said goodbye',
  server: 'The broker ended the connection',
  network: 'The connection was lost',
};

/** Why messages do not reach a client. */
export const DROPPED: Readonly<Record<DropReason, string>> = {
  'slow-consumer': 'it does not read as fast as it is sent to, so QoS 0 is left out',
  'queue-full': 'its queue is full',
  offline: 'it is away, and QoS 0 does not wait',
  expired: 'they expired before it took them',
  'too-old': 'they waited longer than limits.maxQueuedAge',
  'too-large': 'they are larger than the packets it takes',
  'memory-pressure': 'memory is short',
  lost: 'the store does not have them, which it should',
  'not-allowed': 'it may not read them any more',
};

function why({ reason, reasonCode, detail }: EventFact): string {
  if (detail === 'network') return `: ${reason}; its will is published where it has one`;
  if (detail === 'client' && reasonCode === 0) return '';
  if (detail === 'client' && reasonCode === 4) return ', and wants its will to be published';
  return `: ${reason} (${coded(reasonCode)})`;
}

/** Why, where that says more than that it is not allowed. */
const denial = ({ reason }: EventFact): string =>
  reason === null || reason.startsWith('not allowed to ') ? '' : `: ${reason}`;

const coded = (code: number | null): string =>
  code === null ? 'no reason code' : `${reasonCodeName(code)}, 0x${code.toString(16).toUpperCase().padStart(2, '0')}`;

const quoted = (topic: string | null): string => `'${topic ?? ''}'`;

const operator = (by: EventFact['detail']): string => (typeof by === 'string' ? `'${by}'` : 'an operator');
