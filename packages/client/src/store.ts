import type { Properties, QoS } from '@cauldron/protocol';

/** An accepted message as a store keeps it. */
export interface StoredMessage {
  /** Grows with each accepted message: messages are sent in its order. */
  readonly key: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: Properties | undefined;
  /** 0 while it was not sent; then the packet identifier it has in the session. */
  readonly packetId: number;
  /** QoS 2: PUBREC came, so only PUBREL is left to send. */
  readonly received: boolean;
  /** Its place in the sending order among those in flight; 0 while it was not sent. */
  readonly sent: number;
}

/** One change; a group of them is written as one. */
export type StoreOperation =
  | { readonly kind: 'put'; readonly message: StoredMessage }
  /** It was given a packet identifier and is about to be sent. */
  | { readonly kind: 'sent'; readonly key: number; readonly packetId: number; readonly sent: number }
  /** PUBREC came. */
  | { readonly kind: 'received'; readonly key: number }
  | { readonly kind: 'delete'; readonly key: number }
  /** A QoS 2 message from the broker was taken and its PUBREL is awaited. */
  | { readonly kind: 'inbound'; readonly packetId: number }
  | { readonly kind: 'inbound-done'; readonly packetId: number }
  /** The broker has no session: everything `inbound` is void. */
  | { readonly kind: 'inbound-clear' };

/** What a store gives back when a client starts. */
export interface StoredState {
  /** In the order of their keys. */
  readonly messages: readonly StoredMessage[];
  /** Packet identifiers of QoS 2 messages from the broker whose PUBREL is awaited. */
  readonly inbound: readonly number[];
}

/**
 * Where a client keeps what must survive its process: the QoS 1 and 2 messages that `publish` and `enqueue` accepted, and
 * the state of those in flight. `@cauldron/client/sqlite` (Node) and `@cauldron/client/indexeddb` (browsers) have one each,
 * both a {@link GroupedStore} over an engine. A store belongs to one client identifier and one running client at a time.
 */
export interface ClientStore {
  /**
   * Opens it.
   *
   * @param failed called when it breaks later: nothing that was noted and not called back is sure to be kept
   * @throws where it cannot be read, or another client has it
   */
  open(clientId: string, failed: (error: Error) => void): Promise<StoredState>;
  /**
   * Notes a change. Changes noted in one go, before the program waits for anything, are kept together or not at all. `then`
   * is called once it survives the end of the process; the calls come in the order of the changes.
   */
  add(operation: StoreOperation, then?: () => void): void;
  /** Closes it after what was noted is kept. */
  close(): Promise<void>;
}
