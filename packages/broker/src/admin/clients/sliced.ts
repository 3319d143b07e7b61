/** Entries that are looked at before others have their turn: a millisecond or two. */
const SLICE = 2048;

/**
 * Looks at many things without standing in the way of the broker: a slice a turn of the event loop, whoever asks; those
 * who ask meanwhile wait for their turn.
 *
 * What is looked at may change between slices: a `Map` or `Set` shows what is added, and not what is gone.
 */
export class SlicedWork {
  readonly #slice: number;
  #last: Promise<void> = Promise.resolve();

  constructor(slice = SLICE) {
    this.#slice = slice;
  }

  /** Calls `look` for each. Rejects where that throws. */
  each<T>(things: Iterable<T>, look: (thing: T) => void): Promise<void> {
    const work = this.#last.then(() => this.#each(things, look));
    this.#last = work.catch(() => {}); // whoever asked hears of it
    return work;
  }

  async #each<T>(things: Iterable<T>, look: (thing: T) => void): Promise<void> {
    let left = this.#slice;
    for (const thing of things) {
      if (left === 0) {
        await new Promise(setImmediate);
        left = this.#slice;
      }
      left -= 1;
      look(thing);
    }
  }
}
