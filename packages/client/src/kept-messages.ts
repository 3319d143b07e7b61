import { Outgoing } from './outgoing.ts';
import type { ClientStore, StoredMessage, StoreOperation } from './store.ts';

/** What the store, where there is one, has of the messages on their way to the broker. Without one everything is kept at once. */
export class KeptMessages {
  /** The keys that the store has are known: new ones continue them. */
  isRestored = false;
  readonly #store: ClientStore | undefined;
  #keys = 0;
  #sent = 0;

  constructor(store: ClientStore | undefined) {
    this.#store = store;
  }

  /** What is kept outlives the process. */
  get isDurable(): boolean {
    return this.#store !== undefined;
  }

  #keep(operation: StoreOperation, then?: () => void): void {
    if (this.#store === undefined) then?.();
    else this.#store.add(operation, then);
  }

  /** The message that was kept. */
  restored(stored: StoredMessage): Outgoing {
    const item = new Outgoing(stored, null, stored.key);
    item.kept = true;
    item.sent = stored.packetId > 0;
    this.#keys = Math.max(this.#keys, stored.key);
    this.#sent = Math.max(this.#sent, stored.sent);
    return item;
  }

  /** Keeps an accepted message. */
  put(item: Outgoing, then: () => void): void {
    item.key = ++this.#keys;
    const { topic, payload, qos, retain, properties, key } = item;
    const message = { topic, payload, qos, retain, properties, key, packetId: 0, received: false, sent: 0 };
    this.#keep({ kind: 'put', message }, then);
  }

  /** It is about to be sent: not before this is kept. */
  sent(item: Outgoing, packetId: number, then: () => void): void {
    this.#sent += 1;
    this.#change(item, { kind: 'sent', key: item.key, packetId, sent: this.#sent }, then);
  }

  /** It waits again. */
  unsent({ key }: Outgoing): void {
    this.#keep({ kind: 'sent', key, packetId: 0, sent: 0 });
  }

  /** PUBREC came: PUBREL must not leave before this is kept. */
  received(item: Outgoing, then: () => void): void {
    this.#change(item, { kind: 'received', key: item.key }, then);
  }

  #change(item: Outgoing, operation: StoreOperation, then: () => void): void {
    item.kept = false;
    this.#keep(operation, () => {
      item.kept = true;
      then();
    });
  }

  /** It is over. */
  forget({ qos, key }: Outgoing): void {
    if (qos > 0) this.#keep({ kind: 'delete', key });
  }
}
