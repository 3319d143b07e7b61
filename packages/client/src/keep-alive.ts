/**
 * Sends a PINGREQ when nothing else was sent for the keep-alive time, and notices a broker that does not answer.
 */
export class KeepAlive {
  readonly #interval: number;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #timer: NodeJS.Timeout | undefined;
  #lastSent: number;
  #pingedAt = 0;
  #waiting = false;
  #suspended = false;

  /**
   * @param seconds 0 = off
   * @param ping sends the PINGREQ
   * @param dead is called when no byte came within the keep-alive time after a ping
   */
  constructor(seconds: number, ping: () => void, dead: () => void) {
    this.#interval = seconds * 1000;
    this.#ping = ping;
    this.#dead = dead;
    this.#lastSent = performance.now();
    if (seconds > 0) this.#arm();
  }

  /** Something was sent. */
  sent(): void {
    this.#lastSent = performance.now();
  }

  /** Something was received: the broker lives. */
  received(): void {
    this.#waiting = false;
  }

  /** While we read nothing on purpose, silence says nothing about the broker. */
  suspend(suspended: boolean): void {
    this.#suspended = suspended;
    if (suspended) this.#waiting = false;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    // [MQTT-3.1.2-20] a little before the time is over, so that the packet leaves within it
    const idle = performance.now() - this.#lastSent;
    const due = Math.max(10, this.#interval * 0.9 - idle);
    this.#timer = setTimeout(() => this.#check(), due);
  }

  #check(): void {
    const now = performance.now();
    if (this.#waiting && !this.#suspended && now - this.#pingedAt >= this.#interval * 0.85) {
      this.stop();
      this.#dead();
      return;
    }
    if (now - this.#lastSent >= this.#interval * 0.85) {
      this.#pingedAt = now;
      this.#waiting = !this.#suspended;
      this.#ping();
    }
    if (this.#timer !== undefined) this.#arm();
  }
}
