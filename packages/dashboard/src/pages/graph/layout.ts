import type { Point } from './camera.ts';
import type { Body } from './scene.ts';

/** World units that a node wants for itself, its label included. */
const CELL_WIDTH = 132;
const CELL_HEIGHT = 34;
/** A column with few nodes spreads them so far at most. */
const LOOSEST = 92;
/** Between two columns: room for edges to be seen. */
const GAP = 230;
/** How far the ends of the outer columns lean towards the middle. */
const LEAN = 46;
/** Times that everybody looks where those are whom they are linked with. */
const SWEEPS = 12;
/** How much of a place is due to those a node is linked with; the rest is where it is already. */
const PULL = 0.75;
/** Of the way to its place that a node is drawn with each step, and how much of its speed it keeps. */
const SPRING = 0.03;
const FRICTION = 0.74;

/** A column: its middle, how wide it is, how many stand side by side, and how high it is. */
interface Band {
  readonly x: number;
  readonly lanes: number;
  readonly height: number;
}

/**
 * Where the nodes stand: in three columns, each in the order of those they are linked with, so that few edges cross, and
 * with equal room for each, so that none covers another. Springs draw them there. Nothing in it is random: the same
 * graph gives the same picture, and a graph that changed a little gives a picture that changed a little.
 */
export class Layout {
  #places = new Map<Body, Point>();
  #settled = true;

  /** Nothing moves any more. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Where everything will stand. */
  get places(): readonly Point[] {
    return [...this.#places.values()];
  }

  /** Finds the places of what there is now. @param aspect width of the picture by its height */
  arrange(bodies: readonly Body[], aspect: number): void {
    const columns = ([-1, 0, 1] as const).map((column) => bodies.filter((body) => body.column === column));
    const height = heightFor(columns, aspect);
    const bands = bandsFor(columns, height);
    const heights = new Map(bodies.map((body) => [body, body.y]));
    // What is there already keeps its order but for what pulls hard; a new picture is sorted until it is good.
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (const i of [1, 0, 2]) sortColumn(columns[i]!, bands[i]!.height, heights);
    }
    this.#places = new Map();
    for (const [i, column] of columns.entries()) {
      for (const [rank, body] of column.entries()) {
        this.#places.set(body, placeOf(bands[i]!, i - 1, rank, heights.get(body)!, height));
      }
    }
    this.#settled = false;
  }

  /** Moves everything once, for a sixtieth of a second. @returns whether anything still moves */
  step(): boolean {
    if (this.#settled) return false;
    let moves = false;
    for (const [body, place] of this.#places) {
      body.vx = (body.vx + (place.x - body.x) * SPRING) * FRICTION;
      body.vy = (body.vy + (place.y - body.y) * SPRING) * FRICTION;
      body.x += body.vx;
      body.y += body.vy;
      const rest = Math.abs(place.x - body.x) + Math.abs(place.y - body.y) + Math.abs(body.vx) + Math.abs(body.vy);
      if (rest > 0.2) moves = true;
    }
    if (!moves) this.#stop();
    return moves;
  }

  /** Moves until nothing does, at once. */
  settle(): void {
    this.#stop();
  }

  #stop(): void {
    for (const [body, { x, y }] of this.#places) Object.assign(body, { x, y, vx: 0, vy: 0 });
    this.#settled = true;
  }
}

/** What a node takes of the height of its column, as a part of a cell. */
const shareOf = ({ radius }: Body): number => Math.max(1, (radius * 2 + 12) / CELL_HEIGHT);
const sharesOf = (column: readonly Body[]): number => column.reduce((sum, body) => sum + shareOf(body), 0);

/** The height that makes the columns, and the gaps between them, as wide as the picture is. */
function heightFor(columns: readonly (readonly Body[])[], aspect: number): number {
  const area = columns.reduce((sum, column) => sum + sharesOf(column), 0) * CELL_WIDTH * CELL_HEIGHT;
  const gaps = 2 * GAP;
  const needed = (gaps + Math.sqrt(gaps * gaps + 4 * aspect * area)) / (2 * aspect);
  // Few nodes need no more than one below the other.
  const most = Math.max(...columns.map(sharesOf)) * LOOSEST;
  return Math.max(CELL_HEIGHT, Math.min(most, Math.max(needed, (gaps + CELL_WIDTH) / aspect)));
}

function bandsFor(columns: readonly (readonly Body[])[], height: number): readonly Band[] {
  const lanes = columns.map((column) => Math.max(1, Math.ceil((sharesOf(column) * CELL_HEIGHT) / height - 0.05)));
  const halves = lanes.map((count) => ((count - 1) * CELL_WIDTH) / 2);
  return columns.map((column, i): Band => {
    const x = (i - 1) * (halves[1]! + halves[i]! + GAP);
    const loosest = (sharesOf(column) * LOOSEST) / lanes[i]!;
    return { x: i === 1 ? 0 : x, lanes: lanes[i]!, height: Math.min(height, loosest) };
  });
}

/** Sorts a column by where those are that its nodes are linked with, and gives each its height. */
function sortColumn(column: Body[], height: number, heights: Map<Body, number>): void {
  const wanted = new Map<Body, number>();
  for (const body of column) {
    const own = heights.get(body)!;
    const { neighbors } = body;
    const mean = neighbors.reduce((sum, one) => sum + (heights.get(one) ?? 0), 0) / Math.max(1, neighbors.length);
    // Who talks to nobody stands below all others.
    wanted.set(body, neighbors.length === 0 ? 1e6 + own : mean * PULL + own * (1 - PULL));
  }
  column.sort((a, b) => wanted.get(a)! - wanted.get(b)! || (a.id < b.id ? -1 : 1));
  const shares = sharesOf(column);
  let before = 0;
  for (const body of column) {
    const share = shareOf(body);
    heights.set(body, ((before + share / 2) / shares - 0.5) * height);
    before += share;
  }
}

/** Side by side in turn, so that a column is as even as can be; the outer columns lean around the middle. */
function placeOf({ x, lanes }: Band, side: number, rank: number, y: number, height: number): Point {
  const lane = (rank % lanes) - (lanes - 1) / 2;
  const end = (2 * y) / Math.max(1, height);
  return { x: x + lane * CELL_WIDTH - side * LEAN * end * end, y };
}
