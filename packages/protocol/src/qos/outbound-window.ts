/**
 * The sender's half of QoS 1 and 2: what was sent and is not yet acknowledged, by packet identifier, in sending order.
 * Pure; the broker's sessions and the client use the same one (sections 4.3, 4.4, 4.6).
 *
 *     QoS 1   published --PUBACK--> free
 *     QoS 2   published --PUBREC--> released --PUBCOMP--> free
 *
 * Items sit in a ring indexed by `packetId & mask`, each with its place in the sending order: one that stays unacknowledged
 * while the identifiers go round is still the oldest. // [MQTT-4.6.0-1]
 */
export class OutboundWindow<T extends object> {
  #items: (T | null)[] = [];
  #ids: number[] = [];
  /** 0 free, 1 published, 2 released. */
  #states: number[] = [];
  /** When it was sent, counted in items. */
  #order: number[] = [];
  #sent = 0;
  #mask = -1;
  #next = 1;
  #size = 0;

  /** How many identifiers are in use. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes the next free packet identifier for `item`, 1..65535.
   * // [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1]
   *
   * @throws {RangeError} when all 65,535 are in use; callers keep to a limit below that
   */
  add(item: T): number {
    if (this.#size >= 65_535) throw new RangeError('all 65,535 packet identifiers are in use');
    if (this.#size * 2 >= this.#items.length && this.#items.length < 65_536) this.#grow();
    let id = this.#next;
    while (this.#states[id & this.#mask] !== 0) id = id === 65_535 ? 1 : id + 1;
    this.#put(id, item, 1, this.#sent++);
    this.#next = id === 65_535 ? 1 : id + 1;
    return id;
  }

  /**
   * Puts an item back under the identifier it had, behind everything there is: for a session that outlived its process.
   *
   * @throws {RangeError} when the identifier is in use
   */
  put(id: number, item: T): void {
    if (this.published(id) !== null || this.released(id)) throw new RangeError(`packet identifier ${id} is in use`);
    while (this.#items.length === 0 || (this.#states[id & this.#mask] !== 0 && this.#items.length < 65_536))
      this.#grow();
    this.#put(id, item, 1, this.#sent++);
  }

  #put(id: number, item: T, state: number, order: number): void {
    const slot = id & this.#mask;
    this.#items[slot] = item;
    this.#ids[slot] = id;
    this.#states[slot] = state;
    this.#order[slot] = order;
    this.#size += 1;
  }

  #grow(): void {
    const items = this.#items;
    const ids = this.#ids;
    const states = this.#states;
    const order = this.#order;
    const capacity = items.length === 0 ? 4 : items.length * 2;
    this.#items = new Array<T | null>(capacity).fill(null);
    this.#ids = new Array<number>(capacity).fill(0);
    this.#states = new Array<number>(capacity).fill(0);
    this.#order = new Array<number>(capacity).fill(0);
    this.#mask = capacity - 1;
    this.#size = 0;
    for (let i = 0; i < items.length; i++) {
      if (states[i] !== 0) this.#put(ids[i]!, items[i]!, states[i]!, order[i]!);
    }
  }

  /** The item published under an identifier and not yet acknowledged at all, or null. */
  published(id: number): T | null {
    const slot = id & this.#mask;
    return this.#states[slot] === 1 && this.#ids[slot] === id ? this.#items[slot]! : null;
  }

  /** The item under an identifier, published or released, or null. */
  get(id: number): T | null {
    const slot = id & this.#mask;
    return this.#mask >= 0 && this.#states[slot] !== 0 && this.#ids[slot] === id ? this.#items[slot]! : null;
  }

  /** True while a PUBREL was due for the identifier and no PUBCOMP came. */
  released(id: number): boolean {
    const slot = id & this.#mask;
    return this.#states[slot] === 2 && this.#ids[slot] === id;
  }

  /** The message is the receiver's now (PUBREC): what remains is to release the identifier. // [MQTT-4.3.3-4] */
  release(id: number): void {
    if (this.published(id) !== null) this.#states[id & this.#mask] = 2;
  }

  /** Frees an identifier: PUBACK, PUBCOMP, or a PUBREC with an error. Returns false when it was not in use. */
  remove(id: number): boolean {
    const slot = id & this.#mask;
    if (this.#mask < 0 || this.#states[slot] === 0 || this.#ids[slot] !== id) return false;
    this.#states[slot] = 0;
    this.#items[slot] = null;
    this.#size -= 1;
    return true;
  }

  /**
   * Calls `visit` for everything unacknowledged in the order it was first sent, as section 4.4 wants it resent.
   * `released` tells a PUBREL from a PUBLISH. // [MQTT-4.4.0-1]
   */
  forEach(visit: (id: number, item: T, released: boolean) => void): void {
    const slots: number[] = [];
    for (let slot = 0; slot < this.#states.length; slot++) if (this.#states[slot] !== 0) slots.push(slot);
    slots.sort((a, b) => this.#order[a]! - this.#order[b]!);
    for (const slot of slots) visit(this.#ids[slot]!, this.#items[slot]!, this.#states[slot] === 2);
  }
}
