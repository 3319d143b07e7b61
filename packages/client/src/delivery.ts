/** A received QoS 1 or 2 message until all of its consumers are done with it. */
export class Delivery {
  readonly qos: 1 | 2;
  readonly packetId: number;
  /** Consumers that are not done yet. */
  #open: number;
  /** A consumer could not deal with it: it must not be acknowledged. */
  failed = false;
  readonly #done: (delivery: Delivery) => void;

  /** @param done called once all consumers are done */
  constructor(qos: 1 | 2, packetId: number, consumers: number, done: (delivery: Delivery) => void) {
    this.qos = qos;
    this.packetId = packetId;
    this.#open = consumers;
    this.#done = done;
  }

  /** Everybody is done with it. */
  get consumed(): boolean {
    return this.#open === 0;
  }

  /** So many more consumers take it. */
  expect(consumers: number): void {
    this.#open += consumers;
  }

  /** One consumer failed on it, and is done with it. */
  fail(): void {
    this.failed = true;
    this.settle();
  }

  /** One consumer is done with it. */
  settle(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#done(this);
  }
}
