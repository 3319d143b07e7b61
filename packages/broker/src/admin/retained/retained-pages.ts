import { randomBytes } from 'node:crypto';
import type { BrokerCore, Message, RetainedWalk } from '@cauldron/core';
import { invalidCursor } from '../problem.ts';
import type { Page, RetainedMessage } from '../schema/index.ts';

/** Lists that are gone through at a time; the one that was asked for longest ago ends. */
const LISTS = 64;
/** Places of the tree looked at for a page: some milliseconds. A page may be short because of it. */
const PLACES = 10_000;

/** Where a list goes on: a search that stands still, or the page it gave already. */
interface Continuation {
  readonly filter: string;
  readonly limit: number;
  readonly walk: RetainedWalk;
  page: Page<RetainedMessage> | null;
}

/**
 * Lists of retained messages. A search through them stops where a page is full and goes on with the next, so no page costs
 * going through what came before.
 */
export class RetainedPages {
  readonly #core: BrokerCore;
  /** By cursor, the one used last at the end. */
  readonly #open = new Map<string, Continuation>();

  constructor(core: BrokerCore) {
    this.#core = core;
  }

  first(filter: string, limit: number): Page<RetainedMessage> {
    return this.#page({ filter, limit, walk: this.#core.retained.walk(filter), page: null });
  }

  /** @throws {ApiProblem} INVALID_CURSOR */
  next(cursor: string): Page<RetainedMessage> {
    const open = this.#open.get(cursor);
    if (open === undefined) throw invalidCursor();
    this.#open.delete(cursor);
    this.#open.set(cursor, open);
    // Asked again, because the answer got lost: the search has moved on, so the page is what it was.
    open.page ??= this.#page(open);
    return open.page;
  }

  #page({ filter, limit, walk }: Continuation): Page<RetainedMessage> {
    const items: RetainedMessage[] = [];
    const finished = walk.next(limit, PLACES, this.#core.now, (message, publisher) => {
      items.push(described(message, publisher));
    });
    const next = finished ? null : this.#keep({ filter, limit, walk, page: null });
    return { items, total: filter === '#' ? this.#core.retained.countOfUsers : null, next };
  }

  #keep(continuation: Continuation): string {
    const cursor = randomBytes(12).toString('base64url');
    this.#open.set(cursor, continuation);
    if (this.#open.size > LISTS) this.#open.delete(this.#open.keys().next().value!);
    return cursor;
  }
}

function described(message: Message, publisher: string | undefined): RetainedMessage {
  const { topic, payloadLength: size, qos, expiresAt } = message;
  return { topic, size, qos, publisher: publisher ?? null, expiresAt: Number.isFinite(expiresAt) ? expiresAt : null };
}
