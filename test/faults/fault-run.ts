import { type Client, type ClientOptions, createClient } from '@cauldron/client';
import type { Packet, ProtocolVersion } from '@cauldron/protocol';
import { Random } from '@cauldron/testkit/simulation';
import { FaultProxy } from '../support/fault-proxy.ts';
import { describeSchedule, type FaultBounds, faultSchedule } from '../support/fault-schedule.ts';
import type { Peer } from '../support/peers/index.ts';
import { DeliveryLog } from './delivery-log.ts';
import { checkHistory, type Published, type Received, type Violation } from './history.ts';

export interface FaultRunOptions {
  readonly seed: number;
  /** It runs. */
  readonly peer: Peer;
  readonly version: ProtocolVersion;
  /** Over WebSocket instead of TCP. */
  readonly webSocket?: boolean;
  /** The broker comes and goes. */
  readonly restarts?: Restarts;
  /** Milliseconds in which everything must be at rest once faults are over; 10,000 unless it is said. */
  readonly patience?: number | undefined;
  /** Told what happens. */
  readonly say?: ((line: string) => void) | undefined;
}

/** What a run tells whoever restarts the broker, and hears of them. */
export interface Restarts {
  /** The run is about to publish. */
  begun(): void;
  /** The broker is left alone from here on. */
  readonly over: Promise<void>;
}

export interface FaultRunResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly summary: Readonly<Record<'endings' | 'connections' | 'published' | 'received' | 'repeated', number>>;
  /** What was planned and what happened, for whoever looks into a violation. */
  readonly story: string;
}

/** Messages of each QoS. */
const MESSAGES = 30;
/** Milliseconds that faults may go on once everything was handed over. */
const FAULTS = 300;
/** So that most of what is planned happens while the messages of a run are under way. */
const publisherBounds: FaultBounds = { endings: [1, 3], bytes: { toBroker: 1800, toClient: 260 }, longest: 12 };
const subscriberBounds: FaultBounds = { endings: [1, 3], bytes: { toBroker: 260, toClient: 1800 }, longest: 12 };

/**
 * One seed: a publisher and a subscriber, each behind a proxy of its own, and what came of it. A seed repeats faults and
 * messages, not the interleaving of events.
 */
export async function faultRun(options: FaultRunOptions): Promise<FaultRunResult> {
  const cleanups: (() => unknown)[] = [];
  try {
    const run = new FaultRun(options);
    return await run.go({ after: (clean) => void cleanups.push(clean) });
  } finally {
    for (const clean of cleanups.reverse()) await clean();
  }
}

let runs = 0;

class FaultRun {
  readonly #options: FaultRunOptions;
  readonly #random: Random;
  readonly #topic: string;
  readonly #published: Published[] = [];
  readonly #received: Received[] = [];
  readonly #complaints: string[] = [];
  readonly #violations: Violation[] = [];
  readonly #wire = new DeliveryLog();
  readonly #payloads = new Map<string, string>();
  readonly #patience: number;
  #ending = false;

  constructor(options: FaultRunOptions) {
    this.#options = options;
    this.#patience = options.patience ?? 10_000;
    this.#random = new Random(options.seed);
    this.#topic = `faults/${options.seed}/${++runs}`;
  }

  async go(cleanup: { after(clean: () => unknown): void }): Promise<FaultRunResult> {
    const { seed, restarts } = this.#options;
    const plans = [subscriberBounds, publisherBounds].map((bounds) => faultSchedule(this.#random.fork(), bounds));
    const proxies = [await this.#proxy(cleanup), await this.#proxy(cleanup)];
    for (const [at, proxy] of proxies.entries()) proxy.plan(plans[at]!);
    const subscriber = this.#client('subscriber', proxies[0]!, cleanup);
    const publisher = this.#client('publisher', proxies[1]!, cleanup);
    await this.#within('the subscription is granted', this.#subscribe(subscriber));
    if (this.#options.peer.quirks.needsSubscription) await publisher.on(`${this.#topic}-own`, () => {});
    restarts?.begun();
    await this.#publishAll(publisher);
    await restarts?.over;
    await Promise.race([this.#atRest(), sleep(FAULTS)]);
    for (const proxy of proxies) await proxy.heal();
    await this.#within('everything comes to rest', this.#atRest());
    this.#violations.push(...this.#check());
    this.#ending = true;
    await this.#within('the clients end', Promise.all([publisher.end(), subscriber.end()]));
    const violations = this.#violations;
    return { seed, violations, summary: this.#summary(proxies), story: this.#story(plans, proxies) };
  }

  #proxy(cleanup: { after(clean: () => unknown): void }): Promise<FaultProxy> {
    const { peer, webSocket = false } = this.#options;
    return FaultProxy.open(cleanup, webSocket ? Number(new URL(peer.webSocketUrl).port) : peer.port);
  }

  #client(name: string, proxy: FaultProxy, cleanup: { after(clean: () => unknown): void }): Client {
    const { version, webSocket = false, peer, say } = this.#options;
    const path = webSocket ? new URL(peer.webSocketUrl).pathname : '';
    const options: ClientOptions = {
      clientId: `${name}-${this.#topic.replaceAll('/', '-')}`,
      protocolVersion: version,
      // In 3.1.1 nothing else keeps the session from one connection to the next.
      cleanStart:
        this.#random.chance(50) && version === 5 && !(peer.quirks.forgetsCleanStarts && this.#options.restarts),
      // A broker that restarts takes its time.
      reconnect: this.#options.restarts === undefined ? { minDelay: 1, maxDelay: 8 } : { minDelay: 5, maxDelay: 60 },
      connectTimeout: 2000,
      maxInflight: version === 5 ? undefined : peer.quirks.maxInflight,
      onMessage: () => void this.#complaints.push(`the ${name} was given a message that it had not subscribed to`),
      trace: (direction, packet) => {
        say?.(`${this.#options.seed} ${name} ${direction} ${describePacket(packet)}`);
        if (name === 'subscriber' && direction === 'received') this.#wire.received(packet, read);
      },
    };
    const client = createClient(`${webSocket ? 'ws' : 'mqtt'}://127.0.0.1:${proxy.port}${path}`, options);
    if (say)
      client.onState((state) =>
        say(`${this.#options.seed} ${name} is ${state.status} ${'reason' in state ? state.reason?.message : ''}`),
      );
    cleanup.after(() => client.end({ timeout: 0 }));
    void client.closed.then((reason) => {
      if (!this.#ending) this.#violations.push({ promise: 'over', what: `the ${name} gave up: ${reason?.message}` });
    });
    return client;
  }

  async #subscribe(client: Client): Promise<void> {
    const slow = this.#random.chance(40);
    const random = this.#random.fork();
    const take = (text: string, topic: string): void => {
      const message = read(text);
      const sent = this.#payloads.get(`${message.qos} ${message.number}`);
      if (sent !== text)
        this.#complaints.push(`on ${topic} came ${brief(text)} in place of ${brief(sent ?? 'nothing')}`);
      else this.#received.push(message);
    };
    const handler = async (message: { text(): string; topic: string }): Promise<void> => {
      if (random.chance(20)) await sleep(random.below(4));
      take(message.text(), message.topic);
    };
    await client.on(`${this.#topic}/+`, slow ? handler : (message) => take(message.text(), message.topic), { qos: 2 });
  }

  /** Hands over everything, in bursts of a few messages. */
  async #publishAll(client: Client): Promise<void> {
    const next = { 1: 0, 2: 0 };
    while (next[1] < MESSAGES || next[2] < MESSAGES) {
      for (let burst = this.#random.between(1, 10); burst > 0; burst--) {
        const qos = this.#random.pick([1, 2] as const);
        if (next[qos] < MESSAGES) this.#publish(client, qos, next[qos]++);
      }
      if (this.#random.chance(60)) await sleep(this.#random.below(this.#options.restarts === undefined ? 6 : 60));
    }
  }

  #publish(client: Client, qos: 1 | 2, number: number): void {
    const payload = `${qos} ${number} ${'x'.repeat(this.#random.below(this.#random.chance(5) ? 3000 : 60))}`;
    this.#payloads.set(`${qos} ${number}`, payload);
    const published: Published = { qos, number, outcome: 'pending' };
    this.#published.push(published);
    client.publish(`${this.#topic}/${qos}`, payload, { qos }).then(
      () => {
        published.outcome = 'done';
      },
      (error: Error) => {
        published.outcome = error;
      },
    );
  }

  /** Every publish has an end, and everything that was published has been received. */
  async #atRest(): Promise<void> {
    const isThere = (): boolean => {
      if (this.#published.some(({ outcome }) => outcome === 'pending')) return false;
      const masked = this.#isExcused ? this.#wire.masked : [];
      const got = new Set([...this.#received, ...masked].map(({ qos, number }) => `${qos} ${number}`));
      return this.#published.every(({ qos, number, outcome }) => outcome !== 'done' || got.has(`${qos} ${number}`));
    };
    const deadline = performance.now() + this.#patience;
    while (!isThere() && performance.now() < deadline && !this.#ending) await sleep(3);
    // What comes a second time comes soon.
    await sleep(10);
  }

  #check(): Violation[] {
    const [published, received, complaints] = [this.#published, this.#received, this.#complaints];
    return checkHistory({ published, received, complaints, wire: this.#isExcused ? this.#wire : null });
  }

  /** Whether the broker itself repeats and reorders. */
  get #isExcused(): boolean {
    const { peer, restarts } = this.#options;
    const { repeatsAndReorders } = peer.quirks;
    return repeatsAndReorders === 'always' || (repeatsAndReorders !== undefined && restarts !== undefined);
  }

  async #within(what: string, work: Promise<unknown>): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => resolve('late'), this.#patience + 1000);
    const outcome = await Promise.race([work, late]);
    clearTimeout(timer);
    if (outcome === 'late')
      this.#violations.push({ promise: 'unsettled', what: `${what}: not within ${this.#patience} ms` });
  }

  #summary(proxies: readonly FaultProxy[]): FaultRunResult['summary'] {
    const endings = proxies.flatMap(({ history }) => history).filter((line) => /: (cut|reset|half)/.test(line)).length;
    const different = new Set(this.#received.map(({ qos, number }) => `${qos} ${number}`)).size;
    const connections = proxies.reduce((sum, proxy) => sum + proxy.connections, 0);
    const published = this.#published.filter(({ outcome }) => outcome === 'done').length;
    return { endings, connections, published, received: different, repeated: this.#received.length - different };
  }

  #story(plans: readonly Parameters<typeof describeSchedule>[0][], proxies: readonly FaultProxy[]): string {
    const lines = ['subscriber', 'publisher'].flatMap((name, at) => [
      `${name}, planned:\n${describeSchedule(plans[at]!)}`,
      `${name}, happened:\n${proxies[at]!.history.join('\n')}`,
    ]);
    return lines.join('\n');
  }
}

/** Which message it is: `QOS NUMBER FILLING`. */
function read(payload: string | Uint8Array): Received {
  const text = typeof payload === 'string' ? payload : Buffer.from(payload).toString();
  const [qos, number] = text.split(' ', 2).map(Number);
  return { qos: qos as 1 | 2, number: number! };
}

function describePacket(packet: Packet): string {
  const shown = Object.entries(packet).filter(([key]) => key !== 'properties');
  return JSON.stringify(
    Object.fromEntries(shown.map(([key, value]) => [key, value instanceof Uint8Array ? textOf(value) : value])),
  );
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 8)).toString();

const brief = (text: string): string => `"${text.slice(0, 8)}" (${text.length})`;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
