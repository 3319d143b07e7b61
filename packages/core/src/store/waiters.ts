import type { AckGate } from '../connection/ack-gate.ts';
import type { Session } from '../session/session.ts';
import { failureReason, type StoreFailure } from './store.ts';

/** A publisher that is not read from until the store takes more. */
export interface Stalled {
  storeCaughtUp(): void;
}

/** Everybody who waits for groups to be written: gates with held answers, sessions with held messages, and promises. */
export class Waiters {
  #gates: AckGate[] = [];
  #sessions = new Set<Session>();
  #promises: { readonly ticket: number; readonly resolve: (failure: StoreFailure | null) => void }[] = [];

  #stalled: Stalled[] = [];
  #untilIdle: (() => void)[] = [];

  /** An answer waits in this gate. */
  gate(gate: AckGate): void {
    if (gate.listed) return;
    gate.listed = true;
    this.#gates.push(gate);
  }

  /** The session hears of the next group that is written. */
  session(session: Session): void {
    this.#sessions.add(session);
  }

  /** A session that is over hears of nothing. */
  forget(session: Session): void {
    this.#sessions.delete(session);
  }

  promise(ticket: number): Promise<StoreFailure | null> {
    return new Promise((resolve) => this.#promises.push({ ticket, resolve }));
  }

  /** Everything up to group `durable` is written. */
  release(durable: number): void {
    this.#eachGate((gate) => gate.release(durable));
    const sessions = this.#sessions;
    this.#sessions = new Set();
    for (const session of sessions) session.written();
    const promises = this.#promises;
    this.#promises = promises.filter(({ ticket }) => ticket > durable);
    for (const { ticket, resolve } of promises) if (ticket <= durable) resolve(null);
  }

  /** A group could not be written: who waits for a message that was given up is refused with `reasonCode`. */
  refuse(reasonCode: number, failure: StoreFailure, durable: number): void {
    this.#eachGate((gate) => {
      gate.refuse(reasonCode, failureReason(failure));
      gate.release(durable);
    });
    for (const { resolve } of this.#promises.splice(0)) resolve(failure);
  }

  whenIdle(then: () => void): void {
    this.#untilIdle.push(then);
  }

  /** There is nothing to write. */
  idle(): void {
    for (const then of this.#untilIdle.splice(0)) then();
  }

  stall(publisher: Stalled): void {
    this.#stalled.push(publisher);
  }

  /** There is room for more: publishers that were not read from are read again. */
  readOn(): void {
    for (const publisher of this.#stalled.splice(0)) publisher.storeCaughtUp();
  }

  #eachGate(visit: (gate: AckGate) => void): void {
    const gates = this.#gates;
    this.#gates = [];
    for (const gate of gates) {
      gate.listed = false;
      visit(gate);
      if (gate.waiting > 0) this.gate(gate);
    }
  }
}
