import type { ClientRow } from '@cauldron/broker/admin-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useLive } from '../../data/use-live.ts';
import { plural, wholeNumber } from '../../format/quantities.ts';
import { goTo } from '../../routing/use-route.ts';
import { Button, Card, Empty } from '../../ui/controls.tsx';
import { LiveNote } from '../../ui/live-note.tsx';
import { useMedia } from '../../ui/use-media.ts';
import { ClientCards } from './client-cards.tsx';
import { ClientTable } from './client-table.tsx';
import { type ListView, PAGE_ROWS, queryOf, readView, SORTS, STATES, writeView } from './list-view.ts';
import { useRates } from './use-rates.ts';

/** Windows in which a table of clients would not be seen as a whole. */
const TOO_NARROW = '(max-width: 1160px)';
/** Milliseconds without a key until what was typed is looked for. */
const TYPED = 250;

/** All clients, a page at a time, as they are now. */
export function ClientList({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const view = readView(query);
  // Cursors of the pages gone through, the one that is shown last.
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const page = useLive('clients', queryOf(view, cursors.at(-1)));
  const show = (change: Partial<ListView>): void => {
    setCursors([]);
    goTo(['clients'], writeView({ ...view, ...change }), { replace: true });
  };
  const key = JSON.stringify(view);
  useEffect(() => setCursors([]), [key]);
  return (
    <div class="stack">
      <ListControls view={view} onChange={show} />
      <LiveNote known={page !== undefined} waitingFor="asking for the clients" />
      {page !== undefined && (
        <>
          <Rows rows={page.items} view={view} onSort={(sort) => show({ sort })} />
          <Pager
            first={cursors.length * PAGE_ROWS + 1}
            shown={page.items.length}
            total={page.total}
            next={page.next}
            onBack={cursors.length === 0 ? undefined : () => setCursors((before) => before.slice(0, -1))}
            onNext={(next) => setCursors((before) => (before.at(-1) === next ? before : [...before, next]))}
          />
        </>
      )}
    </div>
  );
}

interface ListControlsProps {
  readonly view: ListView;
  readonly onChange: (change: Partial<ListView>) => void;
}

function ListControls({ view, onChange }: ListControlsProps) {
  const [typed, setTyped] = useState(view.search);
  // By the time somebody stops typing, something else may have been chosen.
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => setTyped(view.search), [view.search]);
  useEffect(() => {
    if (typed === view.search) return undefined;
    const timer = setTimeout(() => latest.current({ search: typed }), TYPED);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <div class="clients-controls">
      <input
        class="input clients-search"
        type="search"
        aria-label="Search clients"
        placeholder="Search: identifier, user or address"
        value={typed}
        maxLength={256}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <div class="button-row" role="group" aria-label="State">
        {STATES.map(([state, text]) => (
          <Button key={state} pressed={view.state === state} onClick={() => onChange({ state })}>
            {text}
          </Button>
        ))}
      </div>
      <select
        class="input clients-sort"
        aria-label="Order"
        value={view.sort}
        onChange={(event) => onChange({ sort: event.currentTarget.value as ListView['sort'] })}
      >
        {SORTS.map(([sort, text]) => (
          <option key={sort} value={sort}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

interface RowsProps {
  readonly rows: readonly ClientRow[];
  readonly view: ListView;
  readonly onSort: (sort: ListView['sort']) => void;
}

function Rows({ rows, view, onSort }: RowsProps) {
  const narrow = useMedia(TOO_NARROW);
  const { rates, now } = useRates(rows);
  if (rows.length === 0) return <Nobody view={view} />;
  if (narrow) return <ClientCards rows={rows} rates={rates} now={now} />;
  return (
    <Card class="clients-card">
      <ClientTable rows={rows} rates={rates} now={now} sort={view.sort} onSort={onSort} />
    </Card>
  );
}

const Nobody = ({ view: { search, state } }: { readonly view: ListView }) => (
  <Card>
    <Empty icon="clients">
      {search !== '' ? (
        <>No client has “{search}” in its identifier, user name or address.</>
      ) : state === 'away' ? (
        'No session waits for its client.'
      ) : (
        <>
          No client is here. Connect one: <code>mosquitto_sub -t 'kitchen/#' -v</code>
        </>
      )}
    </Empty>
  </Card>
);

interface PagerProps {
  /** Number of the first row. */
  readonly first: number;
  readonly shown: number;
  readonly total: number | null;
  readonly next: string | null;
  readonly onBack: (() => void) | undefined;
  readonly onNext: (cursor: string) => void;
}

function Pager({ first, shown, total, next, onBack, onNext }: PagerProps) {
  const of = total === null ? '' : ` of ${plural(total, 'client')}`;
  const only = onBack === undefined && next === null;
  return (
    <div class="clients-pager">
      <span class="muted small" role="status">
        {shown === 0
          ? ''
          : only
            ? plural(shown, 'client')
            : `${wholeNumber(first)} to ${wholeNumber(first + shown - 1)}${of}`}
      </span>
      {!only && (
        <div class="button-row">
          <Button small icon="left" disabled={onBack === undefined} onClick={() => onBack?.()}>
            Previous
          </Button>
          <Button small disabled={next === null} onClick={() => next !== null && onNext(next)}>
            Next
          </Button>
        </div>
      )}
    </div>
  );
}
