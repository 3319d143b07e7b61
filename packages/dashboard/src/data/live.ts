import type { LiveEvents, LiveInterest } from '@cauldron/broker/admin-api';

/** What the stream needs of the page: its own part, so that tests need no browser. */
export interface LivePorts {
  /** Opens the stream of events; `EventSource` in a page. */
  open(): LiveSource;
  /** Tells the broker what this page shows. */
  show(stream: string, interest: LiveInterest): Promise<void>;
  /** Calls back once, a little later: changes of one moment become one message. */
  later(then: () => void): void;
}

export interface LiveSource {
  on(event: keyof LiveEvents, handle: (data: string) => void): void;
  /** The stream broke; it tries again by itself unless `final`. */
  onFailure(handle: (final: boolean) => void): void;
  close(): void;
}

/** `waiting`: between attempts. `paused`: nobody looks at the page. `ended`: the broker will not have it any more. */
export type LiveState = 'connecting' | 'live' | 'waiting' | 'paused' | 'ended';

/** One part of the page that shows something live. */
interface Wish {
  readonly interest: LiveInterest;
  readonly handle: (event: keyof LiveEvents, data: never) => void;
}

const EVENTS = ['overview', 'topics', 'values', 'feed', 'clients', 'client', 'graph'] as const;

/**
 * The page's one stream of live data. Parts of the page say what they show; the broker is told all of it together, and
 * again after each connection. While nobody looks at the page nothing is open.
 */
export class LiveStream {
  readonly #ports: LivePorts;
  readonly #wishes = new Set<Wish>();
  readonly #watchers = new Set<(state: LiveState) => void>();
  #source: LiveSource | null = null;
  #stream: string | null = null;
  #told = '';
  #telling = false;
  #state: LiveState = 'paused';

  constructor(ports: LivePorts) {
    this.#ports = ports;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Calls back with every change of the state, until the function that comes back is called. */
  onState(watcher: (state: LiveState) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Asks for live data.
   *
   * @param handle called with every event of the kinds in `interest`; where several parts ask for one kind with different
   * views (`topics`, `clients`, `client`, `graph`), the one that asked last is served
   * @returns what ends it
   */
  want(interest: LiveInterest, handle: Wish['handle']): () => void {
    const wish: Wish = { interest, handle };
    this.#wishes.add(wish);
    this.#changed();
    return () => {
      this.#wishes.delete(wish);
      this.#changed();
    };
  }

  /** Opens the stream, where it is not open. */
  start(): void {
    if (this.#source !== null) return;
    this.#set('connecting');
    const source = this.#ports.open();
    this.#source = source;
    source.on('hello', (data) => {
      this.#stream = (JSON.parse(data) as LiveEvents['hello']).stream;
      this.#told = '';
      this.#set('live');
      this.#changed();
    });
    for (const event of EVENTS) source.on(event, (data) => this.#deliver(event, data));
    source.on('goodbye', () => this.#end());
    source.onFailure((final) => {
      this.#stream = null;
      if (final) this.#end();
      else this.#set('waiting');
    });
  }

  /** Closes the stream; what parts of the page want is kept for the next {@link LiveStream.start}. */
  pause(): void {
    this.#close();
    this.#set('paused');
  }

  #end(): void {
    this.#close();
    this.#set('ended');
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
    this.#stream = null;
  }

  #deliver(event: keyof LiveEvents, text: string): void {
    const data = JSON.parse(text) as never;
    for (const wish of [...this.#wishes]) {
      if (event in wish.interest) wish.handle(event, data);
    }
  }

  #changed(): void {
    if (this.#telling || this.#stream === null) return;
    this.#telling = true;
    this.#ports.later(() => void this.#tell());
  }

  async #tell(): Promise<void> {
    this.#telling = false;
    const stream = this.#stream;
    const interest = merge([...this.#wishes].map((wish) => wish.interest));
    const text = JSON.stringify(interest);
    if (stream === null || text === this.#told) return;
    this.#told = text;
    try {
      await this.#ports.show(stream, interest);
    } catch {
      // Either the stream breaks too and everything is said again, or the next change says it.
      this.#told = '';
    }
  }

  #set(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const watcher of [...this.#watchers]) watcher(state);
  }
}

/** All that several parts want as one: lists together, of everything else the last. */
export function merge(interests: readonly LiveInterest[]): LiveInterest {
  const merged: LiveInterest = Object.assign({}, ...interests);
  const together = (lists: (readonly string[] | undefined)[]): string[] => [
    ...new Set(lists.flatMap((list) => list ?? [])),
  ];
  const values = together(interests.map((one) => one.values));
  const feed = together(interests.map((one) => one.feed));
  return {
    ...merged,
    ...(values.length > 0 && { values: values.slice(0, 500) }),
    ...(feed.length > 0 && { feed: feed.slice(0, 20) }),
  };
}
