import assert from 'node:assert/strict';
import { type Packet, packetTypeNames, type QoS } from '@cauldron/protocol';
import { Client } from '../client.ts';
import type { ClientOptions } from '../options.ts';
import { FakePlatform } from './fake-platform.ts';
import { ManualStore } from './manual-store.ts';
import { ModelBroker } from './model-broker.ts';

const isTraced = process.env.SEED !== undefined;

interface Published {
  readonly text: string;
  readonly qos: QoS;
  outcome: string | undefined;
}

/** Publishes at random in both directions while the network breaks at random, and then looks at what arrived. */
class Run {
  readonly seed: number;
  platform: FakePlatform;
  readonly broker: ModelBroker;
  readonly up: Published[] = [];
  readonly down: { readonly text: string; readonly qos: QoS }[] = [];
  readonly handled: string[] = [];
  readonly store: ManualStore | undefined;
  client: Client;
  #count = 0;

  constructor(seed: number, store?: ManualStore) {
    this.seed = seed;
    this.platform = new FakePlatform(seed);
    this.broker = new ModelBroker(this.platform);
    this.store = store;
    this.client = this.#start();
  }

  chance(of: number): boolean {
    return this.platform.chance() < of;
  }

  below(most: number): number {
    return Math.floor(this.platform.chance() * most);
  }

  #start(): Client {
    this.platform.isAlone = true;
    this.platform.accept = this.#shaken(this.platform.accept);
    const options: ClientOptions = {
      clientId: 'one',
      keepAlive: 5,
      connectTimeout: 2000,
      protocolVersion: 5,
      maxInflight: 1 + this.below(6),
      reconnect: { minDelay: 20, maxDelay: 100 },
      onUndelivered: (error, { payload }) => this.#ended(new TextDecoder().decode(payload), error),
      ...(this.store === undefined ? {} : { store: this.store }),
      ...(!isTraced ? {} : { trace: (way, packet) => console.log(this.platform.now(), way, show(packet)) }),
    };
    const client = new Client(this.platform, 'mqtt://broker', options);
    void client.start(false);
    const handler = async (text: string) => {
      this.handled.push(text);
      if (this.chance(0.3)) await new Promise<void>((resolve) => this.platform.setTimer(this.below(50), resolve));
    };
    void client.on('down', (message) => handler(message.text()), { qos: 2 }).catch(() => undefined); // asserted by what it gets
    return client;
  }

  /** Connections that are refused, hang, or break after a few bytes. */
  #shaken(accept: FakePlatform['accept']): FakePlatform['accept'] {
    return (transport) => {
      if (this.isCalm) {
        accept(transport);
        return;
      }
      if (this.chance(0.1)) return;
      if (this.chance(0.1)) {
        transport.cut(new Error('refused'));
        return;
      }
      if (this.chance(0.3)) transport.cutAfter.up = this.below(120);
      if (this.chance(0.3)) transport.cutAfter.down = this.below(60);
      accept(transport);
    };
  }

  isCalm = false;

  #ended(text: string, error: Error): void {
    const item = this.up.find((published) => published.text === text);
    if (item !== undefined) item.outcome = (error as Error & { code: string }).code;
  }

  publish(): void {
    const qos = this.below(3) as QoS;
    const item: Published = { text: `u${++this.#count}`, qos, outcome: undefined };
    this.up.push(item);
    this.client.publish('up', item.text, { qos }).then(
      () => {
        item.outcome = 'done';
      },
      (error) => {
        item.outcome = error.code;
      },
    );
  }

  /** Hands over a message that must arrive once it was accepted, whatever crashes. */
  enqueue(): void {
    const qos = (1 + this.below(2)) as QoS;
    const item: Published = { text: `u${++this.#count}`, qos, outcome: undefined };
    const accepted = this.client.enqueue('up', item.text, { qos });
    accepted.then(
      ({ complete }) => {
        this.up.push(item);
        complete.then(
          () => {
            item.outcome = 'done';
          },
          () => undefined, // onUndelivered tells
        );
      },
      () => undefined, // was not accepted
    );
  }

  publishDown(): void {
    const item = { text: `d${++this.#count}`, qos: this.below(3) as QoS };
    this.down.push(item);
    this.broker.publish(item.text, item.qos);
  }

  /** Something happens to the network. */
  fault(): void {
    const transport = this.platform.transports.at(-1);
    if (transport === undefined) return;
    const kind = this.below(5);
    if (kind === 0) transport.cut();
    else if (kind === 1) transport.cutAfter.up = this.below(60);
    else if (kind === 2) transport.cutAfter.down = this.below(40);
    else if (kind === 3) transport.stuck = true;
    else transport.finish();
    if (this.chance(0.4)) this.broker.losesSession = true;
    if (this.chance(0.3)) this.broker.receiveMaximum = 1 + this.below(6);
  }

  /** The process ends, and another one begins with the same store. */
  async crash(): Promise<void> {
    // Whoever dies before the store knows that the session is gone takes the next one for it.
    if (this.store!.noted.some(({ operation }) => operation.kind === 'inbound-clear')) this.broker.hiddenLosses += 1;
    this.store!.crash();
    this.platform = new FakePlatform(this.seed * 1000 + this.#count);
    this.broker.serve(this.platform);
    this.client = this.#start();
    await this.platform.settle();
  }

  async pass(): Promise<void> {
    await this.platform.advance(this.below(60));
    if (this.store !== undefined && this.chance(0.7)) this.store.keepGroups(1 + this.below(3));
  }

  /** No more faults; everything under way comes to its end. */
  async calm(): Promise<void> {
    this.isCalm = true;
    this.platform.transports.at(-1)?.cut();
    for (let i = 0; i < 60; i++) {
      if (this.store !== undefined) this.store.keep();
      await this.platform.advance(i < 20 ? 100 : 1000);
      if (i > 5 && this.client.connected && this.#isSettled) break;
    }
    assert.equal(this.client.connected, true);
  }

  get #isSettled(): boolean {
    const { messages, inflight } = this.client.queue;
    return messages === 0 && inflight === 0 && this.broker.idle && (this.store?.noted.length ?? 0) === 0;
  }

  check(): void {
    const { taken, forgotten, hiddenLosses } = this.broker;
    const isExact = hiddenLosses === 0;
    for (const { text, qos, outcome: told } of this.up) {
      const outcome = told ?? (this.store === undefined ? undefined : 'done'); // whoever waited may have crashed
      const times = taken.filter((other) => other.text === text).length;
      const what = `${text} of QoS ${qos} ended with ${outcome} and was taken ${times} times`;
      assert.ok(outcome !== undefined, what);
      if (outcome === 'done' && qos > 0) assert.ok(times >= 1, what);
      if (qos === 0 || (qos === 2 && isExact)) assert.ok(times <= 1, what);
      if (outcome !== 'done') assert.deepEqual([outcome, qos], ['SESSION_LOST', 2], what);
    }
    inOrder(taken.filter(({ qos }) => qos > 0).map(({ text }) => text));
    inOrder(taken.filter(({ qos }) => qos === 0).map(({ text }) => text));
    for (const { text, qos } of this.down) {
      const times = this.handled.filter((other) => other === text).length;
      const what = `${text} of QoS ${qos} was handled ${times} times`;
      if ((qos === 1 || (qos === 2 && isExact)) && !forgotten.includes(text)) assert.ok(times >= 1, what);
      if (qos !== 1 && this.store === undefined && isExact) assert.ok(times <= 1, what);
    }
    inOrder(this.handled.filter((text) => this.down.find((item) => item.text === text)!.qos > 0));
    assert.equal(this.broker.idle, true);
  }
}

function show(packet: Packet): string {
  const { type: _, ...rest } = packet;
  const payload = 'payload' in packet ? new TextDecoder().decode(packet.payload) : '';
  return `${packetTypeNames[packet.type]} ${payload} ${JSON.stringify({ ...rest, payload: undefined })}`;
}

/** Each text comes for the first time behind those that were published before it. */
function inOrder(texts: readonly string[]): void {
  const firsts = [...new Set(texts)].map((text) => Number(text.slice(1)));
  assert.deepEqual(
    firsts,
    firsts.toSorted((a, b) => a - b),
  );
}

/** `network`: connections break and sessions are lost. `crash`: the process ends too, and goes on with its store. */
export type Kind = 'network' | 'crash';

const steps: Readonly<Record<Kind, (run: Run) => unknown>> = {
  network: (run) => {
    const kind = run.below(10);
    if (kind < 4) run.publish();
    else if (kind < 7) run.publishDown();
    else run.fault();
  },
  crash: (run) => {
    const kind = run.below(10);
    if (kind < 5) run.enqueue();
    else if (kind < 6) run.publishDown();
    else if (kind < 9) run.fault();
    else return run.crash();
    return undefined;
  },
};

/** Plays one seed. @throws {Error} what was broken, with the seed; `SEED=n` plays that one alone and traces it */
export async function simulate(kind: Kind, seed: number): Promise<void> {
  const run = new Run(seed, kind === 'crash' ? new ManualStore() : undefined);
  try {
    const count = 5 + run.below(25);
    for (let i = 0; i < count; i++) {
      await steps[kind](run);
      await run.pass();
    }
    await run.calm();
    run.check();
  } catch (error) {
    throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error });
  }
}
