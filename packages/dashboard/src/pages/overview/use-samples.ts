import type { History, Overview, Sample } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../../data/api.ts';
import { useLiveState } from '../../data/use-live.ts';
import { toastFailure } from '../../ui/toasts.tsx';
import { appended, joined } from './samples.ts';

/** The last ten minutes, a sample a second: what the broker kept, and behind it what comes. */
export function useSamples(overview: Overview | undefined): readonly Sample[] {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const live = useLiveState() === 'live';
  // Whenever the stream comes back, seconds were missed that the broker has.
  useEffect(() => {
    if (!live) return undefined;
    const abort = new AbortController();
    get<History>('/metrics/history', abort.signal).then(
      (history) => setSamples((came) => joined(history.samples, came)),
      (error: unknown) => {
        if (!abort.signal.aborted) toastFailure(error);
      },
    );
    return () => abort.abort();
  }, [live]);
  useEffect(() => {
    if (overview !== undefined) setSamples((before) => appended(before, overview.current));
  }, [overview]);
  return samples;
}
