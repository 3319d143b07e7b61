import type { Undone } from '@cauldron/broker/admin-api';
import { useEffect, useState } from 'preact/hooks';
import { post } from '../../../data/api.ts';
import { asFailure } from '../../../data/use-resource.ts';
import { plural } from '../../../format/quantities.ts';
import { toast } from '../../../ui/toasts.tsx';
import { type Removal, Removals } from './removals.ts';

/** What was deleted in this window of the browser. */
export const removals = new Removals(sessionStorage);

/** Brings back what was deleted, and says how that went. */
export async function undoRemoval({ undo }: Removal): Promise<void> {
  try {
    const { restored, skipped } = await post<Undone>('/retained/undo', { undo });
    const rest = skipped === 0 ? '' : `; ${plural(skipped, 'topic')} had a newer one, which stays`;
    toast(`${plural(restored, 'message')} ${restored === 1 ? 'is' : 'are'} back${rest}`, { tone: 'good' });
    removals.drop(undo);
  } catch (error) {
    const { status, message } = asFailure(error);
    toast(message, { tone: 'bad' });
    if (status === 404) removals.drop(undo);
  }
}

/** What can be undone; draws again when that changes. @param now milliseconds since 1970 */
export function useRemovals(now: number): readonly Removal[] {
  const [, setRound] = useState(0);
  useEffect(() => removals.watch(() => setRound((n) => n + 1)), []);
  return removals.list(now);
}
