/**
 * Clients whose session began or ended, where the store does not have that yet: a crash would bring back what was before,
 * so no CONNECT of theirs is answered meanwhile.
 */
export class Lives {
  readonly #tickets = new Map<string, number>();

  /** A client's session began or ended; group `ticket` says so. */
  changed(clientId: string, ticket: number): void {
    this.#tickets.set(clientId, ticket);
  }

  /** Whether the store has what became of a client's session. */
  known(clientId: string): boolean {
    return !this.#tickets.has(clientId);
  }

  /** Everything up to group `durable` is written. */
  written(durable: number): void {
    for (const [clientId, ticket] of this.#tickets) if (ticket <= durable) this.#tickets.delete(clientId);
  }
}
