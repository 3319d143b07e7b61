import type { LoginCounters, LoginEvents } from './authentication-options.ts';
import type { Provider, Verdict } from './provider.ts';

/** Which providers answer; told when one stops, and when it does again. */
export class ProviderHealth {
  readonly #unavailable = new Set<Provider>();
  readonly #events: LoginEvents | undefined;
  readonly #counters: LoginCounters;

  constructor(events: LoginEvents | undefined, counters: LoginCounters) {
    this.#events = events;
    this.#counters = counters;
  }

  /** Names of the providers that did not answer when last asked. */
  get unavailable(): readonly string[] {
    return [...this.#unavailable].map(({ name }) => name);
  }

  /** A provider said something of a login. */
  heard(provider: Provider, verdict: Verdict): void {
    if (verdict.outcome === 'busy') return;
    if (verdict.outcome !== 'unavailable') {
      if (this.#unavailable.delete(provider)) this.#events?.providerRecovered?.(provider.name);
      return;
    }
    this.#counters.providerUnavailable += 1;
    if (this.#unavailable.has(provider)) return;
    this.#unavailable.add(provider);
    this.#events?.providerUnavailable?.(provider.name, verdict.reason);
  }
}
