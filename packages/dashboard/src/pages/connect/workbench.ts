import type { Client, ClientOptions, Message, PublishOptions, PublishResult, Subscription } from '@cauldron/client';
import { type Packet, PacketType, type ProtocolVersion, type QoS, type RetainHandling } from '@cauldron/protocol';
import type { Color } from './colors.ts';
import { type Ending, endingOf } from './ending.ts';
import { MessageLog } from './message-log.ts';

/** How the connection stands. */
export type Connection =
  | { readonly status: 'idle'; readonly ending?: Ending | undefined }
  | { readonly status: 'connecting' }
  | {
      readonly status: 'connected';
      readonly url: string;
      readonly clientId: string;
      readonly protocolVersion: ProtocolVersion;
      readonly sessionPresent: boolean;
    }
  /** It was lost, and is tried again by itself. */
  | { readonly status: 'waiting'; readonly attempt: number; readonly ending: Ending };

export interface SubscriptionWish {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
  readonly color: Color;
}

/** A subscription in the list: it stays there, and is made again with the next connection, until it is taken out. */
export interface ListedSubscription extends SubscriptionWish {
  readonly id: number;
  /** What the broker granted; undefined = not answered yet. */
  readonly granted: QoS | undefined;
  /** Why the broker refused it. */
  readonly refusal: string | undefined;
}

/** What it needs of the page, so that tests need no browser. */
export interface WorkbenchPorts {
  readonly connect: (url: string, options: ClientOptions) => Promise<Client>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls back soon: what changed at once is drawn once. */
  readonly soon: (then: () => void) => void;
}

/** One connection of the user, its subscriptions and what came. It goes on while other pages are looked at. */
export class Workbench {
  readonly log = new MessageLog();
  readonly #ports: WorkbenchPorts;
  readonly #watchers = new Set<() => void>();
  #connection: Connection = { status: 'idle' };
  #subscriptions: readonly ListedSubscription[] = [];
  readonly #live = new Map<number, Subscription>();
  #client: Client | null = null;
  #attempt: AbortController | null = null;
  #lastId = 0;
  #published = 0;
  #telling = false;
  /** The message that was added last: another subscription that it matches only adds its colour. */
  #lastMessage: Message | null = null;
  /** Filters of SUBSCRIBE packets that are not answered, by packet identifier. */
  readonly #asked = new Map<number, readonly string[]>();

  constructor(ports: WorkbenchPorts) {
    this.#ports = ports;
  }

  get connection(): Connection {
    return this.#connection;
  }

  get subscriptions(): readonly ListedSubscription[] {
    return this.#subscriptions;
  }

  /** Messages that were published since the page was opened. */
  get published(): number {
    return this.#published;
  }

  /** Calls back soon after something changed, until the function that comes back is called. */
  onChange(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Connects; fulfilled when that came about or failed. @throws nothing: {@link connection} says how it went */
  async connect(url: string, options: ClientOptions): Promise<void> {
    this.disconnect();
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#asked.clear();
    this.#set({ status: 'connecting' });
    try {
      const trace = (direction: 'sent' | 'received', packet: Packet): void => this.#trace(direction, packet);
      const client = await this.#ports.connect(url, { ...options, signal: attempt.signal, trace });
      if (this.#attempt !== attempt) return;
      this.#client = client;
      client.onState(() => this.#follow(client, url));
      this.#follow(client, url);
      for (const one of this.#subscriptions) this.#begin(client, one);
    } catch (error) {
      if (this.#attempt !== attempt) return;
      this.#attempt = null;
      this.#set({ status: 'idle', ending: endingOf(error as Error, false) });
    }
  }

  /** Ends the connection, or the attempt. @param abrupt without a goodbye, so that the broker publishes the will */
  disconnect(abrupt = false): void {
    const client = this.#client;
    const attempt = this.#attempt;
    this.#client = null;
    this.#attempt = null;
    this.#live.clear();
    this.#subscriptions = this.#subscriptions.map((one) => ({ ...one, granted: undefined, refusal: undefined }));
    if (client === null) attempt?.abort();
    else void client.end({ abrupt, timeout: 1000 });
    this.#set({ status: 'idle' });
  }

  #follow(client: Client, url: string): void {
    if (this.#client !== client) return;
    const { state, clientId } = client;
    if (state.status === 'connected') {
      const { protocolVersion, sessionPresent } = state;
      const assigned = client.serverProperties.assignedClientIdentifier;
      this.#set({ status: 'connected', url, clientId: assigned ?? clientId, protocolVersion, sessionPresent });
    } else if (state.status === 'ended') {
      this.#client = null;
      this.#attempt = null;
      this.#live.clear();
      this.#set({ status: 'idle', ...(state.reason && { ending: endingOf(state.reason, true) }) });
    } else if (state.reason !== undefined) {
      this.#set({ status: 'waiting', attempt: state.attempt, ending: endingOf(state.reason, true) });
    }
  }

  // ---- subscriptions

  /** Subscribes now, and with each further connection. A filter that is in the list already gets the new options. */
  subscribe(wish: SubscriptionWish): void {
    for (const one of this.#subscriptions) if (one.filter === wish.filter) this.unsubscribe(one.id);
    const listed: ListedSubscription = { ...wish, id: this.#nextId(), granted: undefined, refusal: undefined };
    this.#subscriptions = [...this.#subscriptions, listed];
    if (this.#client !== null) this.#begin(this.#client, listed);
    this.#changed();
  }

  unsubscribe(id: number): void {
    this.#live.get(id)?.close();
    this.#live.delete(id);
    this.#subscriptions = this.#subscriptions.filter((one) => one.id !== id);
    this.#changed();
  }

  /** Messages of one that is in the list get another colour from now on. */
  recolor(id: number, color: Color): void {
    this.#update(id, { color });
  }

  #begin(client: Client, { id, filter, color: _, ...wish }: ListedSubscription): void {
    const options = { qos: wish.qos, noLocal: wish.noLocal, retainAsPublished: wish.retainAsPublished };
    const handler = (message: Message): void => this.#received(message, id);
    client.on(filter, handler, { ...options, retainHandling: wish.retainHandling }).then(
      (subscription) => {
        // It may have been taken out meanwhile.
        if (this.#client === client && this.#subscriptions.some((one) => one.id === id))
          this.#live.set(id, subscription);
        else subscription.close();
      },
      (error: Error) => {
        if (this.#client === client) this.#update(id, { refusal: endingOf(error, true).text });
      },
    );
  }

  #received(message: Message, id: number): void {
    const color = this.#subscriptions.find((one) => one.id === id)?.color;
    if (color === undefined) return;
    if (message === this.#lastMessage) this.log.addColor(color);
    else {
      this.#lastMessage = message;
      const { topic, payload, qos, retain, dup, properties } = message;
      const entry = { topic, payload, qos, retain, dup, properties, at: this.#ports.now(), colors: [color] };
      this.log.add(entry, this.#nextId());
    }
    this.#changed();
  }

  /** The QoS that was granted is in SUBACK only. */
  #trace(direction: 'sent' | 'received', packet: Packet): void {
    if (direction === 'sent' && packet.type === PacketType.subscribe) {
      this.#asked.set(
        packet.packetId,
        packet.subscriptions.map(({ filter }) => filter),
      );
    } else if (direction === 'received' && packet.type === PacketType.suback) {
      const filters = this.#asked.get(packet.packetId) ?? [];
      this.#asked.delete(packet.packetId);
      for (const [at, filter] of filters.entries()) {
        const code = packet.reasonCodes[at];
        const listed = this.#subscriptions.find((one) => one.filter === filter);
        if (listed !== undefined && code !== undefined && code <= 2) this.#update(listed.id, { granted: code as QoS });
      }
    }
  }

  #update(id: number, change: Partial<ListedSubscription>): void {
    this.#subscriptions = this.#subscriptions.map((one) => (one.id === id ? { ...one, ...change } : one));
    this.#changed();
  }

  // ---- publishing and messages

  /** @throws {MqttError} as `Client.publish` */
  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions): Promise<PublishResult> {
    if (this.#client === null) throw new Error('There is no connection: connect first.');
    const result = await this.#client.publish(topic, payload, options);
    this.#published += 1;
    this.#changed();
    return result;
  }

  clear(): void {
    this.log.clear();
    this.#changed();
  }

  // ---- who looks

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #set(connection: Connection): void {
    this.#connection = connection;
    this.#changed();
  }

  #changed(): void {
    if (this.#telling) return;
    this.#telling = true;
    this.#ports.soon(() => {
      this.#telling = false;
      for (const watcher of [...this.#watchers]) watcher();
    });
  }
}
