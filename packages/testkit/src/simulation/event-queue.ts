interface Event {
  readonly time: number;
  /** Events of the same time happen in the order they were planned. */
  readonly order: number;
  readonly run: () => void;
}

/** What is going to happen in a simulated world, soonest first. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #planned = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the next event happens; Infinity = nothing is planned. */
  get nextTime(): number {
    return this.#heap[0]?.time ?? Number.POSITIVE_INFINITY;
  }

  add(time: number, run: () => void): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push({ time, order: this.#planned++, run });
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(heap[at]!, heap[parent]!)) return;
      swap(heap, at, parent);
      at = parent;
    }
  }

  /** Takes the next event out. Not to be called on an empty queue. */
  take(): () => void {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return first.run;
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
      }
      if (least === at) return;
      swap(heap, at, least);
      at = least;
    }
  }
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

function swap(heap: Event[], a: number, b: number): void {
  const kept = heap[a]!;
  heap[a] = heap[b]!;
  heap[b] = kept;
}
