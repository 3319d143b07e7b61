import type { TopicValue } from '@cauldron/broker/admin-api';
import { numberFrom } from '../../../values/json-path.ts';

/** Messages that are remembered, and characters of all their payloads. */
const MOST = 100;
const MOST_CHARACTERS = 4_000_000;
/** Numbers that are remembered. */
const MOST_SAMPLES = 600;

/** A message that came while its topic was looked at. */
export interface Seen {
  /** Counts up; no two have the same. */
  readonly id: number;
  readonly value: TopicValue;
  /** When it was published, or where nobody knows, when it was seen; milliseconds since 1970. */
  readonly at: number;
}

/** What came on a topic while it was looked at. */
export interface SeenValues {
  /** Newest first. */
  readonly messages: readonly Seen[];
  /** Oldest first: those that are a number. */
  readonly samples: readonly { readonly at: number; readonly value: number }[];
}

export const NOTHING_SEEN: SeenValues = { messages: [], samples: [] };

/** Adds a message; the oldest make room. The same one again changes nothing but what is known about it. */
export function withMessage(seen: SeenValues, value: TopicValue, now: number): SeenValues {
  const [last] = seen.messages;
  if (last !== undefined && isSame(last.value, value)) {
    return { ...seen, messages: [{ ...last, value }, ...seen.messages.slice(1)] };
  }
  const at = value.at ?? now;
  const messages = bounded([{ id: (last?.id ?? 0) + 1, value, at }, ...seen.messages]);
  const number = value.payload.encoding === 'utf8' ? numberFrom(value.payload.data, '') : undefined;
  if (number === undefined) return { messages, samples: seen.samples };
  // A drawing goes to the right, whatever the clocks of the broker and of this machine say.
  const sample = { at: Math.max(at, seen.samples.at(-1)?.at ?? 0), value: number };
  return { messages, samples: [...seen.samples, sample].slice(-MOST_SAMPLES) };
}

/** A message has its time and its place in the count; of a retained one from long ago it is what it says. */
const isSame = (a: TopicValue, b: TopicValue): boolean =>
  a.at === b.at &&
  a.count === b.count &&
  a.payload.data === b.payload.data &&
  a.payload.encoding === b.payload.encoding &&
  a.retain === b.retain;

function bounded(messages: readonly Seen[]): Seen[] {
  let characters = 0;
  const kept: Seen[] = [];
  for (const message of messages.slice(0, MOST)) {
    characters += message.value.payload.data.length;
    // Two, however large, so that there is something to compare.
    if (kept.length >= 2 && characters > MOST_CHARACTERS) break;
    kept.push(message);
  }
  return kept;
}
