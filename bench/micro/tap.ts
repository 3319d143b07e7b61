import { Fanout, PublishRun, type Subscriber, Subscription, type Topic } from '@cauldron/core';
import { encodePublish, PublishView } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';
import { Traffic } from '../../packages/broker/src/admin/traffic/traffic.ts';
import type { MicroCase, MicroGroup } from './runner.ts';

const PAYLOAD = new Uint8Array(16).fill(120);
/** Between two ticks: a broker that routes a million messages a second. */
const MESSAGES_PER_TICK = 100_000;

/** A broker with one subscriber that takes everything, and its traffic, watched or not. */
class Scene {
  readonly broker = new TestBroker();
  readonly #traffic: Traffic;
  readonly #topics: Topic[];
  readonly #packets: Uint8Array[];
  readonly #publisher: Subscriber;
  readonly #fanout = new Fanout();
  readonly #view = new PublishView();

  constructor(topics: number, watched: boolean) {
    const { core } = this.broker;
    this.#traffic = new Traffic(core, () => core.now, { maxTopics: 250_000, later: () => {} });
    if (watched) this.#traffic.watch();
    core.router.add('#', new Subscription({ deliver() {}, deliverRun: () => true, ready: true }, { qos: 0 }));
    this.#publisher = { clientId: 'publisher', deliver() {}, deliverRun: () => false, ready: true };
    const names = Array.from({ length: topics }, (_, i) => `bench/site-${i % 10}/sensor-${i}`);
    this.#topics = names.map((name) => core.router.topics.intern(name));
    this.#packets = names.map((topic) => packetOf(topic));
  }

  /** Messages one by one, the topics by turns. */
  messages(name: string): MicroCase {
    const { router } = this.broker.core;
    return this.#case(name, (i) => {
      const topic = this.#topics[i % this.#topics.length]!;
      const packet = this.#packets[i % this.#topics.length]!;
      this.#view.read(packet, 0, 2, packet.length, false);
      this.#fanout.startView(topic, this.#view, this.#publisher, 0);
      router.publish(this.#fanout);
      this.#fanout.finish();
      return 1;
    });
  }

  /** QoS 0 messages of one topic that came together; timed for each message. */
  runs(name: string, count: number): MicroCase {
    const { router } = this.broker.core;
    const packet = this.#packets[0]!;
    const bytes = new Uint8Array(packet.length * count);
    for (let i = 0; i < count; i++) bytes.set(packet, i * packet.length);
    const run = new PublishRun();
    return this.#case(name, (i) => {
      this.#view.read(bytes, 0, 2, packet.length, false);
      run.begin(this.#topics[i % this.#topics.length]!, this.#view, null);
      run.count = count;
      run.end = bytes.length;
      router.publishRun(run);
      run.clear();
      return count;
    });
  }

  #case(name: string, one: (i: number) => number): MicroCase {
    let untilTick = MESSAGES_PER_TICK;
    return {
      name,
      run: (times) => {
        let done = 0;
        for (let i = 0; done < times; i++) {
          const messages = one(i);
          done += messages;
          untilTick -= messages;
          if (untilTick > 0) continue;
          untilTick = MESSAGES_PER_TICK;
          this.broker.core.tick(this.broker.core.now + 100);
          this.#traffic.tick(this.broker.core.now);
        }
        return done;
      },
    };
  }
}

function packetOf(topic: string): Uint8Array {
  const draft = { topic, payload: PAYLOAD, retain: false, properties: undefined };
  return encodePublish({ type: 3, ...draft, qos: 0, dup: false, packetId: 0 }, 4);
}

/** What it costs a message that somebody watches the traffic, at a million messages a second. */
export function tapGroups(): MicroGroup[] {
  const pair = (what: string, topics: number, make: (scene: Scene, name: string) => MicroCase): MicroGroup => ({
    name: what,
    cases: [make(new Scene(topics, false), 'nobody watches'), make(new Scene(topics, true), 'watched')],
  });
  return [
    pair('a message, 1 topic', 1, (scene, name) => scene.messages(name)),
    pair('a message, 100 topics', 100, (scene, name) => scene.messages(name)),
    pair('a message, 1,000 topics', 1000, (scene, name) => scene.messages(name)),
    pair('a message in a run of 20', 1, (scene, name) => scene.runs(name, 20)),
    pair('a message in a run of 1', 100, (scene, name) => scene.runs(name, 1)),
  ];
}
