import type { TopicRows } from '@cauldron/broker/admin-api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { post } from '../../../data/api.ts';
import { plural } from '../../../format/quantities.ts';
import { toast, toastFailure } from '../../../ui/toasts.tsx';
import { levelsToOpen } from './row-window.ts';
import { pathAbove, pathsAbove } from './tree-keys.ts';

/** Levels the broker lets a page open. */
const MOST_OPEN = 2000;
/** Rows that are there at once when nobody has opened anything: about what fits a window. */
const ROWS_AT_FIRST = 40;
/** Rows that opening many levels at once may bring. */
const ROWS_AT_ONCE = 20_000;
/** Rows looked at for it. */
const LOOKED_AT = 500;

/** Open levels, and whether somebody chose them; they outlive a visit of another page. */
let kept: { readonly open: readonly string[]; readonly isChosen: boolean } = { open: [], isChosen: false };

export interface OpenLevels {
  readonly open: readonly string[];
  readonly onOpen: (path: string) => void;
  readonly onClose: (path: string) => void;
  /** Opens everything right below a level; null = at the top. */
  readonly onOpenAll: (path: string | null) => void;
  /** Opens the uppermost level that has closed ones. */
  readonly onOpenLevel: () => void;
  readonly onCloseAll: () => void;
  /** Opens what is above a topic. */
  readonly onReveal: (topic: string) => void;
  /** To be told of rows that came: at first, and after {@link OpenLevels.onOpenAll}, they decide what is opened. */
  readonly onRows: (rows: TopicRows) => void;
}

/** Which levels of the tree are open. @param system with `$SYS` @param selected a topic that is to be seen at first */
export function useOpenLevels(system: boolean, selected: string | undefined): OpenLevels {
  const [state, setState] = useState(kept);
  const opening = useRef<{ readonly below: string | null } | null>(null);
  const set = (open: readonly string[], isChosen = true): void => {
    const unique = [...new Set(open)];
    if (unique.length > MOST_OPEN) toast(`No more than ${MOST_OPEN} levels can be open at once. Close some first.`);
    kept = { open: unique.slice(0, MOST_OPEN), isChosen };
    setState(kept);
  };
  const reveal = (topic: string): void => set([...kept.open, ...pathsAbove(topic)], kept.isChosen);
  useEffect(() => {
    if (selected !== undefined) reveal(selected);
  }, []);

  const onOpenLevel = async (): Promise<void> => {
    const view = { expanded: kept.open, system, offset: 0, limit: LOOKED_AT };
    const { rows } = await post<TopicRows>('/topics/view', view);
    const levels = levelsToOpen(rows, ROWS_AT_ONCE);
    if (levels.length > 0) set([...kept.open, ...levels]);
    else toast(rows.length < LOOKED_AT ? 'All levels are open' : `The first ${plural(LOOKED_AT, 'row')} are all open`);
  };

  return {
    open: state.open,
    onOpen: (path) => set([...kept.open, path]),
    onClose: (path) => set(kept.open.filter((one) => one !== path)),
    onOpenAll: (path) => {
      opening.current = { below: path };
      // The rows that come next have what is below.
      set(path === null ? kept.open : [...kept.open, path]);
    },
    onOpenLevel: () => void onOpenLevel().catch(toastFailure),
    onCloseAll: () => set([]),
    onReveal: reveal,
    onRows: ({ rows, total }) => {
      const wanted = opening.current;
      if (wanted !== null) {
        const below = rows.filter((row) => row.children > 0 && pathAbove(row) === wanted.below);
        const isHere = wanted.below === null || rows.some(({ path, expanded }) => path === wanted.below && expanded);
        if (isHere) opening.current = null;
        if (below.length > 0) set([...kept.open, ...below.map(({ path }) => path)]);
      } else if (!kept.isChosen && rows.length === total && total < ROWS_AT_FIRST) {
        const levels = levelsToOpen(rows, ROWS_AT_FIRST - total);
        if (levels.length > 0) set([...kept.open, ...levels], false);
      }
    },
  };
}
