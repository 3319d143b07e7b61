import { Random } from '@cauldron/testkit/simulation';
import type { Cleanup } from '../support/process.ts';
import { type BrokerSetup, BrokerUnderTest } from './broker-under-test.ts';
import { checkHistory, summaryOf } from './check-history.ts';
import { CrashCrowd } from './crash-crowd.ts';
import type { History, Violation } from './history.ts';
import { describeMoment, killMoment, PATIENCE } from './kill-plan.ts';
import { LONGEST_WILL_DELAY } from './passers-by.ts';
import { leftovers, storeFindings } from './store-tool.ts';

export interface CrashOptions {
  readonly seed: number;
  readonly kills: number;
  /** Publishers, and as many subscribers. */
  readonly clients: number;
  readonly setup: BrokerSetup;
  /** One broker lives through it all: instead of killing it, every connection is cut. Shows that the checks are fair. */
  readonly spare?: boolean;
  /** Told what happens. */
  readonly say?: (line: string) => void;
  /** The broker is dead, its folder at rest, until this answers. */
  readonly onKilled?: (kill: number, crowd: CrashCrowd) => Promise<void> | void;
}

export interface CrashResult {
  readonly violations: readonly Violation[];
  readonly summary: Readonly<Record<string, number>>;
  readonly history: History;
}

/** Milliseconds without a message after which everything counts as being at rest. */
const QUIET = 250;
/** Milliseconds in which everything must have come to rest. */
const REST_LIMIT = 60_000;

/**
 * Kills a broker again and again under the hands of its clients, then lets everything come to rest, and tells what was
 * promised and not kept. A seed repeats clients and moments, not the interleaving of processes.
 *
 * @throws Error where the broker does not start, or does not stop when it is asked to
 */
export async function crashRun(cleanup: Cleanup, options: CrashOptions): Promise<CrashResult> {
  const random = new Random(options.seed);
  const crowd = new CrashCrowd(random.fork(), options.clients);
  const run = new Run(cleanup, options, crowd);
  try {
    await run.begin();
    for (let kill = 1; kill <= options.kills; kill++) await run.startAndKill(kill, random.fork());
    await run.rest();
  } finally {
    crowd.stop();
  }
  return { violations: checkHistory(crowd.history), summary: summaryOf(crowd.history), history: crowd.history };
}

class Run {
  readonly #cleanup: Cleanup;
  readonly #options: CrashOptions;
  readonly #crowd: CrashCrowd;
  /** Milliseconds a start took, the last time it was not cut short. */
  #startTime = 300;
  /** The one that is spared. */
  #spared: BrokerUnderTest | null = null;

  constructor(cleanup: Cleanup, options: CrashOptions, crowd: CrashCrowd) {
    this.#cleanup = cleanup;
    this.#options = options;
    this.#crowd = crowd;
  }

  /** Everybody gets a session and its subscriptions, so that even the first kill finds something to lose. */
  async begin(): Promise<void> {
    const broker = await this.#start();
    await this.#until('everybody to have connected', () => this.#crowd.settledIn, 10_000);
    await this.#kill(broker, 0);
  }

  async startAndKill(number: number, random: Random): Promise<void> {
    const moment = killMoment(random);
    this.#say(`kill ${number}: ${describeMoment(moment)}`);
    if (moment.at === 'start') {
      const broker = this.#spawn();
      await sleep(this.#startTime * moment.part);
      await this.#kill(broker, number);
      return;
    }
    const broker = await this.#start();
    this.#crowd.mingle(random);
    if (moment.at === 'time') await sleep(moment.milliseconds);
    else if (moment.at === 'stop') {
      await sleep(moment.before);
      if (this.#options.spare !== true) broker.askToStop();
      await sleep(moment.milliseconds);
    } else {
      const kill = (): void => (this.#options.spare === true ? this.#crowd.cutOff() : broker.kill());
      await this.#crowd.packets(moment.type, moment.count, PATIENCE, kill);
    }
    await this.#kill(broker, number);
  }

  /** The broker stays, everybody comes back, and what is under way ends; then once more after a stop and a start. */
  async rest(): Promise<void> {
    const crowd = this.#crowd;
    const { history } = crowd;
    const broker = await this.#start();
    crowd.calmDown();
    await this.#untilQuiet('the drain');
    const wills = (this.#options.setup.restartWillDelay + LONGEST_WILL_DELAY + 3) * 1000;
    // Where a session is lost there is no watcher that could see them.
    const missing = () =>
      history.complaints.length === 0 &&
      history.wills.some((will) => will.agreedAt < Number.POSITIVE_INFINITY && will.published === 0);
    await this.#until('the wills', () => !missing(), wills, 'will');
    await this.#read();
    await this.#stop(broker);
    history.settledAt = history.moment();
    const again = await this.#start();
    await this.#untilQuiet('the stop and start');
    await this.#read();
    crowd.checkOpenExchanges();
    crowd.stop();
    await again.stop();
    await this.#checkStore();
  }

  async #checkStore(): Promise<void> {
    const { data } = this.#options.setup;
    if (data === null) return;
    const wrong = [...(await storeFindings(this.#cleanup, data)), ...(await leftovers(this.#cleanup, data))];
    for (const what of wrong) this.#crowd.history.complain('store', what);
  }

  async #stop(broker: BrokerUnderTest): Promise<void> {
    if (this.#options.spare === true) this.#crowd.cutOff();
    else await broker.stop();
    this.#crowd.brokerGone();
  }

  async #read(): Promise<void> {
    const reader = this.#crowd.read();
    let found = -1;
    while (reader.found > found) {
      found = reader.found;
      await sleep(QUIET);
    }
    reader.complete();
  }

  #spawn(): BrokerUnderTest {
    if (this.#spared !== null) return this.#spared;
    const broker = new BrokerUnderTest(this.#cleanup, this.#options.setup);
    if (this.#options.spare === true) this.#spared = broker;
    return broker;
  }

  async #start(): Promise<BrokerUnderTest> {
    const begun = performance.now();
    const broker = this.#spawn();
    const port = await broker.listening();
    this.#startTime = performance.now() - begun;
    this.#crowd.brokerListens(port);
    return broker;
  }

  async #kill(broker: BrokerUnderTest, number: number): Promise<void> {
    if (this.#options.spare === true) {
      await this.#stop(broker);
      return;
    }
    broker.kill();
    this.#crowd.brokerGone();
    const { code, signal } = await broker.ended();
    const stopped = code === 0 && broker.asked;
    if (signal !== 'SIGKILL' && !stopped)
      throw new Error(`the broker ended by itself with ${code ?? signal}: ${broker.printed}`);
    await this.#options.onKilled?.(number, this.#crowd);
  }

  /** Everybody is connected and idle, and nothing has come for a while. */
  async #untilQuiet(what: string): Promise<void> {
    const crowd = this.#crowd;
    await this.#until(what, () => crowd.idle && performance.now() - crowd.lastPacketAt > QUIET, REST_LIMIT, 'drained');
  }

  async #until(
    what: string,
    holds: () => boolean,
    limit: number,
    promise: 'drained' | 'will' = 'drained',
  ): Promise<void> {
    const deadline = performance.now() + limit;
    while (!holds()) {
      if (performance.now() > deadline) {
        if (promise === 'drained') {
          const state = this.#crowd.state().join('; ');
          this.#crowd.history.complain('drained', `${what} took longer than ${limit} ms: ${state}`);
        }
        return;
      }
      await sleep(10);
    }
  }

  #say(line: string): void {
    this.#options.say?.(line);
  }
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
