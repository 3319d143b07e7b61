/** Names that are remembered before all that was forgotten counts as changed. */
const MAX_NAMES = 20_000;

/** Which users changed since a moment, so that a login that was under way meanwhile does not count. */
export class UserChanges {
  readonly #changedAt = new Map<string, number>();
  #forgotten = 0;
  #latest = 0;

  /** The moment now, to be compared with later. */
  get mark(): number {
    return this.#latest;
  }

  note(usernames: readonly string[]): void {
    this.#latest += 1;
    if (this.#changedAt.size + usernames.length > MAX_NAMES) {
      this.#changedAt.clear();
      this.#forgotten = this.#latest;
      return;
    }
    for (const username of usernames) this.#changedAt.set(username, this.#latest);
  }

  /** Whether a user changed after a moment; where that is not known any more, it did. */
  since(mark: number, username: string): boolean {
    return Math.max(this.#forgotten, this.#changedAt.get(username) ?? 0) > mark;
  }
}
