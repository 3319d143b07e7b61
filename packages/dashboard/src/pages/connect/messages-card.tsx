import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clockTime, plural, wholeNumber } from '../../format/quantities.ts';
import { Badge, Button, Card } from '../../ui/controls.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { MessageDetail } from './message-detail.tsx';
import { filtered, jsonLines, type LogEntry, MOST_MESSAGES } from './message-log.ts';
import { preview } from './payload.ts';
import { followScroll } from './scroll.ts';
import type { Workbench } from './workbench.ts';

/** Pixels of a row. */
const ROW = 54;

export interface MessagesCardProps {
  readonly workbench: Workbench;
  /** Puts a message into the form that publishes. */
  readonly onTake: (entry: LogEntry) => void;
}

/** What came, with the colours of its subscriptions. */
export function MessagesCard({ workbench, onTake }: MessagesCardProps) {
  const [search, setSearch] = useState('');
  const [newestFirst, setNewestFirst] = useState(true);
  const [follow, setFollow] = useState(true);
  const [paused, setPaused] = useState<{ readonly entries: readonly LogEntry[]; readonly total: number } | null>(null);
  const [selected, setSelected] = useState<LogEntry | null>(null);
  const { log } = workbench;
  const entries = paused?.entries ?? log.entries;
  const found = filtered(entries, search);
  const missed = paused === null ? 0 : log.total - paused.total;
  const clear = (): void => {
    workbench.clear();
    setPaused(null);
    setSelected(null);
  };
  return (
    <Card
      fill
      class="connect-messages"
      title={
        <>
          Messages <Count total={log.total} found={found.length} of={entries.length} />
        </>
      }
      actions={
        <>
          {missed > 0 && <Badge tone="info">{plural(missed, 'more', 'more')} since you paused</Badge>}
          <Button
            small
            icon={paused === null ? 'pause' : 'play'}
            pressed={paused !== null}
            title="Messages still come; the list stands still"
            onClick={() => setPaused(paused === null ? { entries: log.entries, total: log.total } : null)}
          >
            {paused === null ? 'Pause' : 'Go on'}
          </Button>
          <Button small icon="download" onClick={() => save(found)} disabled={found.length === 0}>
            Export
          </Button>
          <Button small icon="trash" onClick={clear} disabled={log.total === 0}>
            Clear
          </Button>
        </>
      }
    >
      <div class="connect-toolbar">
        <input
          class="input"
          type="search"
          aria-label="Show only messages with this text, or of this topic filter"
          placeholder="Search, or a filter such as workshop/+"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <select
          class="input"
          aria-label="Order"
          value={newestFirst ? 'newest' : 'oldest'}
          onChange={(event) => setNewestFirst(event.currentTarget.value === 'newest')}
        >
          <option value="newest">newest on top</option>
          <option value="oldest">newest at the end</option>
        </select>
        <label class="check" title="Keeps the newest message in sight; without it the list stays where you scrolled to">
          <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
          <span>Follow</span>
        </label>
      </div>
      {found.length === 0 ? (
        <p class="muted connect-nothing">{nothing(entries.length, workbench)}</p>
      ) : (
        <Rows
          entries={found}
          newestFirst={newestFirst}
          follow={follow && paused === null}
          selected={selected}
          onSelect={setSelected}
        />
      )}
      {selected !== null && (
        <MessageDetail entry={selected} onClose={() => setSelected(null)} onTake={() => onTake(selected)} />
      )}
    </Card>
  );
}

function nothing(all: number, { connection, subscriptions }: Workbench): string {
  if (all > 0) return 'No message matches what you search for.';
  if (connection.status !== 'connected') return 'Messages stand here once you are connected and subscribed.';
  if (subscriptions.length === 0) return 'Subscribe to a topic, and its messages stand here.';
  return 'Nothing came yet. Publish a message to one of the topics you are subscribed to.';
}

const Count = ({ total, found, of }: { readonly total: number; readonly found: number; readonly of: number }) => (
  <span class="muted small connect-count">
    {found < of ? `${wholeNumber(found)} of ${wholeNumber(of)}` : wholeNumber(total)}
    {total > MOST_MESSAGES && found === of && `, the last ${wholeNumber(of)} shown`}
  </span>
);

function save(entries: readonly LogEntry[]): void {
  const url = URL.createObjectURL(new Blob([jsonLines(entries)], { type: 'application/x-ndjson' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `messages-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // the browser reads it after the click
}

interface RowsProps {
  readonly entries: readonly LogEntry[];
  readonly newestFirst: boolean;
  readonly follow: boolean;
  readonly selected: LogEntry | null;
  readonly onSelect: (entry: LogEntry) => void;
}

function Rows({ entries, newestFirst, follow, selected, onSelect }: RowsProps) {
  const ref = useRef<HTMLDivElement>(null);
  const before = useRef<readonly LogEntry[]>([]);
  useLayoutEffect(() => {
    const list = ref.current?.querySelector('.virtual');
    if (!list) return;
    const old = before.current;
    before.current = entries;
    list.scrollTop = followScroll({
      old,
      entries,
      newestFirst,
      follow,
      top: list.scrollTop,
      rowHeight: ROW,
      end: list.scrollHeight - list.clientHeight,
    });
  }, [entries, newestFirst, follow]);
  const at = (index: number): LogEntry => entries[newestFirst ? entries.length - 1 - index : index]!;
  return (
    <div ref={ref} class="connect-list">
      <VirtualList
        label="Messages"
        count={entries.length}
        rowHeight={ROW}
        row={(index) => {
          const entry = at(index);
          return <Row key={entry.id} entry={entry} selected={entry.id === selected?.id} onSelect={onSelect} />;
        }}
      />
    </div>
  );
}

interface RowProps {
  readonly entry: LogEntry;
  readonly selected: boolean;
  readonly onSelect: (entry: LogEntry) => void;
}

function Row({ entry, selected, onSelect }: RowProps) {
  const { colors, topic, payload, qos, retain, at } = entry;
  // What stands in a row does not change, and the list is drawn with each message that comes.
  const [text, setText] = useState(() => preview(payload));
  useEffect(() => setText(preview(payload)), [payload]);
  return (
    <div role="listitem" class="connect-row">
      <button type="button" aria-pressed={selected} onClick={() => onSelect(entry)}>
        <span class="connect-stripes" aria-hidden="true">
          {colors.map((color) => (
            <span key={color} style={{ background: `var(${color})` }} />
          ))}
        </span>
        <span class="connect-row-topic truncate">{topic}</span>
        <span class="connect-row-marks">
          {retain && <Badge tone="accent">retained</Badge>}
          <Badge>QoS {qos}</Badge>
          <time class="numeric">{clockTime(at)}</time>
        </span>
        <span class="connect-row-payload truncate">{payload.length === 0 ? <em class="muted">empty</em> : text}</span>
      </button>
    </div>
  );
}
