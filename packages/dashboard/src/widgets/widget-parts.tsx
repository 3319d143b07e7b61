import type { Source } from '@cauldron/broker/admin-api';
import type { ComponentChildren } from 'preact';
import { age } from '../format/quantities.ts';
import { Icon } from '../ui/icon.tsx';
import { useNow } from '../ui/use-now.ts';
import { type Reading, staleSince } from './reading.ts';
import type { TopicReading } from './topic-values.ts';

/** What is said to who may look and not change. */
export const VIEWERS_LOOK = 'You may look at this broker and change nothing: an admin may.';

/** In place of a value: why there is none. */
export const Missing = ({ children }: { readonly children: ComponentChildren }) => (
  <p class="widget-missing">{children}</p>
);

/** What a reading shows where it has no value; null = it has one. */
export function missingOf(reading: Reading<unknown>): ComponentChildren | null {
  return reading.state === 'value' ? null : <Missing>{reading.problem}</Missing>;
}

/** Why a control does not know how its device stands. */
export function unknownOf(feedback: Source | null, reading: Reading<unknown>): string {
  // Without feedback it shows what was commanded last, wherever that came from.
  if (feedback === null && reading.state === 'none') return 'nothing sent yet';
  return reading.state === 'value' ? '' : reading.problem;
}

/** How old a value is, where it should have been followed by another by now. */
export function Age({ of: last }: { readonly of: TopicReading | undefined }) {
  const now = useNow();
  if (last === undefined) return null;
  const since = staleSince(last, now);
  if (since === null) return null;
  return (
    <span class="widget-age" title="No newer message came since then">
      <Icon name="clock" size={13} />
      {age(since, now)}
    </span>
  );
}
