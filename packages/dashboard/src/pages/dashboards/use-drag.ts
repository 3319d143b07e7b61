import type { Widget } from '@cauldron/broker/admin-api';
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { COLUMNS, nudge } from './layout.ts';

/** Pixels: what the style sheet of the grid says. */
const ROW = 80;
const GAP = 16;
/** Pixels from the window's edge where dragging scrolls, and how far at once. */
const EDGE = 48;
const SCROLL = 24;

interface Dragging {
  readonly id: string;
  readonly kind: 'move' | 'size';
  /** In the page, so that scrolling counts too. */
  readonly fromX: number;
  readonly fromY: number;
  readonly dx: number;
  readonly dy: number;
}

export interface Drag {
  /** As they would be, were it ended now. The one that is moved is still where it was, and shown at {@link Drag.offset}. */
  readonly widgets: readonly Widget[];
  /** Where the one that is moved would go. */
  readonly ghost: Widget | null;
  /** Pixels of the one that is moved. */
  readonly offset: { readonly id: string; readonly dx: number; readonly dy: number } | null;
  readonly start: (event: PointerEvent, id: string, kind: Dragging['kind']) => void;
  readonly move: (event: PointerEvent) => void;
  readonly end: (event: PointerEvent) => void;
}

/** Moving and sizing widgets with a pointer; Escape leaves them as they were. */
export function useDrag(
  grid: RefObject<HTMLElement | null>,
  widgets: readonly Widget[],
  onPlace: (widgets: readonly Widget[]) => void,
): Drag {
  const [dragging, setDragging] = useState<Dragging | null>(null);
  const latest = useRef<Dragging | null>(null);
  const set = (next: Dragging | null): void => {
    latest.current = next;
    setDragging(next);
  };
  useEffect(() => {
    if (dragging === null) return undefined;
    const cancel = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') set(null);
    };
    addEventListener('keydown', cancel);
    return () => removeEventListener('keydown', cancel);
  }, [dragging === null]);

  const placed = (of: Dragging): Widget[] => {
    const column = ((grid.current?.clientWidth ?? 0) + GAP) / COLUMNS;
    return nudge(widgets, of.id, of.kind, Math.round(of.dx / column), Math.round(of.dy / (ROW + GAP)));
  };
  const preview = dragging === null ? widgets : placed(dragging);
  const moved = dragging?.kind === 'move' ? dragging : null;
  return {
    widgets:
      moved === null
        ? preview
        : preview.map((one) => (one.id === moved.id ? widgets.find(({ id }) => id === moved.id)! : one)),
    ghost: moved === null ? null : preview.find(({ id }) => id === moved.id)!,
    offset: moved,
    start: (event, id, kind) => {
      if (event.button !== 0) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      event.preventDefault();
      set({ id, kind, fromX: event.pageX, fromY: event.pageY, dx: 0, dy: 0 });
    },
    move: (event) => {
      const old = latest.current;
      if (old === null) return;
      if (event.clientY > innerHeight - EDGE) scrollBy(0, SCROLL);
      else if (event.clientY < EDGE) scrollBy(0, -SCROLL);
      set({ ...old, dx: event.pageX - old.fromX, dy: event.pageY - old.fromY });
    },
    end: (event) => {
      const old = latest.current;
      if (old === null) return;
      set(null);
      if (event.type === 'pointerup') onPlace(placed(old));
    },
  };
}
