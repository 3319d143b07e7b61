import type { ClientRow } from '@cauldron/broker/admin-api';
import { age, wholeNumber } from '../../format/quantities.ts';
import { Icon } from '../../ui/icon.tsx';
import { TableWrap } from '../../ui/table-wrap.tsx';
import { ClientName, protocolName, Rate, UserName } from './client-bits.tsx';
import type { Sort } from './list-view.ts';
import type { TrafficRates } from './traffic-rates.ts';

export interface ClientRowsProps {
  readonly rows: readonly ClientRow[];
  readonly rates: TrafficRates;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface ClientTableProps extends ClientRowsProps {
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

/** Clients as a table. */
export function ClientTable({ rows, rates, now, sort, onSort }: ClientTableProps) {
  const head = { sort, onSort };
  return (
    <TableWrap label="Clients">
      <table class="table clients-table">
        <thead>
          <tr>
            <SortHead {...head} by="clientId" text="Client" />
            <th scope="col">Address</th>
            <SortHead {...head} by="connectedAt" text="Connected" />
            <th scope="col" class="numeric">
              Subscriptions
            </th>
            <SortHead {...head} by="queued" text="Queued" numeric />
            <SortHead {...head} by="received" text="From it" numeric />
            <SortHead {...head} by="sent" text="To it" numeric />
            <SortHead {...head} by="dropped" text="Dropped" numeric />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <TableRow key={row.clientId} row={row} rates={rates} now={now} />
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}

interface SortHeadProps {
  readonly text: string;
  readonly by: Sort;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly numeric?: boolean;
}

function SortHead({ text, by, sort, onSort, numeric }: SortHeadProps) {
  const chosen = sort === by;
  return (
    <th
      scope="col"
      class={numeric ? 'numeric' : ''}
      aria-sort={chosen ? (by === 'clientId' ? 'ascending' : 'descending') : undefined}
    >
      <button type="button" class="clients-sort-button" onClick={() => onSort(by)}>
        {text}
        {chosen && <Icon name="down" size={12} />}
      </button>
    </th>
  );
}

function TableRow({ row, rates, now }: Omit<ClientRowsProps, 'rows'> & { readonly row: ClientRow }) {
  const rate = rates.of(row.clientId);
  const here = row.state === 'connected';
  return (
    <tr>
      <td class="clients-who">
        <ClientName row={row} />
        <span class="clients-user small">
          <UserName row={row} />
        </span>
      </td>
      <td>
        {row.address ?? '–'}
        <br />
        <span class="muted small">
          {protocolName(row)}
          {row.listener !== null && `, ${row.listener}`}
        </span>
      </td>
      <td class="clients-since">
        {here && row.connectedAt !== null ? age(row.connectedAt, now) : <span class="muted">away</span>}
      </td>
      <td class="numeric">
        <Count value={row.subscriptions} />
      </td>
      <td class="numeric">
        <Count value={row.queued} />
        {row.inflight > 0 && (
          <>
            <br />
            <span class="muted small">{wholeNumber(row.inflight)} in flight</span>
          </>
        )}
      </td>
      <td class="numeric">{here ? <Rate rate={rate?.received} total={row.received} /> : '–'}</td>
      <td class="numeric">{here ? <Rate rate={rate?.sent} total={row.sent} /> : '–'}</td>
      <td class={`numeric ${row.dropped > 0 ? 'clients-dropped' : ''}`}>
        <Count value={row.dropped} />
      </td>
    </tr>
  );
}

/** Zeros stand back, so that what is there stands out. */
const Count = ({ value }: { readonly value: number }) => (
  <span class={value === 0 ? 'clients-none' : ''}>{wholeNumber(value)}</span>
);
