import assert from 'node:assert/strict';
import type { BrokerCore } from '@cauldron/core';
import { encodeUtf8 } from '@cauldron/protocol';
import { Traffic } from '../traffic.ts';

type Whole = Parameters<Traffic['view']>[0];
type ViewOf = { readonly [K in keyof Whole]?: Whole[K] };
type Value = NonNullable<ReturnType<Traffic['value']>>;

/** A broker whose clock only a test moves. */
interface SceneBroker {
  readonly core: BrokerCore;
  advance(milliseconds: number): void;
}

/** A broker and its traffic; later turns of the loop come when a test says so. */
export class Scene<Broker extends SceneBroker> {
  readonly broker: Broker;
  readonly traffic: Traffic;
  readonly #later: (() => void)[] = [];

  constructor(broker: Broker, maxTopics = 250_000) {
    this.broker = broker;
    this.traffic = new Traffic(broker.core, () => broker.core.now, {
      maxTopics,
      later: (work) => this.#later.push(work),
    });
  }

  /** Somebody watches from now on, and what is retained has been gone through. */
  watch(): () => void {
    const end = this.traffic.watch();
    this.turns();
    return end;
  }

  /** Does what was put off to later turns; returns how many turns that took. */
  turns(most = Number.POSITIVE_INFINITY): number {
    let turns = 0;
    for (; turns < most && this.#later.length > 0; turns++) this.#later.shift()!();
    return turns;
  }

  /** Time goes by, with a tick every 100 ms. */
  pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= 100) {
      this.broker.advance(Math.min(100, left));
      this.traffic.tick(this.broker.core.now);
    }
  }

  /** The broker's program publishes a retained message. */
  retain(topic: string, payload: string | Uint8Array = 'x'): void {
    const bytes = typeof payload === 'string' ? encodeUtf8(payload) : payload;
    const draft = { topic, payload: bytes, qos: 0 as const, retain: true, properties: undefined };
    assert.ok(this.broker.core.publish(draft) < 0x80);
  }

  view(view: ViewOf = {}): ReturnType<Traffic['view']> {
    const all = { expanded: [], search: '', offset: 0, limit: 100, system: false };
    return this.traffic.view({ ...all, ...view });
  }

  /** The rows of a view as `path=value`. */
  rows(view: ViewOf = {}): string[] {
    return this.view(view).rows.map(({ path, value }) => `${path}=${value?.preview ?? ''}`);
  }

  value(topic: string): Value {
    const value = this.traffic.value(topic);
    assert.ok(value !== null, `nothing is known of ${topic}`);
    return value;
  }

  graph(view: { limit?: number; filter?: string; open?: string[] } = {}): ReturnType<Traffic['graph']> {
    return this.traffic.graph({ limit: 200, filter: '#', open: [], ...view });
  }
}
