import type { Graph } from '@cauldron/broker/admin-api';
import { approach, type Camera, fit, type Insets, type Point, pan, type Size, toScreen, zoomAt } from './camera.ts';
import { Layout } from './layout.ts';
import { Painter, type Picture, screenRadius } from './painter.ts';
import { readPalette } from './palette.ts';
import { Particles } from './particles.ts';
import { type Body, Scene } from './scene.ts';
import { type Direction, nodeToward } from './toward.ts';

/** Seconds a frame may stand for: after a pause nothing jumps. */
const LONGEST_FRAME = 0.1;
/** Steps of the layout a second. */
const STEPS = 60;
/** More pixels than this for one of the page cost more than they show. */
const MOST_RATIO = 2;
/** Pixels beside and below the nodes where labels and the legend stand, and those of the card of a node. */
const LABELS = 130;
const LEGEND = 66;
const CARD = 314;
/** A narrower picture has the card below, and so much of its height for it. */
const NARROW = 620;
const CARD_HEIGHT = 0.56;

/** The moving picture: everything of it that is not the page's. */
export class Stage {
  readonly scene = new Scene();
  readonly #layout = new Layout();
  readonly #particles = new Particles();
  readonly #painter = new Painter(readPalette());
  readonly #base: CanvasRenderingContext2D;
  readonly #top: CanvasRenderingContext2D;
  #size: Size = { width: 1, height: 1 };
  #ratio = 1;
  #camera: Camera = { x: 0, y: 0, zoom: 1 };
  /** All of it is shown, whatever becomes of it, until the user looks closer. */
  #fits = true;
  #target: Camera = this.#camera;
  #selected: string | null = null;
  #hovered: Body | null = null;
  #paused = false;
  #still: boolean;
  #dirty = true;
  #frame = 0;
  #before = 0;
  /** Seconds that the layout has yet to move for. */
  #owed = 0;

  /** @param still nothing moves: as the user set their system */
  constructor(base: HTMLCanvasElement, top: HTMLCanvasElement, still: boolean) {
    this.#base = base.getContext('2d')!;
    this.#top = top.getContext('2d')!;
    this.#still = still;
  }

  /** Takes in what the broker says. */
  show(graph: Graph): void {
    const first = this.scene.bodies.length === 0;
    if (this.scene.update(graph)) this.#arrange(first);
    this.#particles.update(this.scene.links);
    this.#changed();
  }

  #arrange(atOnce: boolean): void {
    this.#layout.arrange(this.scene.bodies, this.#size.width / Math.max(1, this.#size.height));
    if (atOnce || this.#still) this.#layout.settle();
    this.#aim(atOnce);
  }

  #aim(atOnce: boolean): void {
    if (!this.#fits) return;
    this.#target = fit(this.#layout.places, this.#size, this.#insets());
    if (atOnce || this.#still) this.#camera = this.#target;
  }

  #insets(): Insets {
    const { width, height } = this.#size;
    const side = Math.min(LABELS, width / 4.5);
    const isNarrow = width < NARROW;
    const hasCard = this.#selected !== null;
    return {
      left: side,
      right: hasCard && !isNarrow ? CARD + side : side,
      top: 40,
      bottom: hasCard && isNarrow ? height * CARD_HEIGHT : LEGEND,
    };
  }

  resize(width: number, height: number): void {
    this.#ratio = Math.min(MOST_RATIO, devicePixelRatio);
    for (const { canvas } of [this.#base, this.#top]) {
      canvas.width = Math.round(width * this.#ratio);
      canvas.height = Math.round(height * this.#ratio);
    }
    this.#size = { width, height };
    this.#arrange(true);
    this.#changed();
  }

  recolor(): void {
    this.#painter.setPalette(readPalette());
    this.#changed();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#changed();
  }

  setStill(still: boolean): void {
    this.#still = still;
    this.#particles.clear();
    this.#changed();
  }

  /** @param id null = none; beside a node's card there is less room for the picture */
  select(id: string | null): void {
    const changes = (this.#selected === null) !== (id === null);
    this.#selected = id;
    if (changes) this.#aim(false);
    this.#changed();
  }

  // ---- looking around

  /** The node at a place of the picture. */
  at(point: Point): Body | null {
    let best: Body | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const body of this.scene.bodies) {
      const { x, y } = toScreen(this.#camera, this.#size, body);
      const distance = Math.hypot(x - point.x, y - point.y) - screenRadius(body, this.#camera);
      if (distance < Math.min(8, least)) [best, least] = [body, distance];
    }
    return best;
  }

  hover(body: Body | null): void {
    if (body === this.#hovered) return;
    this.#hovered = body;
    this.#changed();
  }

  /** The next node in a direction from the selected one; brought into the picture. */
  toward(direction: Direction): Body | undefined {
    const from = this.#selected === null ? null : (this.scene.body(this.#selected) ?? null);
    const next = nodeToward(this.scene.bodies, from, direction);
    if (next !== undefined) this.#bringIn(next);
    return next;
  }

  #bringIn(body: Body): void {
    const { x, y } = toScreen(this.#camera, this.#size, body);
    const { width, height } = this.#size;
    if (x > 40 && y > 40 && x < width - 40 && y < height - 40) return;
    this.#look({ ...this.#camera, x: body.x, y: body.y });
  }

  panBy(dx: number, dy: number): void {
    this.#look(pan(this.#camera, dx, dy));
  }

  zoomBy(factor: number, at: Point = { x: this.#size.width / 2, y: this.#size.height / 2 }): void {
    this.#look(zoomAt(this.#camera, this.#size, at, factor));
  }

  #look(camera: Camera): void {
    this.#fits = false;
    this.#camera = camera;
    this.#target = camera;
    this.#changed();
  }

  /** Shows all of it again. */
  fit(): void {
    this.#fits = true;
    this.#aim(false);
    this.#changed();
  }

  // ---- time

  end(): void {
    cancelAnimationFrame(this.#frame);
  }

  #changed(): void {
    this.#dirty = true;
    if (this.#frame !== 0) return;
    this.#before = 0;
    this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now: number): void {
    const seconds = this.#before === 0 ? 1 / 60 : Math.min(LONGEST_FRAME, (now - this.#before) / 1000);
    this.#before = now;
    const moves = this.#move(seconds);
    const picture = this.#picture();
    if (moves || this.#dirty) this.#painter.paint(this.#base, picture, this.#ratio);
    const runs = !this.#paused && !this.#still && this.scene.links.some(({ rate }) => rate > 0);
    if (runs) this.#particles.step(seconds);
    const { running } = this.#particles;
    if (runs || this.#dirty || running.length > 0) {
      this.#painter.paintParticles(this.#top, picture, running, this.#ratio);
    }
    this.#dirty = false;
    const goesOn = moves || runs || (running.length > 0 && !this.#paused);
    this.#frame = goesOn ? requestAnimationFrame((next) => this.#draw(next)) : 0;
  }

  /** Layout and camera. @returns whether anything moved */
  #move(seconds: number): boolean {
    this.#owed += this.#paused ? 0 : seconds;
    let moves = false;
    while (this.#owed >= 1 / STEPS) {
      this.#owed -= 1 / STEPS;
      if (this.#layout.step()) moves = true;
    }
    if (this.#camera === this.#target) return moves;
    this.#camera = approach(this.#camera, this.#target, 1 - 0.9 ** (seconds * STEPS));
    return true;
  }

  #picture(): Picture {
    const selected = this.#selected === null ? null : (this.scene.body(this.#selected) ?? null);
    return {
      bodies: this.scene.bodies,
      links: this.scene.links,
      camera: this.#camera,
      size: this.#size,
      focus: this.#hovered ?? selected,
      selected,
    };
  }
}
