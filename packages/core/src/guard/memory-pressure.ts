/** How short memory is; whoever measures it decides. */
export type MemoryPressureLevel = 'none' | 'high' | 'critical';

/** Unsent bytes a connection may hold while memory is short before QoS 0 is dropped for it. */
export const SHORT_OUTBOUND_BYTES = 65_536;
/** Connections that may wait for their CONNECT while memory is critically short. */
export const CRITICAL_HALF_OPEN = 64;

/**
 * What the broker sheds while memory is short, the cheapest first, and takes up again the moment it is not:
 *
 * | level | shed | who hears of it |
 * |---|---|---|
 * | `high` | QoS 0 that would wait for a client that is away or behind, and QoS 0 for a connection with more than 64 KiB unsent | `droppedMemoryPressure` |
 * | `critical` | the same, and: | |
 * | | connections beyond 64 that wait for their CONNECT | `refusedMemoryPressure`, closed unanswered |
 * | | CONNECT, but not where messages wait for the client: taking them gives memory back | 0x89 server busy (3.x: 3) |
 * | | retained messages of topics that have none | 0x97 (QoS 0 and 3.x: live, not kept) |
 * | | QoS 1 and 2 that would have to wait in memory for a subscriber | publisher: 0x97 in 5.0, and nobody gets it; 3.x: dropped for that subscriber, `droppedMemoryPressure` |
 *
 * What the store keeps for a session goes on at every level: it costs disk.
 */
export class MemoryPressure {
  #level: MemoryPressureLevel = 'none';
  /** Memory is short: the level is `high` or `critical`. */
  short = false;
  critical = false;

  get level(): MemoryPressureLevel {
    return this.#level;
  }

  set level(level: MemoryPressureLevel) {
    this.#level = level;
    this.short = level !== 'none';
    this.critical = level === 'critical';
  }
}
