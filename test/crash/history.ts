import type { QoS } from '@cauldron/protocol';

/** What a broker promises that may be killed at any moment, by name. */
export const promises = {
  'acknowledged-delivered': 'an acknowledged QoS 1 or 2 message reaches every durable session that was subscribed',
  'exactly-once': 'a QoS 2 message reaches a QoS 2 subscriber once',
  order: 'messages of one publisher, topic and QoS arrive in the order they were first sent',
  subscribed: 'nothing comes from a subscription whose UNSUBACK was sent, and nothing older than the subscription',
  'retained-fresh': 'a retained message is never older than one acknowledged before the SUBSCRIBE',
  'retained-there': 'an acknowledged retained message is there for who subscribes later',
  session: 'a session is there exactly as long as it was agreed on',
  will: 'the will of a client that went without a goodbye is published, also when the broker went with it',
  intact: 'a message arrives as it was sent',
  'packet-id': 'a packet identifier stands for one message until its exchange is over',
  'qos2-state': 'both sides remember a QoS 2 exchange until it is over',
  answer: 'every answer belongs to a request, and correct clients are not refused',
  'well-formed': 'the broker sends only whole and valid packets',
  settled: 'what was acknowledged by its subscriber does not come again after a stop and a start',
  store: 'at rest the store is sound, and holds nothing that nobody needs',
  drained: 'when everybody is connected and reads, everything comes to rest',
} as const;
export type Promised = keyof typeof promises;

/** A promise that was not kept. */
export interface Violation {
  readonly promise: Promised;
  readonly what: string;
}

const NEVER = Number.POSITIVE_INFINITY;

/** A message a client published. Times are moments of {@link History.moment}; Infinity = has not happened. */
export interface SentMessage {
  readonly index: number;
  readonly publisher: string;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Bytes of payload; 0 = it deletes what is retained. */
  readonly size: number;
  readonly firstSentAt: number;
  transmissions: number;
  /** PUBACK, or the PUBREC of QoS 2, with a success code. */
  acknowledgedAt: number;
}

/** A SUBSCRIBE and what came of it: surely there in one span, possibly in a wider one. */
export interface SubscriptionSpan {
  readonly filter: string;
  readonly qos: QoS;
  /** SUBSCRIBE sent. */
  readonly possibleFrom: number;
  /** SUBACK got. */
  sureFrom: number;
  /** UNSUBSCRIBE sent. */
  sureTo: number;
  /** UNSUBACK got. */
  possibleTo: number;
}

/** A message as its subscriber took it: a QoS 2 repetition, which the subscriber answers and drops, is none. */
export interface Receipt {
  readonly message: SentMessage;
  readonly qos: QoS;
  readonly dup: boolean;
  readonly at: number;
}

/** One session of a durable client, from the CONNACK that began it. */
export class SessionHistory {
  readonly clientId: string;
  /** The client began anew, or the broker lost it. */
  endedAt = NEVER;
  readonly subscriptions: SubscriptionSpan[] = [];
  readonly receipts: Receipt[] = [];
  readonly #moment: () => number;

  constructor(clientId: string, moment: () => number) {
    this.clientId = clientId;
    this.#moment = moment;
  }

  /** A SUBSCRIBE is sent. */
  subscribing(filter: string, qos: QoS): SubscriptionSpan {
    const span = { filter, qos, possibleFrom: this.#moment(), sureFrom: NEVER, sureTo: NEVER, possibleTo: NEVER };
    this.subscriptions.push(span);
    return span;
  }

  /** Its SUBACK came. */
  subscribed(span: SubscriptionSpan): void {
    span.sureFrom = this.#moment();
  }

  /** An UNSUBSCRIBE is sent. */
  unsubscribing(filter: string): void {
    const now = this.#moment();
    for (const span of this.#present(filter)) span.sureTo = Math.min(span.sureTo, now);
  }

  /** Its UNSUBACK came. */
  unsubscribed(filter: string): void {
    const now = this.#moment();
    for (const span of this.#present(filter)) span.possibleTo = now;
  }

  received(message: SentMessage, qos: QoS, dup: boolean): void {
    this.receipts.push({ message, qos, dup, at: this.#moment() });
  }

  #present(filter: string): SubscriptionSpan[] {
    return this.subscriptions.filter((span) => span.filter === filter && span.possibleTo === NEVER);
  }
}

/** What a fresh subscriber found retained. */
export interface RetainedReading {
  readonly filter: string;
  /** Which life of the broker it was in, from 1. */
  readonly life: number;
  /** SUBSCRIBE sent. */
  readonly askedAt: number;
  readonly found: SentMessage[];
  /** It was given the time to get everything. */
  complete: boolean;
}

/** A client with a will that never comes back. */
export interface WillHistory {
  readonly name: string;
  /** It is known to be on the disk; Infinity = nobody knows whether there is such a will. */
  agreedAt: number;
  /** Its connection broke, or the broker was killed. */
  brokenAt: number;
  published: number;
}

/** What the clients of a run sent, asked for and got, in the order they noticed it: what the checks look at. */
export class History {
  readonly messages: SentMessage[] = [];
  readonly sessions: SessionHistory[] = [];
  readonly readings: RetainedReading[] = [];
  readonly wills: WillHistory[] = [];
  /** What clients found wrong when it happened. */
  readonly complaints: Violation[] = [];
  /** Everything had come to rest, and the broker was stopped and started once more. */
  settledAt = NEVER;
  /** How often the broker has begun to listen. */
  life = 0;
  readonly #current = new Map<string, SessionHistory>();
  readonly #connects = new Map<string, number>();
  #moment = 0;

  /** The next moment: everything that happens has one of its own, so that any two have an order. */
  readonly moment = (): number => {
    this.#moment += 1;
    return this.#moment;
  };

  complain(promise: Promised, what: string): void {
    this.complaints.push({ promise, what });
  }

  /** A message is sent for the first time. */
  sent(publisher: string, topic: string, qos: QoS, retain: boolean, size: number): SentMessage {
    const index = this.messages.length;
    const firstSentAt = this.moment();
    const message = {
      index,
      publisher,
      topic,
      qos,
      retain,
      size,
      firstSentAt,
      transmissions: 1,
      acknowledgedAt: NEVER,
    };
    this.messages.push(message);
    return message;
  }

  acknowledged(message: SentMessage): void {
    message.acknowledgedAt = this.moment();
  }

  /** A CONNECT is sent. One that begins anew ends the session whether it is answered or not. */
  connecting(clientId: string, cleanStart: boolean): void {
    this.#connects.set(clientId, (this.#connects.get(clientId) ?? 0) + 1);
    const current = this.#current.get(clientId);
    if (!cleanStart || current === undefined) return;
    current.endedAt = this.moment();
    this.#current.delete(clientId);
  }

  /** Its CONNACK came. @returns the session the client has now */
  connected(clientId: string, cleanStart: boolean, present: boolean): SessionHistory {
    const current = this.#current.get(clientId);
    const first = this.#connects.get(clientId) === 1;
    if (present && (cleanStart || first)) this.complain('session', `${clientId} is said to have an old session`);
    if (current !== undefined && present) return current;
    if (current !== undefined) {
      this.complain('session', `the session of ${clientId} is lost`);
      current.endedAt = this.moment();
    }
    const session = new SessionHistory(clientId, this.moment);
    this.sessions.push(session);
    this.#current.set(clientId, session);
    return session;
  }

  /** A fresh client asks for what is retained. */
  reading(filter: string): RetainedReading {
    const reading = { filter, life: this.life, askedAt: this.moment(), found: [], complete: false };
    this.readings.push(reading);
    return reading;
  }

  /** A client connects with a will of this name. */
  will(name: string): WillHistory {
    const will = { name, agreedAt: NEVER, brokenAt: NEVER, published: 0 };
    this.wills.push(will);
    return will;
  }
}
