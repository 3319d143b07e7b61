import type { LiveEvents, LiveInterest, TopicValue } from '@cauldron/broker/admin-api';

/** The last message of a topic, as this page knows it. */
export interface TopicReading {
  readonly value: TopicValue;
  /**
   * Milliseconds since 1970: when it came to this page, or, of what was there before, when it was published; null = nobody
   * knows.
   */
  readonly at: number | null;
  /** Usual milliseconds between two messages; null = not known yet. */
  readonly interval: number | null;
  /** It was seen to arrive, so it is news and not what lay there. */
  readonly arrived: boolean;
}

/** What the values need of the page. */
export interface TopicValuesPorts {
  /** Asks for live data; what comes back ends it. */
  want(
    interest: LiveInterest,
    handle: (event: keyof LiveEvents, data: LiveEvents[keyof LiveEvents]) => void,
  ): () => void;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back a little later, once: changes of one moment become one request. */
  later(then: () => void): void;
  /** Calls back some time later: what nobody looks at is kept until then. */
  muchLater(then: () => void): void;
}

/** Values the stream carries at most. */
export const MOST_TOPICS = 500;

/**
 * Last values of topics, for all widgets of the page together: each topic is asked for once, however many widgets show it.
 * A topic that nobody shows any more stays asked for a moment longer, so that a page that is drawn anew misses nothing.
 */
export class TopicValues {
  readonly #ports: TopicValuesPorts;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #readings = new Map<string, TopicReading>();
  #asked = new Set<string>();
  #end: () => void = () => {};
  #asking = false;
  #forgetting = false;

  constructor(ports: TopicValuesPorts) {
    this.#ports = ports;
  }

  /** The last message of a topic; undefined = none came yet. */
  get(topic: string): TopicReading | undefined {
    return this.#readings.get(topic);
  }

  /** Calls back with every message of a topic, until the function that comes back is called. */
  watch(topic: string, changed: () => void): () => void {
    const watchers = this.#watchers.get(topic) ?? new Set();
    this.#watchers.set(topic, watchers.add(changed));
    if (!this.#asked.has(topic)) this.#askLater();
    return () => {
      watchers.delete(changed);
      if (watchers.size === 0) this.#forgetLater();
    };
  }

  #askLater(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#ports.later(() => {
      this.#asking = false;
      const wanted = [...this.#watchers.keys()].filter((topic) => this.#watchers.get(topic)!.size > 0);
      this.#ask(new Set([...this.#asked, ...wanted]));
    });
  }

  #forgetLater(): void {
    if (this.#forgetting) return;
    this.#forgetting = true;
    this.#ports.muchLater(() => {
      this.#forgetting = false;
      for (const [topic, watchers] of this.#watchers) {
        if (watchers.size > 0) continue;
        this.#watchers.delete(topic);
        this.#readings.delete(topic);
      }
      this.#ask(new Set(this.#watchers.keys()));
    });
  }

  #ask(topics: Set<string>): void {
    if (topics.size === this.#asked.size && [...topics].every((topic) => this.#asked.has(topic))) return;
    this.#asked = topics;
    const before = this.#end;
    const interest = { values: [...topics].slice(0, MOST_TOPICS) };
    this.#end =
      topics.size === 0
        ? () => {}
        : this.#ports.want(interest, (event, data) => {
            if (event === 'values') this.#take((data as LiveEvents['values']).values);
          });
    before();
  }

  #take(values: readonly TopicValue[]): void {
    const now = this.#ports.now();
    for (const value of values) {
      const before = this.#readings.get(value.topic);
      // After a new connection everything is said again.
      if (before !== undefined && isSame(before.value, value)) continue;
      this.#readings.set(value.topic, nextReading(before, value, now));
      for (const changed of [...(this.#watchers.get(value.topic) ?? [])]) changed();
    }
  }
}

const isSame = (a: TopicValue, b: TopicValue): boolean =>
  a.at === b.at && a.count === b.count && a.payload.data === b.payload.data;

function nextReading(before: TopicReading | undefined, value: TopicValue, now: number): TopicReading {
  if (before === undefined) return { value, at: value.at, interval: null, arrived: false };
  const gap = before.arrived && before.at !== null ? now - before.at : null;
  const { interval } = before;
  return {
    value,
    at: now,
    interval: gap === null ? interval : interval === null ? gap : interval * 0.7 + gap * 0.3,
    arrived: true,
  };
}
