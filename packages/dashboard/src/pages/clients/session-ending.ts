import type { Client } from '@cauldron/broker/admin-api';
import { dateTime, duration } from '../../format/quantities.ts';

/** When a session ends, in words. @param now milliseconds since 1970 */
export function endingOf(
  { state, sessionExpiry, endsAt }: Pick<Client, 'state' | 'sessionExpiry' | 'endsAt'>,
  now: number,
): string {
  if (state === 'away') {
    if (endsAt === null) return 'never: it waits until its client comes back or it is discarded';
    return `in ${duration((endsAt - now) / 1000)}, unless its client comes back (${dateTime(endsAt)})`;
  }
  if (sessionExpiry === null) return 'never, unless it is discarded';
  return sessionExpiry === 0 ? 'with its connection' : `${duration(sessionExpiry)} after its connection`;
}
