import type { TopicRows } from '@cauldron/broker/admin-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { post } from '../../../data/api.ts';
import { toastFailure } from '../../../ui/toasts.tsx';
import { VirtualList } from '../../../ui/virtual-list.tsx';
import { TopicRowView } from './topic-row.tsx';
import { findTyped, type KeyRow, pathAbove, treeMove } from './tree-keys.ts';
import type { Rows } from './use-topic-rows.ts';

/** Pixels; as in topics.css. */
const ROW = 32;
const ROW_ON_PHONE = 46;
/** More rows than can be seen at once. */
const PLACES = 256;
/** Milliseconds after which typing begins a new word. */
const WORD = 800;
/** Rows looked at in one request when a level above is out of sight, and requests at most. */
const LOOK = 500;
const LOOKS = 20;

export interface TopicTreeProps {
  readonly rows: Rows;
  readonly search: string;
  readonly system: boolean;
  readonly expanded: readonly string[];
  /** The topic whose details are shown. */
  readonly selected: string | undefined;
  readonly now: number;
  readonly onSelect: (path: string) => void;
  readonly onOpen: (path: string) => void;
  readonly onClose: (path: string) => void;
  /** Everything right below a level, null = at the top, is to be opened. */
  readonly onOpenAll: (path: string | null) => void;
}

/** The rows of the tree, with their heading and their keys. */
export function TopicTree(props: TopicTreeProps) {
  const { rows, search, selected, now, onSelect, onOpen, onClose, onOpenAll } = props;
  const [active, setActive] = useState<{ path: string; index: number } | null>(null);
  const [scrollTo, setScrollTo] = useState<number>();
  const typed = useRef({ text: '', at: 0 });
  const rowHeight = usePhone() ? ROW_ON_PHONE : ROW;
  const total = rows.data?.total ?? 0;

  // Rows come and go above it, so its place is looked up anew.
  const at = active === null ? -1 : rows.rowAt(active.index)?.path === active.path ? -1 : rows.indexOf(active.path);
  const index = active === null ? -1 : at >= 0 ? at : active.index;
  const state = { index, total, page: 1, rowAt: rows.rowAt };

  const go = (to: number): void => {
    setActive({ path: rows.rowAt(to)?.path ?? '', index: to });
    setScrollTo(to);
  };
  // A row that was gone to before it was here has a path once it is.
  useEffect(() => {
    const row = active?.path === '' ? rows.rowAt(active.index) : undefined;
    if (active !== null && row !== undefined && row.path !== '') setActive({ path: row.path, index: active.index });
  }, [rows.data]);
  // What was selected before is gone to, once: by its address, or out of a search.
  const wanted = useRef(search === '' ? selected : undefined);
  useEffect(() => {
    const path = wanted.current;
    if (path === undefined || !rows.isCurrent) return;
    wanted.current = undefined;
    const found = rows.indexOf(path);
    if (found >= 0) go(found);
    else indexOfPath(path, total, props).then((far) => far >= 0 && go(far), toastFailure);
  }, [rows.data]);

  const goAbove = async (row: KeyRow): Promise<void> => {
    const found = await indexOfPath(pathAbove(row) ?? '', index, props);
    if (found >= 0) go(found);
  };
  const type = (character: string): void => {
    const text = Date.now() - typed.current.at < WORD ? typed.current.text + character : character;
    typed.current = { text, at: Date.now() };
    const found = findTyped(text, state);
    if (found >= 0) go(found);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    state.page = Math.floor((event.currentTarget as HTMLElement).clientHeight / rowHeight);
    const move = treeMove(event.key, state);
    if (move === null) return;
    event.preventDefault();
    if (move.kind === 'go') go(move.index);
    else if (move.kind === 'choose') onSelect(move.row.path);
    else if (move.kind === 'open') onOpen(move.row.path);
    else if (move.kind === 'close') onClose(move.row.path);
    else if (move.kind === 'open-beside') onOpenAll(pathAbove(move.row));
    else if (move.kind === 'type') type(move.character);
    else goAbove(move.row).catch(toastFailure);
  };

  return (
    <div class={`topics-tree ${search === '' ? '' : 'found'}`}>
      <div class="topics-row topics-columns" aria-hidden="true">
        <span>Topic</span>
        <span>Last value</span>
        <span class="topics-age">Age</span>
        <span class="topics-rate">Rate</span>
        <span class="topics-qos">QoS</span>
        <span class="topics-retained" title="Retained">
          Ret.
        </span>
        <span class="topics-publisher">Publisher</span>
      </div>
      <VirtualList
        label="Topics"
        role="tree"
        count={total}
        rowHeight={rowHeight}
        scrollTo={scrollTo}
        active={index >= 0 && rows.rowAt(index) !== undefined ? rowId(index) : undefined}
        onRange={rows.onRange}
        onKeyDown={onKeyDown}
        row={(at) => {
          const row = rows.rowAt(at);
          // What is scrolled out of sight becomes what is scrolled into it: elements are used again.
          const place = at % PLACES;
          if (row === undefined) return <div key={place} class="topics-row topics-waiting" role="presentation" />;
          return (
            <TopicRowView
              key={place}
              id={rowId(at)}
              row={row}
              search={search}
              selected={row.path === selected}
              active={at === index}
              changed={rows.justChanged(row.path)}
              now={now}
              onSelect={() => {
                setActive({ path: row.path, index: at });
                onSelect(row.path);
              }}
              onToggle={(all) => (all ? onOpenAll : row.expanded ? onClose : onOpen)(row.path)}
            />
          );
        }}
      />
    </div>
  );
}

const rowId = (index: number): string => `topics-row-${index}`;

/** The place of a row that is out of sight: looked for upwards. -1 = it is too far. */
async function indexOfPath(
  path: string,
  below: number,
  { expanded, search, system }: Pick<TopicTreeProps, 'expanded' | 'search' | 'system'>,
): Promise<number> {
  for (let look = 1, end = below; look <= LOOKS && end > 0; look++) {
    const offset = Math.max(0, end - LOOK);
    const view = { expanded, search, system, offset, limit: end - offset };
    const { rows } = await post<TopicRows>('/topics/view', view);
    const found = rows.findIndex((row) => row.path === path);
    if (found >= 0) return offset + found;
    end = offset;
  }
  return -1;
}

/** Whether the page has the width of a phone; draws again when that changes. */
function usePhone(): boolean {
  const query = useRef(matchMedia('(max-width: 820px)')).current;
  const [phone, setPhone] = useState(query.matches);
  useEffect(() => {
    const changed = (): void => setPhone(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return phone;
}
