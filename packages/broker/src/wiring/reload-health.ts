import type { HealthMonitor } from '../health.ts';

/** What could not be read again, in the health of a broker until it could: users, rules, the certificates of a listener. */
export class ReloadHealth {
  readonly #health: HealthMonitor;
  readonly #now: () => number;
  readonly #failing = new Map<string, string>();

  constructor(health: HealthMonitor, now: () => number) {
    this.#health = health;
    this.#now = now;
  }

  /** @param error null = it could be read */
  note(what: string, error: Error | null): void {
    if (error === null) this.#failing.delete(what);
    else this.#failing.set(what, error.message);
    if (this.#failing.size === 0) this.#health.clear('reload-failed');
    else {
      const which = [...this.#failing].map(([name, message]) => `${name}: ${message}`).join('; ');
      this.#health.report('reload-failed', `what was there before holds on. ${which}`, this.#now());
    }
  }
}
