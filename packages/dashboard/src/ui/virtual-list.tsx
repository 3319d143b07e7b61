import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { mapScroll, visibleRange } from './virtual-range.ts';

export interface VirtualListProps {
  /** Rows there are, shown or not. */
  readonly count: number;
  /** Pixels; all rows are equally high. */
  readonly rowHeight: number;
  /** A row; drawn only while it can be seen. */
  readonly row: (index: number) => ComponentChildren;
  /** Told which rows can be seen, with some before and behind, whenever that changes. */
  readonly onRange?: (first: number, count: number) => void;
  readonly label: string;
  readonly role?: 'tree' | 'list' | 'grid';
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  /** Changes whenever the row `scrollTo` is to be brought into sight. */
  readonly scrollTo?: number | undefined;
  /** Id of the row that the keys are at, for screen readers. */
  readonly active?: string | undefined;
}

/** A list of any length that draws only the rows that can be seen. */
export function VirtualList(props: VirtualListProps) {
  const { count, rowHeight, row, onRange, label, role = 'list', onKeyDown, scrollTo, active } = props;
  const ref = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const map = mapScroll(count, rowHeight, view.height);
  const { first, shown } = visibleRange(map, view.top, view.height, count, rowHeight);

  useLayoutEffect(() => {
    const element = ref.current!;
    const measure = (): void => setView((old) => ({ ...old, height: element.clientHeight }));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  useEffect(() => onRange?.(first, shown), [first, shown]);

  useEffect(() => {
    if (scrollTo === undefined) return;
    const element = ref.current!;
    const at = scrollTo * rowHeight * map.scale;
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = at + rowHeight - element.clientHeight;
    }
  }, [scrollTo]);

  const rows: ComponentChildren[] = [];
  for (let index = first; index < first + shown; index++) rows.push(row(index));
  const offset = view.top - (view.top / map.scale - first * rowHeight);
  return (
    <div
      ref={ref}
      class="virtual"
      role={role}
      aria-label={label}
      aria-activedescendant={active}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget;
        const next = visibleRange(map, scrollTop, view.height, count, rowHeight);
        // The browser moves what is drawn; where that is enough, nothing is drawn anew.
        if (map.scale === 1 && next.first === first && next.shown === shown) return;
        setView((old) => ({ ...old, top: scrollTop }));
      }}
    >
      <div class="virtual-space" role="presentation" style={{ height: `${map.space}px` }}>
        <div class="virtual-rows" role="presentation" style={{ transform: `translateY(${offset}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
