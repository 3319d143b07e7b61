import assert from 'node:assert/strict';
import { TestBroker, type TestBrokerOptions, textBytes } from '@cauldron/testkit';
import { Traffic, type TrafficChange } from '../traffic.ts';

type Whole = Parameters<Traffic['view']>[0];
type ViewOf = { readonly [K in keyof Whole]?: Whole[K] };
type Value = NonNullable<ReturnType<Traffic['value']>>;

export interface SceneOptions extends TestBrokerOptions {
  readonly maxTopics?: number;
}

/** A broker and its traffic, on a clock that only a test moves; later turns come when it says so. */
export class Scene {
  readonly broker: TestBroker;
  readonly traffic: Traffic;
  /** What the audit log would be told, as `user action topic: detail`. */
  readonly audit: string[] = [];
  readonly #later: (() => void)[] = [];

  constructor(options: SceneOptions = {}) {
    this.broker = new TestBroker(options);
    this.traffic = new Traffic(this.broker.core, () => this.broker.core.now, {
      maxTopics: options.maxTopics ?? 100_000,
      later: (work) => this.#later.push(work),
      changed: (by, { action, topic, detail }: TrafficChange) => this.audit.push(`${by} ${action} ${topic}: ${detail}`),
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
    const bytes = typeof payload === 'string' ? textBytes(payload) : payload;
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
