import type { BrokerCore, Message } from '@cauldron/core';
import { topicFilterProblem, topicNameProblem } from '@cauldron/protocol';
import type { z } from 'zod';
import { ApiProblem } from '../problem.ts';
import type * as schema from '../schema/index.ts';
import type { Page, RetainedDeleted, RetainedMessage, Undone } from '../schema/index.ts';
import type { RetainedService } from '../services.ts';
import { deleteRetained, eachRetained, restoreAll } from './deletions.ts';
import { RetainedPages } from './retained-pages.ts';
import { canUndo, UNDO_BYTES, UNDO_MESSAGES, UNDO_SECONDS, UndoStore } from './undo-store.ts';

/** Topics that an answer names. */
const NAMED = 50;

export interface RetainedAdminOptions {
  /** Does something in a later turn of the loop, so that clients are served in between. Default: `setImmediate`. */
  readonly later?: (work: () => void) => void;
}

type DeleteRequest = z.output<typeof schema.retainedDelete>;

/** Retained messages: lists of them, and deleting them with a way back. */
export class RetainedAdmin implements RetainedService {
  readonly #core: BrokerCore;
  readonly #clock: () => number;
  readonly #pages: RetainedPages;
  readonly #undos = new UndoStore();
  readonly #turn: () => Promise<void>;
  /** The deletion or undo that was asked for last, and how many are not over: each is done alone, whoever asks. */
  #last: Promise<unknown> = Promise.resolve();
  #unfinished = 0;

  /** @param clock milliseconds since 1970 */
  constructor(core: BrokerCore, clock: () => number, options: RetainedAdminOptions = {}) {
    const { later = (work) => setImmediate(work) } = options;
    this.#core = core;
    this.#clock = clock;
    this.#pages = new RetainedPages(core);
    this.#turn = () => new Promise((resolve) => later(resolve));
  }

  /** To be called now and then: what cannot be undone any more is let go. `now` in milliseconds since 1970. */
  tick(now: number): void {
    this.#undos.forget(now);
  }

  list({ filter, limit, cursor }: z.output<typeof schema.retainedQuery>): Page<RetainedMessage> {
    if (cursor !== undefined) return this.#pages.next(cursor);
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) {
      throw new ApiProblem(400, 'INVALID_FILTER', `This is no topic filter: ${problem}. Write one such as 'house/#'.`);
    }
    return this.#pages.first(filter, limit);
  }

  async remove(request: DeleteRequest): Promise<RetainedDeleted> {
    checkTarget(request.topic);
    return await this.#alone(() => this.#remove(request));
  }

  /** Does what takes many turns when all that was asked for before is done. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#unfinished += 1;
    const before = this.#unfinished > 1 ? this.#last.then(() => this.#turn()) : undefined;
    const result = (before === undefined ? work() : before.then(work)).finally(() => {
      this.#unfinished -= 1;
    });
    this.#last = result.catch(() => undefined); // whoever asked hears of it
    return result;
  }

  async #remove(request: DeleteRequest): Promise<RetainedDeleted> {
    const deletion = new Deletion(this.#core, request.dryRun);
    // 'a/#' matches 'a' too. // [MQTT-4.7.1-1]
    if (request.subtree) {
      await eachRetained(this.#core, `${request.topic}/#`, this.#turn, (messages) => deletion.take(messages));
    } else {
      const message = this.#core.retained.get(request.topic);
      if (message !== null && !message.expired(this.#core.now)) deletion.take([message]);
    }
    if (deletion.refusal !== null && deletion.count === 0) {
      throw new ApiProblem(503, 'NOT_DELETED', `Nothing was deleted. ${refusalText(deletion.refusal)}`);
    }
    return request.dryRun ? this.#wouldDelete(deletion) : this.#deleted(deletion);
  }

  #wouldDelete({ count, bytes, topics }: Deletion): RetainedDeleted {
    const undoSeconds = canUndo(count, bytes) ? UNDO_SECONDS : 0;
    return { count, bytes, topics, undo: null, undoSeconds, refusal: null };
  }

  #deleted(deletion: Deletion): RetainedDeleted {
    const { count, bytes, topics, messages } = deletion;
    const undo = canUndo(count, bytes) ? this.#undos.keep(messages, this.#clock()) : null;
    const refusal = deletion.refusal === null ? null : refusalText(deletion.refusal);
    return { count, bytes, topics, undo, undoSeconds: undo === null ? 0 : UNDO_SECONDS, refusal };
  }

  async undo(token: string): Promise<Undone> {
    const undo = this.#undos.take(token, this.#clock());
    if (undo === null) {
      const reason = `This deletion cannot be undone any more: ${UNDO_SECONDS / 60} minutes are over, it was undone already, or several others followed. Publish the messages again.`;
      throw new ApiProblem(404, 'UNDO_GONE', reason);
    }
    const { refused, ...undone } = await this.#alone(() => restoreAll(this.#core, undo.messages, this.#turn));
    if (refused.length > 0) this.#undos.putBack({ ...undo, messages: refused });
    if (refused.length > 0 && undone.restored === 0) throw NOT_RESTORED;
    return undone;
  }
}

const NOT_RESTORED = new ApiProblem(
  503,
  'NOT_RESTORED',
  'The broker refused to bring it back: its store fails, or a limit of retained messages is reached. Nothing is lost: see what the broker says of its health, then try again.',
);

/** What goes, or would go, in one deletion. */
class Deletion {
  count = 0;
  bytes = 0;
  /** The first of them. */
  readonly topics: string[] = [];
  /** For the way back; empty once they are too many. */
  messages: Message[] = [];
  /** The reason code with which the broker refused to go on. */
  refusal: number | null = null;
  readonly #core: BrokerCore;
  readonly #dryRun: boolean;

  constructor(core: BrokerCore, dryRun: boolean) {
    this.#core = core;
    this.#dryRun = dryRun;
  }

  /** Takes messages that match; false = there is no going on. */
  take(messages: readonly Message[]): boolean {
    for (const { topic } of messages) {
      const gone = this.#dryRun ? this.#core.retained.get(topic) : deleteRetained(this.#core, topic);
      if (typeof gone === 'number') {
        this.refusal = gone;
        return false;
      }
      if (gone !== null) this.#note(gone);
    }
    return true;
  }

  #note(message: Message): void {
    this.count += 1;
    this.bytes += message.size;
    if (this.topics.length < NAMED) this.topics.push(message.topic);
    if (this.#dryRun) return;
    if (this.count <= UNDO_MESSAGES && this.bytes <= UNDO_BYTES) this.messages.push(message);
    else this.messages = [];
  }
}

function checkTarget(topic: string): void {
  const problem = topicNameProblem(topic);
  if (problem !== undefined) {
    throw new ApiProblem(
      400,
      'INVALID_TOPIC',
      `This is no topic: ${problem}. To delete what is below one, say subtree.`,
    );
  }
  if (topic === '$SYS' || topic.startsWith('$SYS/')) {
    const reason = 'Topics below $SYS belong to the broker, which would set them again at once. Choose another topic.';
    throw new ApiProblem(403, 'TOPIC_RESERVED', reason);
  }
}

function refusalText(reasonCode: number): string {
  const code = `0x${reasonCode.toString(16)}`;
  return `The broker refused to delete more (${code}): its store fails, a queue is full, or an interceptor forbids it. See what the broker says of its health, then try again.`;
}
