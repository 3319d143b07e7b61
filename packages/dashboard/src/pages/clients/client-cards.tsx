import type { ClientRow } from '@cauldron/broker/admin-api';
import { age, perSecond, plural, shortNumber } from '../../format/quantities.ts';
import { ClientName, protocolName, UserName } from './client-bits.tsx';
import type { ClientRowsProps } from './client-table.tsx';
import type { Rates } from './traffic-rates.ts';

/** Clients as cards, for windows that are too narrow for a table. */
export const ClientCards = ({ rows, rates, now }: ClientRowsProps) => (
  <ul class="clients-cards" aria-label="Clients">
    {rows.map((row) => (
      <li key={row.clientId} class="card">
        <ClientName row={row} />
        <span class="small">
          <UserName row={row} />
          <span class="muted">
            {row.address !== null && ` · ${row.address}`}
            {row.protocol !== null && ` · ${protocolName(row)}`}
          </span>
        </span>
        <span class="small muted">{detailsOf(row, rates.of(row.clientId), now).join(' · ')}</span>
        {row.dropped > 0 && <span class="small clients-dropped">{shortNumber(row.dropped)} dropped</span>}
      </li>
    ))}
  </ul>
);

/** What there is to say of a client, what matters first. */
function detailsOf(row: ClientRow, rates: Rates | undefined, now: number): string[] {
  const { state, connectedAt, subscriptions, queued, inflight } = row;
  const rate = (value: number | undefined): string => perSecond(Number((value ?? 0).toFixed(1)));
  return [
    state === 'away' || connectedAt === null ? 'away' : `connected ${age(connectedAt, now)}`,
    ...(state === 'connected' && rates !== undefined
      ? [`${rate(rates.received)} from it`, `${rate(rates.sent)} to it`]
      : []),
    ...(subscriptions > 0 ? [plural(subscriptions, 'subscription')] : []),
    ...(queued > 0 ? [`${shortNumber(queued)} queued`] : []),
    ...(inflight > 0 ? [`${shortNumber(inflight)} in flight`] : []),
  ];
}
