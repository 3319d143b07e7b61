import type { Platform, Timer } from './platform.ts';

/** Milliseconds within which a broker answers that is still there. */
const PROBE = 5000;

/** What it needs of its connection. */
export interface KeepAlivePort {
  /** Sends a PINGREQ. */
  ping(): void;
  /** No byte came within the keep-alive time after a ping. */
  dead(): void;
}

/**
 * Sends a PINGREQ when nothing was sent, or nothing received, for the keep-alive time, and notices a broker that does not
 * answer.
 */
export class KeepAlive {
  readonly #platform: Platform;
  readonly #interval: number;
  readonly #port: KeepAlivePort;
  readonly #onTimer = (): void => this.#check();
  #timer: Timer | undefined;
  /** When something was sent last. */
  #sentAt: number;
  /** When the PINGREQ was sent that nothing has answered yet, or -1. */
  #pingedAt = -1;
  /** Something was received since the last look. */
  #heard = false;
  #suspended = false;

  /**
   * @param seconds 0 = off
   */
  constructor(platform: Platform, seconds: number, port: KeepAlivePort) {
    this.#platform = platform;
    this.#interval = seconds * 1000;
    this.#port = port;
    this.#sentAt = platform.now();
    if (seconds > 0) this.#arm(this.#interval * 0.9);
  }

  /** Something was sent. */
  sent(): void {
    this.#sentAt = this.#platform.now();
  }

  /** Something was received: the broker lives. */
  received(): void {
    this.#pingedAt = -1;
    this.#heard = true;
  }

  /** While we read nothing on purpose, silence says nothing about the broker. */
  suspend(suspended: boolean): void {
    this.#suspended = suspended;
    this.#pingedAt = -1;
  }

  /** The network was away: asks at once whether the broker is still there, and waits less long for it. */
  probe(): void {
    if (this.#suspended || this.#interval === 0 || this.#pingedAt >= 0) return;
    const at = this.#platform.now();
    this.#pingedAt = at;
    this.#port.ping();
    this.#platform.setTimer(Math.min(PROBE, this.#interval), () => {
      if (this.#pingedAt === at) this.#port.dead();
    });
  }

  stop(): void {
    this.#pingedAt = -1;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delay: number): void {
    this.#timer = this.#platform.setTimer(Math.max(10, delay), this.#onTimer);
  }

  // [MQTT-3.1.2-20] a little before the time is over, so that the packet leaves within it
  #check(): void {
    const now = this.#platform.now();
    const limit = this.#interval * 0.85;
    if (this.#pingedAt >= 0 && now - this.#pingedAt >= limit) {
      this.stop();
      this.#port.dead();
      return;
    }
    // Sending alone says nothing about the broker: who only sends QoS 0 hears nothing of it but answers to a ping.
    const isQuiet = !this.#heard;
    this.#heard = false;
    if (now - this.#sentAt >= limit || isQuiet) {
      if (this.#pingedAt < 0 && !this.#suspended) this.#pingedAt = now;
      this.#port.ping();
    }
    const since = this.#pingedAt < 0 ? this.#sentAt : this.#pingedAt;
    if (this.#timer !== undefined) this.#arm(this.#interval * 0.9 - (now - since));
  }
}
