import type { ClientEvent, EventKind } from '@cauldron/broker/admin-api';
import { routeTo } from '../../routing/routes.ts';
import type { Tone } from '../../ui/controls.tsx';
import type { IconName } from '../../ui/icon.tsx';

/** How a kind of event is shown. */
export interface EventLook {
  readonly name: string;
  readonly tone: Tone;
  readonly icon: IconName;
}

export const eventLooks: Readonly<Record<EventKind, EventLook>> = {
  connected: { name: 'connected', tone: 'good', icon: 'connect' },
  disconnected: { name: 'disconnected', tone: 'neutral', icon: 'logout' },
  refused: { name: 'refused', tone: 'bad', icon: 'close' },
  denied: { name: 'not allowed', tone: 'bad', icon: 'error' },
  kicked: { name: 'kicked', tone: 'warn', icon: 'logout' },
  slow: { name: 'drops messages', tone: 'warn', icon: 'warning' },
  throttled: { name: 'slowed down', tone: 'warn', icon: 'pause' },
  banned: { name: 'banned', tone: 'bad', icon: 'close' },
  'session-ended': { name: 'session ended', tone: 'neutral', icon: 'trash' },
  subscribed: { name: 'subscribed', tone: 'info', icon: 'plus' },
  unsubscribed: { name: 'unsubscribed', tone: 'neutral', icon: 'minus' },
};

/** What the rules decided, as a place that asks them why; undefined = it was no decision of the rules. */
export function whyLink({ kind, clientId, username, action, topic }: ClientEvent): string | undefined {
  if (kind !== 'denied' || action === null || topic === null) return undefined;
  return routeTo(['clients'], {
    tab: 'explain',
    client: clientId ?? undefined,
    was: username ?? undefined,
    action,
    topic,
  });
}

/** What to do about a refused connection, by its reason code; undefined = the event says it all. */
export function refusalAdvice({ kind, reasonCode }: ClientEvent): string | undefined {
  return kind === 'refused' && reasonCode !== null ? ADVICE[reasonCode] : undefined;
}

/** Reason codes of CONNACK, section 3.2.2.2 of MQTT 5.0. */
const ADVICE: Readonly<Record<number, string>> = {
  129: 'Its CONNECT breaks the rules of MQTT: look at what the client sends.',
  132: 'It speaks another version of MQTT: have it use 3.1, 3.1.1 or 5.0.',
  133: 'Give it another client identifier.',
  134: 'Check its user name and password; `cauldron passwd` shows and changes them.',
  135: 'It has to log in, or its user may not connect: look at authentication in the configuration.',
  136: 'What checks the logins does not answer: see the findings on the overview.',
  137: 'The broker has all it can serve: see limits in the configuration.',
  138: 'It connected too often. It is let in again when the ban is over.',
  140: 'It wants a way to log in that this broker does not offer.',
  149: 'Its CONNECT is larger than limits.maxConnectPacketSize.',
  151: 'A limit is reached; the reason names it.',
  159: 'Too many connect at once; it may try again a little later.',
};
