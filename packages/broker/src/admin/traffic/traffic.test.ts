import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBroker, type TestBrokerOptions, textBytes } from '@cauldron/testkit';
import { Traffic } from './traffic.ts';

type Whole = Parameters<Traffic['view']>[0];
type ViewOf = { readonly [K in keyof Whole]?: Whole[K] };

/** A broker whose traffic is watched, on a clock that only a test moves. */
class Scene {
  readonly broker: TestBroker;
  readonly traffic: Traffic;
  #later: (() => void)[] = [];

  constructor(options: TestBrokerOptions & { readonly maxTopics?: number } = {}) {
    this.broker = new TestBroker(options);
    this.traffic = new Traffic(this.broker.core, () => this.broker.core.now, {
      maxTopics: options.maxTopics ?? 1000,
      later: (work) => this.#later.push(work),
    });
  }

  /** Does what was put off to later turns. */
  turns(most = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < most && this.#later.length > 0; i++) this.#later.shift()!();
  }

  /** Time goes by, with a tick every 100 ms. */
  pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= 100) {
      this.broker.advance(Math.min(100, left));
      this.traffic.tick(this.broker.core.now);
    }
  }

  retain(topic: string, payload = 'x'): void {
    const draft = { topic, payload: textBytes(payload), qos: 0 as const, retain: true, properties: undefined };
    assert.ok(this.broker.core.publish(draft) < 0x80);
  }

  rows(view: ViewOf = {}): string[] {
    return this.view(view).rows.map(({ path, value }) => `${path}=${value?.preview ?? ''}`);
  }

  view(view: ViewOf = {}): ReturnType<Traffic['view']> {
    const all = { expanded: [], search: '', offset: 0, limit: 100, system: false };
    return this.traffic.view({ ...all, ...view });
  }
}

test('what is retained is in the tree once it was gone through, and what is published comes in', () => {
  const scene = new Scene();
  scene.retain('house/hall', '21.5');
  scene.retain('$SYS/broker/uptime', '5');
  const client = scene.broker.connect('c');
  scene.traffic.watch();
  scene.turns();
  client.publish('house/kitchen', '{"t": 1}');
  assert.deepEqual(scene.rows({ expanded: ['house'] }), ['house=', 'house/hall=21.5', 'house/kitchen={"t": 1}']);
  assert.deepEqual(scene.rows({ system: true }), ['house=', '$SYS=']);
});
