import { invalidCursor } from '../problem.ts';
import type { Page } from '../schema/index.ts';

/** Characters of a name that a cursor holds, so that it fits into a request. */
const PREFIX = 480;

/** Entries that may stand at one place: names that begin with the same {@link PREFIX} characters. */
const MOST_BEHIND = 10_000;

/** Where something stands in a list: by number, the largest first, then by name. */
export interface Place {
  /** 0 where only names count. */
  readonly number: number;
  readonly name: string;
}

interface Entry<T> {
  readonly place: Place;
  readonly thing: T;
}

/** Where a page begins: behind so many of those that stand at a place, of whose name the beginning is known. */
interface Start {
  readonly place: Place;
  readonly behind: number;
}

/**
 * One page of a long list, found in one pass over its entries in whatever order: it holds the entries of its page alone,
 * never the list.
 *
 * Its cursor names the last entry of the page before, so what comes or goes meanwhile shifts nothing.
 */
export class OrderedPage<T> {
  readonly #list: string;
  readonly #limit: number;
  readonly #start: Start | null;
  /** In order; one more than the page has, so that it is known whether there is another. */
  readonly #entries: Entry<T>[] = [];
  readonly #most: number;
  #total = 0;

  /**
   * @param list what is listed and how it is sorted: a cursor of another one is none
   * @throws {ApiProblem} INVALID_CURSOR
   */
  constructor(list: string, { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined }) {
    this.#list = list;
    this.#limit = limit;
    this.#start = cursor === undefined ? null : startOf(list, cursor);
    this.#most = limit + 1 + (this.#start?.behind ?? 0);
  }

  /** Looks at one entry of the list. */
  add(place: Place, thing: T): void {
    this.#total += 1;
    if (this.#start !== null && isBefore(shortened(place), this.#start.place)) return;
    const entries = this.#entries;
    if (entries.length === this.#most && !isBefore(place, entries.at(-1)!.place)) return;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(entries[middle]!.place, place)) low = middle + 1;
      else high = middle;
    }
    entries.splice(low, 0, { place, thing });
    if (entries.length > this.#most) entries.pop();
  }

  /** The page, when all entries were looked at. */
  page(): Page<T> {
    const from = this.#behindStart();
    const to = Math.min(from + this.#limit, this.#entries.length);
    const items = this.#entries.slice(from, to).map(({ thing }) => thing);
    return { items, total: this.#total, next: to < this.#entries.length && to > 0 ? this.#cursor(to) : null };
  }

  /** How many stand where the page before ended and were on it. */
  #behindStart(): number {
    if (this.#start === null) return 0;
    const { place, behind } = this.#start;
    let same = 0;
    while (same < behind && same < this.#entries.length && isSame(shortened(this.#entries[same]!.place), place)) same++;
    return same;
  }

  #cursor(to: number): string {
    const last = shortened(this.#entries[to - 1]!.place);
    let behind = 0;
    while (behind < to && isSame(shortened(this.#entries[to - 1 - behind]!.place), last)) behind++;
    return Buffer.from(JSON.stringify([this.#list, last.number, last.name, behind])).toString('base64url');
  }
}

function startOf(list: string, cursor: string): Start {
  try {
    const [of, number, name, behind] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const valid = of === list && Number.isFinite(number) && typeof name === 'string' && Number.isSafeInteger(behind);
    if (valid && behind > 0 && behind <= MOST_BEHIND) return { place: { number, name }, behind };
  } catch {
    // What cannot be read is no cursor either.
  }
  throw invalidCursor();
}

const shortened = ({ number, name }: Place): Place => ({ number, name: name.slice(0, PREFIX) });

const isBefore = (a: Place, b: Place): boolean => (a.number === b.number ? a.name < b.name : a.number > b.number);

const isSame = (a: Place, b: Place): boolean => a.number === b.number && a.name === b.name;
