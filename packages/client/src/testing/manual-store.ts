import type { ClientStore, StoredMessage, StoredState, StoreOperation } from '../store.ts';

/** A store that keeps what it is given when the test says so, and shows what it holds. */
export class ManualStore implements ClientStore {
  /** What was noted and is not kept yet, in order. */
  readonly noted: {
    readonly operation: StoreOperation;
    readonly then: (() => void) | undefined;
    readonly go: number;
  }[] = [];
  readonly messages = new Map<number, StoredMessage>();
  readonly inbound = new Set<number>();
  isClosed = false;
  /** Keeps everything at once. */
  isFast = false;
  #go = 0;
  #isSameGo = false;
  #failed: (error: Error) => void = () => undefined;

  async open(_clientId: string, failed: (error: Error) => void): Promise<StoredState> {
    this.#failed = failed;
    this.isClosed = false;
    return { messages: [...this.messages.values()].sort((a, b) => a.key - b.key), inbound: [...this.inbound] };
  }

  add(operation: StoreOperation, then?: () => void): void {
    if (this.isClosed) throw new Error(`${operation.kind} is noted after the store was closed`);
    if (!this.#isSameGo) {
      this.#isSameGo = true;
      this.#go += 1;
      queueMicrotask(() => {
        this.#isSameGo = false;
      });
    }
    this.noted.push({ operation, then, go: this.#go });
    if (this.isFast) this.keep();
  }

  /** Keeps the first `count` of what was noted; answers their kinds. */
  keep(count = this.noted.length): string[] {
    const kept = this.noted.splice(0, count);
    for (const { operation } of kept) this.#apply(operation);
    for (const { then } of kept) then?.();
    return kept.map(({ operation }) => operation.kind);
  }

  /** Keeps what was noted in the first `count` goes, each as one. */
  keepGroups(count: number): void {
    for (let i = 0; i < count && this.noted.length > 0; i++) {
      const { go } = this.noted[0]!;
      this.keep(this.noted.filter((other) => other.go === go).length);
    }
  }

  /** The process ends here: what was not kept is lost. */
  crash(): void {
    this.noted.length = 0;
  }

  /** It breaks. */
  fail(error: Error): void {
    this.noted.length = 0;
    this.#failed(error);
  }

  #apply(operation: StoreOperation): void {
    const { messages, inbound } = this;
    if (operation.kind === 'put') messages.set(operation.message.key, operation.message);
    else if (operation.kind === 'delete') messages.delete(operation.key);
    else if (operation.kind === 'inbound') inbound.add(operation.packetId);
    else if (operation.kind === 'inbound-done') inbound.delete(operation.packetId);
    else if (operation.kind === 'inbound-clear') inbound.clear();
    else {
      const message = messages.get(operation.key);
      if (message === undefined) throw new Error(`${operation.kind} for ${operation.key}, which is not kept`);
      const { packetId, sent } = operation.kind === 'sent' ? operation : message;
      messages.set(operation.key, { ...message, packetId, sent, received: operation.kind === 'received' });
    }
  }

  async close(): Promise<void> {
    this.keep();
    this.isClosed = true;
  }
}
