import { ReasonCode } from '@cauldron/protocol';
import type { Metrics } from '../metrics.ts';
import type { ListenerSettings } from '../options.ts';
import type { Refusal } from '../ports.ts';
import { networkOf } from './remote-address.ts';
import { TokenBucket } from './token-bucket.ts';

/** Addresses remembered for one listener at most. */
const MOST_ADDRESSES = 65_536;

interface Seen {
  readonly bucket: TokenBucket;
  /** Milliseconds: when it will be full again, and as if it had never been seen. */
  forgottenAt: number;
}

/** What came through one listener of late. */
class ListenerRates {
  all: TokenBucket | null = null;
  /** In the order in which they were last seen: the first are those that are forgotten next. */
  readonly addresses = new Map<string, Seen>();
}

/**
 * How often connections may come, through a listener and from one address of it: `limits.maxConnectRate` and
 * `limits.maxConnectRatePerAddress`. A second's worth may come at once.
 *
 * An address is remembered only until its bucket is full again, a second or so; beyond {@link MOST_ADDRESSES} the one
 * that was seen longest ago is forgotten early, where the listener's own rate still holds.
 */
export class ConnectRates {
  readonly #metrics: Metrics;
  readonly #mostAddresses: number;
  readonly #listeners = new WeakMap<ListenerSettings, ListenerRates>();

  constructor(metrics: Metrics, mostAddresses = MOST_ADDRESSES) {
    this.#metrics = metrics;
    this.#mostAddresses = mostAddresses;
  }

  /** Why one more connection is too much now, or null; then it is counted. `now` in milliseconds. */
  check(remoteAddress: string, settings: ListenerSettings, now: number): Refusal | null {
    const { maxConnectRate, maxConnectRatePerAddress } = settings.limits;
    if (maxConnectRate === 0 && maxConnectRatePerAddress === 0) return null;
    const rates = this.#of(settings);
    const network = maxConnectRatePerAddress === 0 ? null : networkOf(remoteAddress);
    const seen = network === null ? null : this.#see(rates, network, maxConnectRatePerAddress, now);
    // The address first: what it has too much must not use up what others may have.
    if (seen !== null && seen.bucket.tokens < 1) {
      this.#metrics.refusedAddressRate += 1;
      return tooOften(`from ${network}`, maxConnectRatePerAddress, 'maxConnectRatePerAddress');
    }
    if (maxConnectRate > 0) {
      rates.all ??= new TokenBucket(maxConnectRate, now);
      rates.all.refill(now);
      if (rates.all.tokens < 1) {
        this.#metrics.refusedConnectRate += 1;
        return tooOften('through this listener', maxConnectRate, 'maxConnectRate');
      }
      rates.all.take(1);
    }
    if (seen !== null) {
      seen.bucket.take(1);
      seen.forgottenAt = now + seen.bucket.millisecondsUntil(seen.bucket.burst);
    }
    return null;
  }

  /** Addresses remembered for a listener. */
  addressesOf(settings: ListenerSettings): number {
    return this.#listeners.get(settings)?.addresses.size ?? 0;
  }

  #of(settings: ListenerSettings): ListenerRates {
    let rates = this.#listeners.get(settings);
    if (rates === undefined) {
      rates = new ListenerRates();
      this.#listeners.set(settings, rates);
    }
    return rates;
  }

  #see({ addresses }: ListenerRates, network: string, rate: number, now: number): Seen {
    const known = addresses.get(network);
    const seen = known ?? { bucket: new TokenBucket(rate, now), forgottenAt: now };
    seen.bucket.refill(now);
    addresses.delete(network);
    addresses.set(network, seen);
    for (const [oldest, { forgottenAt }] of addresses) {
      if (oldest === network || (forgottenAt > now && addresses.size <= this.#mostAddresses)) break;
      addresses.delete(oldest);
    }
    return seen;
  }
}

function tooOften(where: string, rate: number, limit: string): Refusal {
  const reason = `more than ${rate} connections a second came ${where} (limits.${limit}); try again in a moment`;
  return { reasonCode: ReasonCode.connectionRateExceeded, reason };
}
