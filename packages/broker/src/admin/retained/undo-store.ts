import { randomBytes } from 'node:crypto';
import type { Message } from '@cauldron/core';

/** Seconds a deletion can be undone: long enough to notice it. */
export const UNDO_SECONDS = 600;
/** What one undo may hold: what a person deletes by mistake, not a database. */
export const UNDO_BYTES = 16 * 1024 * 1024;
export const UNDO_MESSAGES = 100_000;
/** Undos at a time; one more forgets the oldest. */
export const UNDOS = 4;

/** Whether so much may be brought back. */
export function canUndo(count: number, bytes: number): boolean {
  return count > 0 && count <= UNDO_MESSAGES && bytes <= UNDO_BYTES;
}

interface Undo {
  readonly token: string;
  readonly messages: readonly Message[];
  readonly until: number;
}

/** What was deleted lately, for those who did not mean it. */
export class UndoStore {
  #undos: Undo[] = [];

  /** @returns what {@link take} takes */
  keep(messages: readonly Message[], now: number): string {
    const token = randomBytes(12).toString('base64url');
    this.forget(now);
    this.#undos = [...this.#undos, { token, messages, until: now + UNDO_SECONDS * 1000 }].slice(-UNDOS);
    return token;
  }

  /** Hands over what was deleted, once; null = there is none such, or not any more. */
  take(token: string, now: number): Undo | null {
    this.forget(now);
    const undo = this.#undos.find((one) => one.token === token) ?? null;
    this.#undos = this.#undos.filter((one) => one !== undo);
    return undo;
  }

  /** What could not be brought back can be tried again, for as long as before. */
  putBack(undo: Undo): void {
    this.#undos = [undo, ...this.#undos].slice(-UNDOS);
  }

  /** Lets go of what is too old. */
  forget(now: number): void {
    this.#undos = this.#undos.filter(({ until }) => now < until);
  }
}
