/** Messages of a client so far: those it sent, and those it was sent, on the connection it has now. */
export interface Counted {
  readonly clientId: string;
  readonly received: number;
  readonly sent: number;
}

/** Messages a second. */
export interface Rates {
  readonly received: number;
  readonly sent: number;
}

interface Reading {
  readonly at: number;
  readonly received: number;
  readonly sent: number;
}

/** Milliseconds a rate is the mean of. */
const SPAN = 5000;

/** Makes rates of counters that are read again and again. */
export class TrafficRates {
  readonly #readings = new Map<string, Reading[]>();

  /** Notes how the counters stand; clients that are not among them are forgotten. @param at milliseconds */
  note(clients: readonly Counted[], at: number): void {
    const here = new Set(clients.map(({ clientId }) => clientId));
    for (const clientId of this.#readings.keys()) if (!here.has(clientId)) this.#readings.delete(clientId);
    for (const { clientId, received, sent } of clients) {
      const before = this.#readings.get(clientId) ?? [];
      const last = before.at(-1);
      // With a new connection the counters begin again.
      const began = last !== undefined && (received < last.received || sent < last.sent);
      const kept = began ? [] : before.filter((one, index) => one.at >= at - SPAN || index === before.length - 1);
      this.#readings.set(clientId, [...kept, { at, received, sent }]);
    }
  }

  /** undefined = it was read only once yet. */
  of(clientId: string): Rates | undefined {
    const readings = this.#readings.get(clientId);
    const first = readings?.[0];
    const last = readings?.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    const perSecond = (count: (reading: Reading) => number): number =>
      ((count(last) - count(first)) * 1000) / (last.at - first.at);
    return { received: perSecond((one) => one.received), sent: perSecond((one) => one.sent) };
  }
}
