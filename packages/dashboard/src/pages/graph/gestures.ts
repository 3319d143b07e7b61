import type { Point } from './camera.ts';

/** What gestures do. */
export interface GestureTarget {
  panBy(dx: number, dy: number): void;
  zoomBy(factor: number, at: Point): void;
  /** The pointer is over a place, without a button; null = it has left. */
  hover(at: Point | null): void;
  tap(at: Point): void;
  doubleTap(at: Point): void;
}

/** Pixels that a finger may slip and still tap. */
const SLIP = 5;

/** Mouse, pen and touch on an element: drag to move, wheel and pinch to zoom, tap to choose. @returns what ends it */
export function listenToGestures(element: HTMLElement, target: GestureTarget): () => void {
  const pointers = new Map<number, Point>();
  /** Where the only pointer went down, until it moves further than it may slip. */
  let tapAt: Point | null = null;
  const placeOf = ({ clientX, clientY }: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const down = (event: PointerEvent): void => {
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, placeOf(event));
    tapAt = pointers.size === 1 ? placeOf(event) : null;
  };
  const move = (event: PointerEvent): void => {
    const now = placeOf(event);
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType === 'mouse') target.hover(now);
      return;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) {
      pinch(target, before, now, other);
    } else if (tapAt === null) target.panBy(now.x - before.x, now.y - before.y);
    else if (apart(tapAt, now) > SLIP) {
      target.panBy(now.x - tapAt.x, now.y - tapAt.y);
      tapAt = null;
    }
    pointers.set(event.pointerId, now);
  };
  const up = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
    if (tapAt !== null && event.type === 'pointerup') target.tap(tapAt);
    tapAt = null;
  };
  const leave = (): void => target.hover(null);
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 16 : event.deltaY;
    target.zoomBy(Math.exp(-Math.max(-200, Math.min(200, pixels)) * 0.0018), placeOf(event));
  };
  const double = (event: MouseEvent): void => target.doubleTap(placeOf(event));
  const listeners = [
    ['pointerdown', down],
    ['pointermove', move],
    ['pointerup', up],
    ['pointercancel', up],
    ['pointerleave', leave],
    ['wheel', wheel],
    ['dblclick', double],
  ] as const;
  for (const [type, listener] of listeners) {
    element.addEventListener(type, listener as EventListener, { passive: false });
  }
  return () => {
    for (const [type, listener] of listeners) element.removeEventListener(type, listener as EventListener);
  };
}

/** One of two fingers moved: what was between them stays there. */
function pinch(target: GestureTarget, before: Point, now: Point, other: Point): void {
  const middle = { x: (before.x + other.x) / 2, y: (before.y + other.y) / 2 };
  const next = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  target.zoomBy(apart(now, other) / Math.max(1, apart(before, other)), middle);
  target.panBy(next.x - middle.x, next.y - middle.y);
}

const apart = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);
