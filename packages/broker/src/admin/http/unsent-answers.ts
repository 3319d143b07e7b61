import { ApiProblem } from '../problem.ts';

/** Bytes of answers that one address has not read yet. */
export const MOST_UNSENT_OF_ONE = 33_554_432;
/** The same of all addresses. */
export const MOST_UNSENT = 134_217_728;

/** Counts what large answers wait in memory for whoever asked to read them, so that nobody fills it by not reading. */
export class UnsentAnswers {
  readonly #bytes = new Map<string, number>();
  #total = 0;

  /** Whether `host` may get another answer. @throws {ApiProblem} ANSWERS_UNREAD */
  check(host: string): void {
    const own = this.#bytes.get(host) ?? 0;
    if (own >= MOST_UNSENT_OF_ONE || this.#total >= MOST_UNSENT) throw UNREAD;
  }

  /** An answer begins to be sent. Returns what is to be called once it was, or never will be. */
  begin(host: string, bytes: number): () => void {
    this.#add(host, bytes);
    let over = false;
    return () => {
      if (!over) this.#add(host, -bytes);
      over = true;
    };
  }

  #add(host: string, bytes: number): void {
    this.#total += bytes;
    const own = (this.#bytes.get(host) ?? 0) + bytes;
    if (own === 0) this.#bytes.delete(host);
    else this.#bytes.set(host, own);
  }
}

const UNREAD = new ApiProblem(
  503,
  'ANSWERS_UNREAD',
  'Too many large answers were asked for and are not read yet. Read them before asking on.',
);
