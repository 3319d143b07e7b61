import type { ClientRow } from '@cauldron/broker/admin-api';
import { perSecond, shortNumber } from '../../format/quantities.ts';
import { routeTo } from '../../routing/routes.ts';
import { Badge, Dot } from '../../ui/controls.tsx';

/** A client's name, its state, and what is the matter with it. */
export const ClientName = ({ row }: { readonly row: ClientRow }) => (
  <span class="clients-name">
    {row.state === 'connected' ? <Dot tone="good" label="connected" /> : <Dot tone="neutral" label="away" />}
    <a class="mono" href={routeTo(['clients', row.clientId])}>
      {row.clientId}
    </a>
    {row.slow && <Badge tone="warn">slow</Badge>}
  </span>
);

/** Who it says it is, and whether somebody checked that. */
export function UserName({ row: { username, verified } }: { readonly row: Pick<ClientRow, 'username' | 'verified'> }) {
  if (username === null) return <span class="muted">anonymous</span>;
  if (verified) return <span>{username}</span>;
  return (
    <span title="It said this name itself; nobody checked it">
      {username} <span class="muted">(not checked)</span>
    </span>
  );
}

export const protocolName = ({ protocol }: Pick<ClientRow, 'protocol'>): string =>
  protocol === null ? '–' : `MQTT ${protocol}`;

export interface RateProps {
  /** Messages a second; undefined = not known yet. */
  readonly rate: number | undefined;
  readonly total: number;
}

/** How fast now, and how many in all. */
export function Rate({ rate, total }: RateProps) {
  const said = rate === undefined ? '–' : perSecond(rate < 100 ? Number(rate.toFixed(1)) : rate);
  return (
    <span class="clients-rate">
      <span class={/^[1-9]|^0\./.test(said) ? '' : 'clients-none'}>{said}</span>
      <span class="muted small">{shortNumber(total)}</span>
    </span>
  );
}
