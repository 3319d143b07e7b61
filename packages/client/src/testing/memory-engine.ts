import type { StoreEngine } from '../grouped-store.ts';
import type { StoredMessage, StoredState, StoreOperation } from '../store.ts';

/** What outlives the engines opened over it. */
export interface MemoryPlace {
  readonly messages: Map<number, StoredMessage>;
  readonly inbound: Set<number>;
  owner: string | undefined;
  inUse: boolean;
  /** Groups written so far. */
  groups: number;
}

export const memoryPlace = (): MemoryPlace => ({
  messages: new Map(),
  inbound: new Set(),
  owner: undefined,
  inUse: false,
  groups: 0,
});

/** A durable store's engine without a disk: the place stands for it. */
export class MemoryEngine implements StoreEngine {
  readonly #place: MemoryPlace;
  readonly #written: () => Promise<void>;
  #isMine = false;

  /** @param written how long a group takes; at once where it is missing */
  constructor(place: MemoryPlace, written: () => Promise<void> = () => Promise.resolve()) {
    this.#place = place;
    this.#written = written;
  }

  async open(clientId: string): Promise<StoredState> {
    const place = this.#place;
    if (place.inUse) throw new Error('another client has it');
    place.owner ??= clientId;
    if (place.owner !== clientId) throw new Error(`it belongs to "${place.owner}", not "${clientId}"`);
    place.inUse = true;
    this.#isMine = true;
    const messages = [...place.messages.values()].sort((a, b) => a.key - b.key);
    return { messages, inbound: [...place.inbound] };
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    if (!this.#isMine) throw new Error('the store is not open');
    await this.#written();
    for (const operation of operations) this.#apply(operation);
    this.#place.groups += 1;
  }

  #apply(operation: StoreOperation): void {
    const { messages, inbound } = this.#place;
    if (operation.kind === 'put') {
      messages.set(operation.message.key, { ...operation.message, payload: operation.message.payload.slice() });
    } else if (operation.kind === 'delete') messages.delete(operation.key);
    else if (operation.kind === 'inbound') inbound.add(operation.packetId);
    else if (operation.kind === 'inbound-done') inbound.delete(operation.packetId);
    else if (operation.kind === 'inbound-clear') inbound.clear();
    else {
      const message = messages.get(operation.key);
      if (message === undefined) return;
      const { packetId, sent } = operation.kind === 'sent' ? operation : message;
      messages.set(operation.key, { ...message, packetId, sent, received: operation.kind === 'received' });
    }
  }

  async close(): Promise<void> {
    if (this.#isMine) this.#place.inUse = false;
    this.#isMine = false;
  }
}
