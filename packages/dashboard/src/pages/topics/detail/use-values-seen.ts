import type { Page, TopicValue } from '@cauldron/broker/admin-api';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { get, search } from '../../../data/api.ts';
import { useLiveEvents } from '../../../data/use-live.ts';
import { toastFailure } from '../../../ui/toasts.tsx';
import { NOTHING_SEEN, type SeenValues, withMessage } from './values-seen.ts';

export interface ValuesSeen extends SeenValues {
  /** null = there is nothing on it; undefined = not known yet. */
  readonly current: TopicValue | null | undefined;
  /** Asks for the value again: what was deleted is not told. */
  readonly refresh: () => void;
}

/**
 * What comes on a topic while it is looked at.
 *
 * @param paused nothing new is taken
 */
export function useValuesSeen(topic: string, paused: boolean): ValuesSeen {
  const [seen, setSeen] = useState(NOTHING_SEEN);
  const [isGone, setGone] = useState(false);
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((n) => n + 1), []);
  const take = (value: TopicValue): void => {
    setGone(false);
    setSeen((old) => withMessage(old, value, Date.now()));
  };

  useLiveEvents('values', paused ? null : [topic], ({ values }) => {
    for (const value of values) if (value.topic === topic) take(value);
  });

  useEffect(() => {
    const abort = new AbortController();
    lastValueOf(topic, abort.signal).then(
      (value) => (value === null ? setGone(true) : take(value)),
      (error: unknown) => {
        if (!abort.signal.aborted) toastFailure(error);
      },
    );
    return () => abort.abort();
  }, [topic, round]);

  return { ...seen, current: isGone ? null : seen.messages[0]?.value, refresh };
}

/** The last message of a topic; null = there is none. It is asked for in a list, since having none is no mistake. */
async function lastValueOf(topic: string, signal: AbortSignal): Promise<TopicValue | null> {
  const { items } = await get<Page<TopicValue>>(`/topics${search({ prefix: topic, limit: 1 })}`, signal);
  const [value] = items;
  if (value?.topic !== topic) return null;
  return value.payload.truncated ? get<TopicValue>(`/topics/value${search({ topic })}`, signal) : value;
}
