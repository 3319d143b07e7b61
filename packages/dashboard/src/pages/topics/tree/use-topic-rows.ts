import type { TopicRow, TopicRows, TopicsView } from '@cauldron/broker/admin-api';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { post } from '../../../data/api.ts';
import { useLiveEvents } from '../../../data/use-live.ts';
import { toastFailure } from '../../../ui/toasts.tsx';
import { changedTopics, RowMemory, type RowWindow, windowFor } from './row-window.ts';

/** Rows asked for before it is known how many fit. */
const FIRST: RowWindow = { offset: 0, limit: 100 };

/** Milliseconds a change is shown for. */
const SHOWN_FOR = 900;

/** Milliseconds between two changes of what the broker is asked for: it looks for news no more often. */
const ASK_EVERY = 100;

interface Changed {
  readonly at: number;
  readonly paths: ReadonlySet<string>;
}

export interface RowsWish {
  readonly expanded: readonly string[];
  readonly search: string;
  readonly system: boolean;
  /** What is shown stands still. */
  readonly paused: boolean;
}

export interface Rows {
  /** The newest answer; undefined until the first. */
  readonly data: TopicRows | undefined;
  /** The rows are those that are asked for now, not those of another search or of other open levels. */
  readonly isCurrent: boolean;
  readonly rowAt: (index: number) => TopicRow | undefined;
  /** -1 = it is not here. */
  readonly indexOf: (path: string) => number;
  /** A number that is another one with each change that is to be shown; 0 = it did not change just now. */
  readonly justChanged: (path: string) => number;
  /** To be told which rows can be seen. */
  readonly onRange: (first: number, shown: number) => void;
}

/** The rows of the tree that can be seen, as the broker sends them, twice a second at most. */
export function useTopicRows({ expanded, search, system, paused }: RowsWish): Rows {
  const memory = useRef(new RowMemory()).current;
  const changed = useRef<Changed>({ at: 0, paths: new Set() });
  const [data, setData] = useState<TopicRows>();
  const [part, setPart] = useState(FIRST);
  const shape: TopicsView = { expanded: [...expanded], search, system };
  const key = JSON.stringify(shape);
  const latest = useRef({ key, data });
  latest.current = { key, data };

  const take = (rows: TopicRows): void => {
    changed.current = { at: Date.now(), paths: new Set(changedTopics(latest.current.data?.rows ?? [], rows.rows)) };
    memory.put(latest.current.key, rows);
    setData(rows);
  };

  // Paused, the broker goes on watching for this page, and what it sends is not looked at.
  useLiveEvents('topics', paused ? { limit: 1 } : { ...shape, ...part }, (rows) => {
    if (!paused) take(rows);
  });

  // Paused, what is scrolled to or opened is fetched once.
  useEffect(() => {
    if (!paused || (latest.current.data !== undefined && sameShape(memory, key, part))) return undefined;
    let current = true;
    post<TopicRows>('/topics/view', { ...shape, ...part }).then((rows) => {
      if (current) take(rows);
    }, toastFailure);
    return () => {
      current = false;
    };
  }, [paused, key, part]);

  // Another search or other levels begin at their top; opening one further down does not.
  useEffect(() => setPart((old) => (search === '' ? old : FIRST)), [search]);

  // While somebody scrolls, the broker is asked now and then, and at the end for what is in sight.
  const asking = useRef<{ range: [first: number, shown: number]; timer: ReturnType<typeof setTimeout> | undefined }>({
    range: [0, 1],
    timer: undefined,
  }).current;
  const ask = (): void => {
    const [first, shown] = asking.range;
    setPart((old) => windowFor(old, first, Math.max(shown, 1), memory.total));
  };
  const onRange = useCallback((first: number, shown: number) => {
    asking.range = [first, shown];
    if (asking.timer !== undefined) return;
    ask();
    asking.timer = setTimeout(() => {
      asking.timer = undefined;
      ask();
    }, ASK_EVERY);
  }, []);
  useEffect(() => () => clearTimeout(asking.timer), []);

  return {
    data,
    isCurrent: memory.isOf(key),
    rowAt: (index) => memory.at(index),
    indexOf: (path) => memory.indexOf(path),
    justChanged: (path) => {
      const { at, paths } = changed.current;
      return paths.has(path) && Date.now() - at < SHOWN_FOR ? at : 0;
    },
    onRange,
  };
}

const sameShape = (memory: RowMemory, key: string, window: RowWindow): boolean =>
  memory.isOf(key) && memory.has(window);
