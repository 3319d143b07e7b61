import type { Socket } from 'node:net';
import { Random } from '@cauldron/testkit/simulation';
import type { Fault, FaultPoint } from './fault-schedule.ts';

/** What a pipe cannot do to itself alone. */
export interface PipeOwner {
  /** The connection ends: both of its sockets are given up once what was passed on has left. */
  end(fault: Fault & { readonly kind: 'cut' | 'reset' }): void;
  note(point: FaultPoint): void;
}

/** One direction of a connection: passes bytes on until a fault is due, and then lets it happen. */
export class FaultPipe {
  readonly #source: Socket;
  /** Where the bytes go. */
  readonly target: Socket;
  readonly #owner: PipeOwner;
  #points: FaultPoint[];
  /** Bytes passed on so far. */
  #passed = 0;
  #waiting: Buffer[] = [];
  /** Why nothing passes just now. */
  #held: 'stalled' | 'between pieces' | 'target is full' | null = null;
  #cancelRelease: () => void = () => {};
  #ended = false;
  /** Everything that still comes is thrown away. */
  #closed = false;
  #split: { readonly most: number; readonly random: Random } | undefined;

  constructor(source: Socket, target: Socket, points: readonly FaultPoint[], owner: PipeOwner) {
    this.#source = source;
    this.target = target;
    this.#points = points.toSorted((a, b) => a.at - b.at);
    this.#owner = owner;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
    target.on('drain', () => {
      if (this.#held === 'target is full') this.#letGo();
    });
    this.#pump();
  }

  /** No further faults, and an end to those that last. */
  heal(): void {
    this.#points = [];
    this.#split = undefined;
    if (this.#held === 'stalled') this.#letGo();
  }

  /** Nothing more is passed on. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#cancelRelease();
    this.#source.resume();
  }

  #take(chunk: Buffer): void {
    if (this.#closed) return;
    this.#waiting.push(chunk);
    this.#pump();
  }

  #pump(): void {
    while (this.#held === null && !this.#closed) {
      const point = this.#points[0];
      if (point !== undefined && point.at <= this.#passed) {
        this.#points.shift();
        this.#owner.note(point);
        this.#apply(point.fault);
      } else if (this.#waiting.length > 0) {
        this.#pass(point === undefined ? Number.POSITIVE_INFINITY : point.at - this.#passed);
      } else {
        if (this.#ended) this.#closeTarget();
        return;
      }
    }
  }

  /** Passes on one piece of at most so many bytes. */
  #pass(limit: number): void {
    const chunk = this.#waiting[0]!;
    const most = this.#split === undefined ? limit : Math.min(limit, this.#split.random.between(1, this.#split.most));
    const piece = chunk.subarray(0, most);
    if (piece.length === chunk.length) this.#waiting.shift();
    else this.#waiting[0] = chunk.subarray(piece.length);
    this.#passed += piece.length;
    if (!this.target.write(piece)) this.#hold('target is full');
    else if (this.#split !== undefined) {
      this.#hold('between pieces');
      const next = setImmediate(() => this.#letGo());
      this.#cancelRelease = () => clearImmediate(next);
    }
  }

  #apply(fault: Fault): void {
    switch (fault.kind) {
      case 'cut':
      case 'reset':
        this.#owner.end(fault);
        return;
      case 'halfClose':
        this.#closeTarget();
        return;
      case 'split':
        this.#split = { most: fault.most, random: new Random(fault.seed) };
        return;
      case 'stall':
        this.#hold('stalled');
        if (fault.milliseconds !== null) this.#stallFor(fault.milliseconds);
    }
  }

  #stallFor(milliseconds: number): void {
    const over = setTimeout(() => this.#letGo(), milliseconds);
    this.#cancelRelease = () => clearTimeout(over);
  }

  #closeTarget(): void {
    this.close();
    this.target.end();
  }

  #hold(why: 'stalled' | 'between pieces' | 'target is full'): void {
    this.#held = why;
    this.#source.pause();
  }

  #letGo(): void {
    if (this.#closed) return;
    this.#cancelRelease();
    this.#held = null;
    this.#source.resume();
    this.#pump();
  }
}
