/**
 * Packet identifiers for requests that carry no message (SUBSCRIBE, UNSUBSCRIBE) and share the number space with what is
 * in flight (section 2.2.1).
 */
export class PacketIds {
  readonly #used = new Set<number>();
  #next = 1;

  /**
   * Takes a free identifier, 1..65535. // [MQTT-2.2.1-3]
   *
   * @param taken tells whether an identifier is in use elsewhere, by a PUBLISH in flight
   * @throws {RangeError} when none is free
   */
  take(taken: (id: number) => boolean = () => false): number {
    for (let tries = 0; tries < 65_535; tries++) {
      const id = this.#next;
      this.#next = id === 65_535 ? 1 : id + 1;
      if (!this.#used.has(id) && !taken(id)) {
        this.#used.add(id);
        return id;
      }
    }
    throw new RangeError('all 65,535 packet identifiers are in use');
  }

  has(id: number): boolean {
    return this.#used.has(id);
  }

  /** Frees an identifier; false when it was not taken. */
  free(id: number): boolean {
    return this.#used.delete(id);
  }
}
