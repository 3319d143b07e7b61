import type { Subscriber } from '../ports.ts';
import type { Subscription } from './subscription.ts';

/**
 * A shared subscription: one filter, several subscribers, each message to one of them (section 4.8.2). Takes turns among
 * those that are connected and keep up; if none does, among those that are connected; if none is, among all.
 */
export class ShareGroup {
  readonly name: string;
  #members: Subscription[] = [];
  #turn = 0;

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.#members.length;
  }

  get members(): readonly Subscription[] {
    return this.#members;
  }

  /** Adds a member, or replaces its subscription. Returns true when the subscriber is new to the group. */
  set(subscription: Subscription): boolean {
    const index = this.#indexOf(subscription.subscriber);
    if (index >= 0) {
      this.#members[index] = subscription;
      return false;
    }
    this.#members.push(subscription);
    return true;
  }

  /** Removes a member; false when it was none. */
  delete(subscriber: Subscriber): boolean {
    const index = this.#indexOf(subscriber);
    if (index < 0) return false;
    this.#members.splice(index, 1);
    if (this.#turn > index) this.#turn -= 1;
    return true;
  }

  #indexOf(subscriber: Subscriber): number {
    return this.#members.findIndex((member) => member.subscriber === subscriber);
  }

  /**
   * The member whose turn it is. The trie drops a group with its last member, so null comes back only where that one left
   * while a message was on its way.
   */
  next(): Subscription | null {
    const index = this.#nextIndex();
    if (index < 0) return null;
    this.#turn = index + 1;
    return this.#members[index]!;
  }

  /** The next member whose rights let it have a topic; null where nobody's do. */
  nextAllowed(topic: string): Subscription | null {
    const allowed = this.#members.filter(({ subscriber }) => subscriber.mayReceive?.(topic) !== false);
    if (allowed.length === this.#members.length) return this.next();
    if (allowed.length === 0) return null;
    const index = choose(allowed, this.#turn);
    this.#turn += 1;
    return allowed[index]!;
  }

  /** The one that {@link next} will choose. */
  peek(): Subscription | null {
    return this.#members[this.#nextIndex()] ?? null;
  }

  #nextIndex(): number {
    return choose(this.#members, this.#turn);
  }
}

/** Whose turn it is among `members`, from `turn` on: who is ready, else who is connected, else anybody; -1 = nobody. */
function choose(members: readonly Subscription[], turn: number): number {
  const count = members.length;
  if (count === 0) return -1;
  let index = -1;
  for (let i = 0; i < count; i++) {
    const candidate = (turn + i) % count;
    const { subscriber } = members[candidate]!;
    if (subscriber.ready) return candidate;
    if (index < 0 && subscriber.away !== true) index = candidate;
  }
  return index < 0 ? turn % count : index;
}
