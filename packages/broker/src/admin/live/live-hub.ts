import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Viewer } from '../http/access.ts';
import type { AdminUser } from '../http/users.ts';
import { ApiProblem } from '../problem.ts';
import type { LiveEvents } from '../schema/index.ts';
import type { AdminServices } from '../services.ts';
import { type Interest, LiveStream, type Sent, SNAPSHOTS, type Snapshot } from './live-stream.ts';

/** Milliseconds between two looks at what has changed. */
const STEP = 100;
/** Milliseconds between two looks at who may still look. */
const CHECK_EVERY = 1000;
/** Milliseconds until something that failed is tried again. */
const AFTER_FAILURE = 60_000;
/** A look that took long is not taken again before this many times as long: a tenth of the time at most goes there. */
const REST = 10;
/** Milliseconds a step may take; who is left out comes first with the next. */
const STEP_WORK = 20;
/** A step that took longer is followed by a pause of so many times as long: clients have most of the time. */
const PAUSE = 3;
/** The newest events that go with a client. */
const CLIENT_EVENTS = 100;

/** Milliseconds between two looks at each. */
const EVERY: Readonly<Record<Snapshot, number>> = {
  overview: 1000,
  topics: 500,
  clients: 1000,
  client: 1000,
  graph: 500,
};

type Answer = LiveEvents[Snapshot];

/** What is sent. */
interface Made {
  /** JSON; null = it failed. */
  readonly text: string | null;
  /** Milliseconds it took. */
  readonly cost: number;
}

export interface LiveHubOptions {
  readonly services: AdminServices;
  /** Most streams, in all and from one address. */
  readonly maxStreams: number;
  readonly maxStreamsPerAddress: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Something failed that should not have. */
  readonly report: (error: unknown) => void;
  /** What work is measured with, milliseconds; default `performance.now`. */
  readonly clock?: () => number;
}

/**
 * The live streams of all pages, and the one timer behind them. It runs only while there are some.
 *
 * ```
 *  each step, for each stream that has taken what it was sent:   values, feed; then what is due of the rest
 *                                                                  |
 *     the same is asked once for all that show it --> changed? --> sent
 * ```
 *
 * However many show whatever, a quarter of the time goes there: a step ends when it took long, and then there is a pause.
 */
export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #streams = new Map<string, { readonly stream: LiveStream; readonly viewer: Viewer }>();
  /** What was made in this step, by kind and wish. */
  readonly #made = new Map<string, Made | Promise<Made>>();
  #timer: NodeJS.Timeout | undefined;
  #checkedAt = 0;
  /** By the clock of work; no step before. */
  #pausedUntil = 0;
  readonly #clock: () => number;
  /** Streams that found no room. */
  refused = 0;

  constructor(options: LiveHubOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Whether another stream from there finds room. @throws {ApiProblem} TOO_MANY_STREAMS */
  admit(host: string): void {
    const { maxStreams, maxStreamsPerAddress } = this.#options;
    const own = [...this.#streams.values()].filter(({ viewer }) => viewer.host === host).length;
    const [full, limit] =
      own >= maxStreamsPerAddress
        ? [`${own} pages of your address are open`, 'dashboard.maxStreamsPerAddress']
        : [`${this.size} pages are open`, 'dashboard.maxStreams'];
    if (own < maxStreamsPerAddress && this.size < maxStreams) return;
    this.refused += 1;
    throw new ApiProblem(503, 'TOO_MANY_STREAMS', `${full} already, which is the most (${limit}). Close some of them.`);
  }

  /** Begins a stream on an answer whose headers are written; none where whoever asked is gone, and would not be missed. */
  open(response: ServerResponse, viewer: Viewer): void {
    if (response.destroyed) return;
    const now = this.#options.now();
    const stream = new LiveStream(randomBytes(16).toString('base64url'), response, this.#options.services.traffic);
    this.#streams.set(stream.id, { stream, viewer });
    response.once('close', () => this.#end(stream));
    response.on('error', () => this.#end(stream));
    stream.send('hello', { stream: stream.id }, now);
    this.#timer ??= setInterval(() => this.#step(), STEP).unref();
  }

  /** Has a stream show something else. False = whoever asks has no such stream. */
  show(id: string, key: unknown, interest: Interest): boolean {
    const found = this.#streams.get(id);
    if (found === undefined || found.viewer.key !== key) return false;
    found.stream.show(interest, this.#options.now());
    return true;
  }

  /** Says goodbye to who may not look any longer. */
  check(): void {
    const now = this.#options.now();
    this.#checkedAt = now;
    for (const { stream, viewer } of [...this.#streams.values()]) {
      const reason = viewer.stillThere();
      if (reason === null) continue;
      stream.send('goodbye', { reason }, now);
      this.#end(stream);
    }
  }

  /** Says goodbye to users. */
  endWhere(fits: (user: AdminUser) => boolean, reason: string): void {
    for (const { stream, viewer } of [...this.#streams.values()]) {
      if (viewer.user === null || !fits(viewer.user)) continue;
      stream.send('goodbye', { reason }, this.#options.now());
      this.#end(stream);
    }
  }

  /** Ends all streams; pages try again by themselves. */
  close(): void {
    for (const { stream } of [...this.#streams.values()]) this.#end(stream);
  }

  #end(stream: LiveStream): void {
    if (!this.#streams.delete(stream.id)) return;
    stream.end();
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #step(): void {
    const now = this.#options.now();
    if (now - this.#checkedAt >= CHECK_EVERY) this.check();
    const begun = this.#clock();
    if (begun < this.#pausedUntil) return;
    this.#made.clear();
    for (const one of [...this.#streams.values()]) {
      if (one.stream.isBusy) continue;
      // Who was served goes to the end, so that none is left out again and again.
      this.#streams.delete(one.stream.id);
      this.#streams.set(one.stream.id, one);
      this.#serve(one.stream, now, begun + STEP_WORK);
      if (this.#clock() > begun + STEP_WORK) break;
    }
    const ended = this.#clock();
    if (ended - begun > STEP_WORK) this.#pausedUntil = ended + PAUSE * (ended - begun);
  }

  /** Sends a stream what is due, and of what has to be looked at no more than one thing behind `until`. */
  #serve(stream: LiveStream, now: number, until: number): void {
    try {
      stream.sendValues(now);
      stream.sendFeed(now);
    } catch (error) {
      this.#options.report(error);
      this.#end(stream); // its page comes again, with a stream of a new beginning
      return;
    }
    for (const kind of SNAPSHOTS) {
      if (this.#sendSnapshot(stream, kind, now) && this.#clock() > until) break;
    }
    stream.heartbeat(now);
  }

  /** False = it is not due. */
  #sendSnapshot(stream: LiveStream, kind: Snapshot, now: number): boolean {
    const sent = stream.due(kind, now);
    if (sent === undefined) return false;
    const name = `${kind} ${sent.key}`;
    const made = this.#made.get(name) ?? this.#make(kind, stream.interest);
    this.#made.set(name, made);
    sent.due = Number.POSITIVE_INFINITY;
    if (made instanceof Promise) void made.then((later) => this.#sendMade(stream, kind, sent, later));
    else this.#sendMade(stream, kind, sent, made);
    return true;
  }

  #sendMade(stream: LiveStream, kind: Snapshot, sent: Sent, { text, cost }: Made): void {
    const now = this.#options.now();
    sent.due = now + (text === null ? AFTER_FAILURE : Math.max(EVERY[kind], REST * cost));
    if (text === null || text === sent.text || !stream.isShowing(kind, sent)) return;
    if (stream.isBusy) {
      sent.due = now;
      return;
    }
    sent.text = text;
    stream.sendText(kind, text, now);
  }

  #make(kind: Snapshot, interest: Interest): Made | Promise<Made> {
    const begun = this.#clock();
    const made = (data: unknown): Made => ({ text: JSON.stringify(data), cost: this.#clock() - begun });
    const failed = (error: unknown): Made => {
      if (!(error instanceof ApiProblem)) this.#options.report(error);
      return { text: null, cost: 0 };
    };
    try {
      const data = this.#ask(kind, interest);
      return data instanceof Promise ? data.then(made).catch(failed) : made(data);
    } catch (error) {
      return failed(error);
    }
  }

  #ask(kind: Snapshot, { topics, clients, client, graph }: Interest): Answer | Promise<Answer> {
    const { services } = this.#options;
    switch (kind) {
      case 'overview':
        return services.overview.overview();
      case 'topics':
        return services.traffic.view(topics!);
      case 'clients':
        return services.clients.list(clients!);
      case 'client': {
        const events = services.clients.events({ clientId: client!, limit: CLIENT_EVENTS });
        return { client: services.clients.get(client!), events: events.items };
      }
      case 'graph':
        return services.traffic.graph(graph!);
    }
  }
}
