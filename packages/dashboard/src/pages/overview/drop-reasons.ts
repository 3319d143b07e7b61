import type { DropReason, Overview } from '@cauldron/broker/admin-api';

/** What a reason means to who looks after the broker. */
export interface DropExplanation {
  readonly title: string;
  /** What happened to the messages. */
  readonly why: string;
  /** What to do about it. */
  readonly advice: string;
}

/** Each reason in plain language. */
export const dropExplanations: Readonly<Record<DropReason, DropExplanation>> = {
  'slow-consumer': {
    title: 'Client too slow',
    why: 'A client reads less than it is sent. QoS 0 messages beyond limits.maxOutboundBytes are left out for it.',
    advice: 'Let it subscribe to less or read faster, or publish with QoS 1, which waits in its queue.',
  },
  'queue-full': {
    title: 'Queue full',
    why: 'The queue of a client that is away or slow holds as much as it may.',
    advice: 'Bring the client back, discard sessions nobody needs, or raise limits.maxQueuedMessages.',
  },
  offline: {
    title: 'Client away',
    why: 'QoS 0 messages are not kept for clients that are away. MQTT means it so.',
    advice: 'Nothing, or publish and subscribe with QoS 1 where such messages matter.',
  },
  expired: {
    title: 'Expired',
    why: 'The publisher gave the messages a time to live (Message Expiry Interval), which ended first.',
    advice: 'Nothing, where that was meant; otherwise give them longer.',
  },
  'too-old': {
    title: 'Waited too long',
    why: 'They waited in a queue for longer than limits.maxQueuedAge.',
    advice: 'Bring the clients back sooner, or raise limits.maxQueuedAge.',
  },
  'too-large': {
    title: 'Too large for the client',
    why: 'The client said that it takes smaller packets only (Maximum Packet Size).',
    advice: 'Raise that in the client, or publish smaller messages.',
  },
  'memory-pressure': {
    title: 'Memory short',
    why: 'The broker is near limits.maxMemory and sheds QoS 0 messages to stay up.',
    advice: 'Let fewer messages wait or be retained, or give the broker more memory.',
  },
  lost: {
    title: 'Lost by the store',
    why: 'The store no longer has a message that it should have. This should never happen.',
    advice: 'Stop the broker, run `cauldron store check`, and look at the disk.',
  },
  'not-allowed': {
    title: 'Right taken away',
    why: 'While they waited, their receiver lost the right to read them.',
    advice: 'Nothing, where the rules were meant to change; otherwise see “Why was this refused?” on the page Clients.',
  },
};

export type Drop = Overview['drops'][number];

/** Reasons that messages were dropped for, what happens now first; then those that never came up. */
export function sortedDrops(drops: readonly Drop[]): {
  readonly happened: readonly Drop[];
  readonly never: readonly Drop[];
} {
  const happened = drops
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.lastMinute - a.lastMinute || b.total - a.total);
  return { happened, never: drops.filter(({ total }) => total === 0) };
}
