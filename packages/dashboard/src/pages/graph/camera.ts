/** What of the world is seen: the point in the middle of the picture, and pixels for a world unit. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

const NEAREST = 3;
const FARTHEST = 0.15;
/** Pixels at the edges of the picture that are to stay free. */
export interface Insets {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const NO_INSETS: Insets = { left: 0, right: 0, top: 0, bottom: 0 };

export const toScreen = (camera: Camera, size: Size, { x, y }: Point): Point => ({
  x: (x - camera.x) * camera.zoom + size.width / 2,
  y: (y - camera.y) * camera.zoom + size.height / 2,
});

export const toWorld = (camera: Camera, size: Size, { x, y }: Point): Point => ({
  x: (x - size.width / 2) / camera.zoom + camera.x,
  y: (y - size.height / 2) / camera.zoom + camera.y,
});

/** Shows all of these points between the insets, and not much larger than they are. */
export function fit(points: readonly Point[], size: Size, insets: Insets = NO_INSETS): Camera {
  if (points.length === 0) return { x: 0, y: 0, zoom: 1 };
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const room = {
    width: Math.max(60, size.width - insets.left - insets.right),
    height: Math.max(60, size.height - insets.top - insets.bottom),
  };
  const zoom = clampZoom(
    Math.min(1.4, room.width / Math.max(1, right - left), room.height / Math.max(1, bottom - top)),
  );
  return {
    x: (left + right) / 2 - (insets.left - insets.right) / 2 / zoom,
    y: (top + bottom) / 2 - (insets.top - insets.bottom) / 2 / zoom,
    zoom,
  };
}

/** Zooms by a factor, and what is under `at` stays there. */
export function zoomAt(camera: Camera, size: Size, at: Point, factor: number): Camera {
  const zoom = clampZoom(camera.zoom * factor);
  const world = toWorld(camera, size, at);
  return {
    x: world.x - (at.x - size.width / 2) / zoom,
    y: world.y - (at.y - size.height / 2) / zoom,
    zoom,
  };
}

/** Moves the picture by pixels. */
export const pan = (camera: Camera, dx: number, dy: number): Camera => ({
  ...camera,
  x: camera.x - dx / camera.zoom,
  y: camera.y - dy / camera.zoom,
});

/** A part of the way to another view; the very view once it is near. */
export function approach(camera: Camera, target: Camera, part: number): Camera {
  const near =
    Math.abs(camera.x - target.x) * target.zoom < 0.5 &&
    Math.abs(camera.y - target.y) * target.zoom < 0.5 &&
    Math.abs(camera.zoom / target.zoom - 1) < 0.002;
  if (near) return target;
  const between = (a: number, b: number): number => a + (b - a) * part;
  return {
    x: between(camera.x, target.x),
    y: between(camera.y, target.y),
    zoom: between(camera.zoom, target.zoom),
  };
}

const clampZoom = (zoom: number): number => Math.max(FARTHEST, Math.min(NEAREST, zoom));
