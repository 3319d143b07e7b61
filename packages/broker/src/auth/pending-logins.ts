import { isShared, networkOf } from './network-of.ts';

/** What part of all places one address may take: whoever fills those leaves the rest to others. */
const SHARE = 4;

/**
 * The logins that wait for providers: no more than fit at once, and of one address (IPv6: one /64) no more than a quarter
 * of those, so that nobody keeps others out by letting slow providers work for him. Addresses that everybody on the
 * machine shares may take all places.
 */
export class PendingLogins<L extends { readonly network: string }> {
  readonly #maximum: number;
  readonly #logins = new Set<L>();
  readonly #byNetwork = new Map<string, number>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  get size(): number {
    return this.#logins.size;
  }

  [Symbol.iterator](): IterableIterator<L> {
    return this.#logins.values();
  }

  /**
   * Why there is no place for one more, where there is none.
   *
   * @param known it is a user who logged in from there lately: the share of the address does not hold
   */
  full(remoteAddress: string, known: boolean): string | null {
    if (this.#logins.size >= this.#maximum) return `${this.#logins.size} logins wait for providers (maxPending)`;
    const network = networkOf(remoteAddress);
    const share = Math.max(1, Math.floor(this.#maximum / SHARE));
    if (known || isShared(network) || (this.#byNetwork.get(network) ?? 0) < share) return null;
    return `${share} logins of ${network} wait for providers (a quarter of maxPending)`;
  }

  add(login: L): void {
    this.#logins.add(login);
    this.#byNetwork.set(login.network, (this.#byNetwork.get(login.network) ?? 0) + 1);
  }

  delete(login: L): void {
    if (!this.#logins.delete(login)) return;
    const left = this.#byNetwork.get(login.network)! - 1;
    if (left === 0) this.#byNetwork.delete(login.network);
    else this.#byNetwork.set(login.network, left);
  }
}
