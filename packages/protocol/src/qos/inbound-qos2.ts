/**
 * The receiver's half of QoS 2: packet identifiers between PUBLISH and PUBREL (section 4.3.3, method A). While one is
 * here, a PUBLISH that carries it is the same message again. // [MQTT-4.3.3-10]
 */
export class InboundQos2 {
  #ids: Set<number> | null = null;

  get size(): number {
    return this.#ids?.size ?? 0;
  }

  /** Notes an identifier; false when it was already there, that is, when the PUBLISH is a repetition. */
  begin(packetId: number): boolean {
    this.#ids ??= new Set();
    if (this.#ids.has(packetId)) return false;
    this.#ids.add(packetId);
    return true;
  }

  has(packetId: number): boolean {
    return this.#ids?.has(packetId) ?? false;
  }

  /** Ends an exchange (PUBREL, or a PUBREC that refused); false when the identifier was not known. */
  end(packetId: number): boolean {
    return this.#ids?.delete(packetId) ?? false;
  }

  /** The identifiers in the order they came. */
  ids(): number[] {
    return this.#ids === null ? [] : [...this.#ids];
  }
}
