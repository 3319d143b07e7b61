import { type Camera, type Point, type Size, toScreen } from './camera.ts';
import { type Curve, curveOf, pointOf } from './curve.ts';
import { type Box, placeLabels, shorten, type Wish } from './labels.ts';
import type { Palette } from './palette.ts';
import type { Particle } from './particles.ts';
import { type Body, isGroup, isTopic, type Link } from './scene.ts';

/** What is painted. */
export interface Picture {
  readonly bodies: readonly Body[];
  readonly links: readonly Link[];
  readonly camera: Camera;
  readonly size: Size;
  /** The node that is looked at: it and its neighbours stand out. */
  readonly focus: Body | null;
  readonly selected: Body | null;
}

/** Pixels of text, and around it. */
const TEXT = 12;
const LINE = 16;
/** Characters of a label that nobody looks at, with few nodes and with many. */
const LONGEST = 40;
const LONGEST_OF_MANY = 24;
const MANY = 50;
/** So many neighbours of a node that is looked at have their labels whatever is in the way. */
const FEW = 16;
/** Pixels of the drawing of a particle, glow included. */
const SPRITE = 22;

/** Paints the graph on a canvas, and what runs along its edges on another one above it: that one changes in every frame. */
export class Painter {
  #palette: Palette;
  #sprites: Readonly<Record<'publishes' | 'delivers', HTMLCanvasElement>>;
  readonly #widths = new Map<string, number>();
  #curves = new Map<Link, Curve>();

  constructor(palette: Palette) {
    this.#palette = palette;
    this.#sprites = this.#paintSprites();
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#sprites = this.#paintSprites();
  }

  /** Nodes, edges and labels. @param ratio pixels of the canvas for one of the page */
  paint(context: CanvasRenderingContext2D, picture: Picture, ratio: number): void {
    const { size, camera } = picture;
    this.#curves = new Map(picture.links.map((link) => [link, curveOf(link)]));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    const { zoom } = camera;
    const shift = toScreen(camera, size, { x: 0, y: 0 });
    context.setTransform(ratio * zoom, 0, 0, ratio * zoom, shift.x * ratio, shift.y * ratio);
    this.#paintEdges(context, picture);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const body of picture.bodies) this.#paintNode(context, picture, body);
    this.#paintLabels(context, picture);
  }

  /** What runs. */
  paintParticles(
    context: CanvasRenderingContext2D,
    { camera, size, focus }: Picture,
    particles: readonly Particle[],
    ratio: number,
  ): void {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    const scale = Math.max(0.6, Math.min(1.25, camera.zoom)) * SPRITE;
    for (const { link, at } of particles) {
      const curve = this.#curves.get(link);
      if (curve === undefined) continue;
      const place = pointOf(curve, at);
      if (isInside(place, link.from, camera) || isInside(place, link.to, camera)) continue;
      const { x, y } = toScreen(camera, size, place);
      context.globalAlpha = focus === null || link.from === focus || link.to === focus ? 1 : 0.15;
      context.drawImage(
        this.#sprites[link.publishes ? 'publishes' : 'delivers'],
        x - scale / 2,
        y - scale / 2,
        scale,
        scale,
      );
    }
    context.globalAlpha = 1;
  }

  // ---- edges

  /** Edges that look alike are one path: a stroke costs more than a curve. */
  #paintEdges(context: CanvasRenderingContext2D, { links, focus, camera }: Picture): void {
    const groups = new Map<string, { readonly link: Link; readonly near: boolean; readonly path: Path2D }>();
    for (const link of links) {
      const near = focus === null || link.from === focus || link.to === focus;
      const key = `${link.publishes} ${near} ${widthOf(link)}`;
      const group = groups.get(key) ?? { link, near, path: new Path2D() };
      groups.set(key, group);
      const [x, y, ...rest] = this.#curves.get(link)!;
      group.path.moveTo(x, y);
      group.path.bezierCurveTo(...rest);
    }
    const { publishes, delivers, dark } = this.#palette;
    for (const { link, near, path } of [...groups.values()].sort((a, b) => Number(a.near) - Number(b.near))) {
      const strength = link.rate === 0 ? 0.22 : 0.36 + widthOf(link) * 0.05;
      context.globalAlpha = near ? strength + (focus === null ? 0 : 0.3) : dark ? 0.07 : 0.1;
      context.strokeStyle = link.publishes ? publishes : delivers;
      context.lineWidth = widthOf(link) / Math.max(0.5, camera.zoom);
      context.setLineDash(link.rate === 0 ? [4, 5] : []);
      context.stroke(path);
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  // ---- nodes

  #paintNode(context: CanvasRenderingContext2D, { camera, size, focus, selected }: Picture, body: Body): void {
    const { topic, client, off, background, onNode } = this.#palette;
    const { node } = body;
    const at = toScreen(camera, size, body);
    const radius = screenRadius(body, camera);
    const color = isTopic(node) ? topic : node.online ? client : off;
    context.globalAlpha = isNear(body, focus) ? 1 : 0.25;
    // A ring of the background keeps edges from running into it.
    shape(context, at, radius + 2, isTopic(node));
    context.fillStyle = background;
    context.fill();
    if (isGroup(node)) {
      shape(context, { x: at.x + 4, y: at.y - 4 }, radius, isTopic(node));
      context.fillStyle = background;
      context.fill();
      context.strokeStyle = color;
      context.lineWidth = 1.5;
      context.stroke();
    }
    shape(context, at, radius, isTopic(node));
    context.fillStyle = node.online ? color : background;
    context.fill();
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.stroke();
    if (isGroup(node) && radius > 9) {
      context.fillStyle = node.online ? onNode : color;
      context.font = `700 ${Math.min(13, radius * 0.75)}px ${this.#palette.font}`;
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.fillText(count(node.size), at.x, at.y + 0.5);
    }
    if (body === selected) {
      shape(context, at, radius + 5, isTopic(node));
      context.strokeStyle = this.#palette.text;
      context.lineWidth = 2;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  // ---- labels

  #paintLabels(context: CanvasRenderingContext2D, picture: Picture): void {
    const { bodies, camera, size, focus, selected } = picture;
    const { text, background, font } = this.#palette;
    // Of a node with few neighbours each has its name.
    const isFew = focus !== null && focus.neighbors.length <= FEW;
    const wishes: Wish<Body>[] = [];
    const nodes: Box[] = [];
    for (const body of bodies) {
      const at = toScreen(camera, size, body);
      const radius = screenRadius(body, camera);
      nodes.push({ left: at.x - radius, right: at.x + radius, top: at.y - radius, bottom: at.y + radius });
      if (at.x < -200 || at.y < -50 || at.x > size.width + 200 || at.y > size.height + 50) continue;
      const looked = body === focus || body === selected;
      const width = this.#widthOf(context, labelOf(body, looked, bodies.length), isGroup(body.node));
      wishes.push({
        of: body,
        places: placesOf(body, at, radius, width, size),
        priority: priorityOf(body, looked, focus),
        always: looked || (isFew && isNear(body, focus)),
      });
    }
    const placed = placeLabels(wishes, nodes);
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    context.lineWidth = 4;
    context.strokeStyle = background;
    context.fillStyle = text;
    for (const [body, box] of placed) {
      const looked = body === focus || body === selected;
      context.font = fontOf(font, isGroup(body.node) || looked);
      context.globalAlpha = isNear(body, focus) ? 1 : 0.3;
      const label = labelOf(body, looked, bodies.length);
      const y = (box.top + box.bottom) / 2 + 0.5;
      context.strokeText(label, box.left + 2, y);
      context.fillText(label, box.left + 2, y);
    }
    context.globalAlpha = 1;
  }

  #widthOf(context: CanvasRenderingContext2D, label: string, strong: boolean): number {
    const key = `${strong} ${label}`;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    if (this.#widths.size > 2000) this.#widths.clear();
    context.font = fontOf(this.#palette.font, strong);
    const width = context.measureText(label).width + 6;
    this.#widths.set(key, width);
    return width;
  }

  // ---- particles

  #paintSprites(): Readonly<Record<'publishes' | 'delivers', HTMLCanvasElement>> {
    const { publishes, delivers, dark } = this.#palette;
    return { publishes: sprite(publishes, dark), delivers: sprite(delivers, dark) };
  }
}

/** A dot with a glow, painted once: four times as fine as it is shown, for screens with many pixels. */
function sprite(color: string, dark: boolean): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = SPRITE * 2;
  canvas.height = SPRITE * 2;
  const context = canvas.getContext('2d')!;
  // On white a wide glow would be a grey stain.
  const glow = context.createRadialGradient(SPRITE, SPRITE, 2, SPRITE, SPRITE, dark ? SPRITE : SPRITE * 0.62);
  glow.addColorStop(0, `color-mix(in srgb, ${color} ${dark ? 75 : 55}%, transparent)`);
  glow.addColorStop(0.45, `color-mix(in srgb, ${color} ${dark ? 22 : 34}%, transparent)`);
  glow.addColorStop(1, `color-mix(in srgb, ${color} 1%, transparent)`); // nothing at all would be black
  context.fillStyle = glow;
  context.fillRect(0, 0, SPRITE * 2, SPRITE * 2);
  context.beginPath();
  context.arc(SPRITE, SPRITE, 6.5, 0, Math.PI * 2);
  context.fillStyle = dark ? `color-mix(in srgb, ${color} 70%, white)` : color;
  context.fill();
  return canvas;
}

/** Pixels, in steps, so that edges can be painted together. */
const widthOf = ({ rate }: Link): number =>
  rate === 0 ? 1 : 1.5 + Math.min(4, Math.round(Math.log2(1 + rate) * 1.2) / 2);

/** Nodes do not become as small as the picture does: they have to be hit. */
export const screenRadius = ({ radius }: Body, { zoom }: Camera): number =>
  radius * Math.max(0.62, Math.min(1.5, zoom));

/** Whether a node covers a place of the world. */
const isInside = ({ x, y }: Point, body: Body, camera: Camera): boolean =>
  Math.hypot(x - body.x, y - body.y) * camera.zoom < screenRadius(body, camera);

const isNear = (body: Body, focus: Body | null): boolean =>
  focus === null || body === focus || body.neighbors.includes(focus);

const fontOf = (font: string, strong: boolean): string => `${strong ? '650 ' : ''}${TEXT}px ${font}`;

const labelOf = ({ node }: Body, whole: boolean, all: number): string =>
  whole ? shorten(node.label, 80, true) : shorten(node.label, all > MANY ? LONGEST_OF_MANY : LONGEST, isTopic(node));

const count = (size: number): string => (size < 10_000 ? String(size) : `${Math.round(size / 1000)}k`);

/** Circles for topics, squares with round corners for clients: not only colours tell them apart. */
function shape(context: CanvasRenderingContext2D, { x, y }: Point, radius: number, round: boolean): void {
  context.beginPath();
  if (round) context.arc(x, y, radius, 0, Math.PI * 2);
  else context.roundRect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8, radius * 0.45);
}

function placesOf(body: Body, { x, y }: Point, radius: number, width: number, size: Size): Box[] {
  const box = (left: number, top: number): Box => {
    // Labels at the edge are pushed inside, so that they can be read.
    const inside = Math.max(4, Math.min(size.width - width - 4, left));
    return { left: inside, right: inside + width, top, bottom: top + LINE };
  };
  const below = box(x - width / 2, y + radius + 3);
  const above = box(x - width / 2, y - radius - 3 - LINE);
  const left = box(x - radius - 5 - width, y - LINE / 2);
  const right = box(x + radius + 5, y - LINE / 2);
  if (body.column === 0) return [below, above, right, left];
  return body.column < 0 ? [left, below, above] : [right, below, above];
}

function priorityOf(body: Body, looked: boolean, focus: Body | null): number {
  const near = focus !== null && body.neighbors.includes(focus);
  const base = Math.log2(1 + body.node.rate) * 10 + body.neighbors.length + (isGroup(body.node) ? 100 : 0);
  return base + (looked ? 1e6 : 0) + (near ? 1e4 : 0);
}
