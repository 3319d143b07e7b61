import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, connect, MqttError, type NodeClientOptions, type PublishOptions } from '@cauldron/client';
import { audiences, Pace, type Shape, stamp, stampOf, topicsOf } from './plan.ts';
import { Recorder, type Result } from './recorder.ts';

/** A load, as the flags have it. */
export interface Load extends Shape {
  readonly url: string;
  readonly connect: NodeClientOptions;
  /** Topics are PREFIX/0, PREFIX/1 ... */
  readonly prefix: string;
  readonly publish: PublishOptions;
  /** Bytes of a payload. */
  readonly size: number;
  /** Messages a second of all publishers together; undefined = as many as go. */
  readonly rate: number | undefined;
  /** QoS 1 and 2 messages of one publisher that wait for their acknowledgement. */
  readonly inflight: number;
  /** Seconds before the measured time, and of the measured time. */
  readonly warmup: number;
  readonly duration: number;
}

/** What this process itself had to do in the measured time. */
export interface Effort {
  /** 1 = one CPU the whole time; more with the threads of Node. */
  readonly cpu: number;
  /** Share of the time in which JavaScript, of which there is one thread, was at work. */
  readonly loop: number;
}

export interface Outcome extends Result, Effort {
  /** Milliseconds until all clients were connected and subscribed. */
  readonly setup: number;
}

/** Clients that connect at once: more would measure the backlog of the listener. */
const AT_ONCE = 50;
/** Milliseconds without a delivery after which what is missing is given up. */
const SILENCE = 1000;

/**
 * Connects, subscribes, publishes, waits for what is still to come, and disconnects.
 *
 * @param signal ends it early; what was counted until then is the outcome
 * @throws what made the first connections or subscriptions fail
 */
export async function runLoad(load: Load, signal: AbortSignal): Promise<Outcome> {
  const crowd = new Crowd(load, signal);
  const began = performance.now();
  try {
    await crowd.gather();
    const setup = performance.now() - began;
    const effort = await crowd.work();
    return { ...crowd.recorder.result, ...effort, setup };
  } finally {
    await crowd.leave();
  }
}

class Crowd {
  readonly recorder = new Recorder();
  readonly #load: Load;
  readonly #signal: AbortSignal;
  readonly #audiences: readonly number[];
  readonly #clients: Client[] = [];
  #publishing = true;

  constructor(load: Load, signal: AbortSignal) {
    this.#load = load;
    this.#signal = signal;
    this.#audiences = audiences(load);
  }

  async gather(): Promise<void> {
    const { publishers, subscribers, topics, prefix, publish } = this.#load;
    await inTurns(publishers + subscribers, async (i) => {
      this.#signal.throwIfAborted();
      const client = await connect(this.#load.url, { ...this.#load.connect, signal: this.#signal });
      this.#clients[i] = client;
      client.onState((state) => {
        if (state.status === 'waiting' && state.attempt === 1) this.recorder.lostConnection();
        if (state.status === 'ended' && state.reason !== undefined && !this.#signal.aborted) {
          this.recorder.failed(nameOf(state.reason));
        }
      });
      if (i < publishers) return;
      const filters = topicsOf(i - publishers, subscribers, topics).map((topic) => `${prefix}/${topic}`);
      await client.on(filters, ({ payload }) => this.#received(payload), { qos: publish.qos });
    });
  }

  #received(payload: Uint8Array): void {
    const at = stampOf(payload);
    if (at !== undefined) this.recorder.received(performance.now(), at);
  }

  async work(): Promise<Effort> {
    const { publishers, warmup, duration } = this.#load;
    const clients = this.#clients.slice(0, publishers);
    const publishing = Promise.all(clients.map((client, i) => this.#publish(client, i)));
    await this.#pause(warmup * 1000);
    const [cpu, loop, began] = [process.cpuUsage(), performance.eventLoopUtilization(), performance.now()];
    this.recorder.begin(began);
    await this.#pause(duration * 1000);
    const now = performance.now();
    this.recorder.finish(now);
    const { user, system } = process.cpuUsage(cpu);
    const { utilization } = performance.eventLoopUtilization(loop);
    this.#publishing = false;
    await this.#drain(publishing);
    return { cpu: (user + system) / 1000 / Math.max(1, now - began), loop: utilization };
  }

  /** Waits for what was published, as long as something comes. */
  async #drain(publishing: Promise<unknown>): Promise<void> {
    let done = false;
    void publishing.then(() => {
      done = true;
    });
    let [seen, since] = [-1, 0];
    while (!this.#signal.aborted) {
      const { arrived, outstanding } = this.recorder;
      if (done && outstanding === 0) return;
      if (arrived !== seen) [seen, since] = [arrived, performance.now()];
      else if (performance.now() - since > SILENCE) return;
      await sleep(10);
    }
  }

  #publish(client: Client, i: number): Promise<unknown> {
    const { publishers, topics, publish, inflight, rate } = this.#load;
    const own = topicsOf(i, publishers, topics);
    const next = new Turn(own.map((topic) => `${this.#load.prefix}/${topic}`));
    const audience = own.map((topic) => this.#audiences[topic]!);
    const start = performance.now();
    const pace = rate === undefined ? undefined : new Pace(start + (i / rate) * 1000, (publishers / rate) * 1000);
    const lanes = (publish.qos ?? 0) === 0 ? 1 : inflight;
    return Promise.all(
      Array.from({ length: lanes }, () => {
        const payload = new Uint8Array(this.#load.size);
        return this.#lane(client, pace, async (at) => {
          const which = next.take();
          stamp(payload, at);
          await client.publish(next.topics[which]!, payload, publish);
          this.recorder.sent(performance.now(), audience[which]!);
        });
      }),
    );
  }

  /** Publishes one message after the other until it is enough. */
  async #lane(client: Client, pace: Pace | undefined, publish: (at: number) => Promise<void>): Promise<void> {
    while (this.#publishing && !this.#signal.aborted && client.state.status !== 'ended') {
      const now = performance.now();
      const wait = pace?.wait(now) ?? 0;
      if (wait > 0) {
        await this.#pause(Math.min(wait, 100));
        continue;
      }
      try {
        await publish(pace?.take(now) ?? now);
      } catch (error) {
        if (this.#signal.aborted) return;
        this.recorder.failed(nameOf(error));
        await sleep(0); // a broker that refuses everything must not keep the program from ending
      }
    }
  }

  /** Sleeps; less where it is to end. */
  async #pause(ms: number): Promise<void> {
    if (this.#signal.aborted) return;
    await sleep(ms, undefined, { signal: this.#signal }).catch((error: Error) => {
      if (!this.#signal.aborted) throw error;
    });
  }

  async leave(): Promise<void> {
    this.#publishing = false;
    await Promise.all(this.#clients.map((client) => client?.end({ timeout: 0 })));
  }
}

/** Several lanes of one publisher take its topics in turn. */
class Turn {
  readonly topics: readonly string[];
  #next = 0;

  constructor(topics: readonly string[]) {
    this.topics = topics;
  }

  take(): number {
    const taken = this.#next;
    this.#next = (taken + 1) % this.topics.length;
    return taken;
  }
}

/** Calls for each number below `count`, some at once; the first error ends it. */
async function inTurns(count: number, call: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const mine = next;
      next += 1;
      try {
        await call(mine);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, count) }, work));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function nameOf(error: unknown): string {
  if (!(error instanceof MqttError)) return (error as Error).message;
  return error.code === 'PUBLISH_REFUSED' ? error.message.replace(/^.*? on [^:]*: /, 'refused: ') : error.code;
}
