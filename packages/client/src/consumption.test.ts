import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type QoS } from '@cauldron/protocol';
import fc from 'fast-check';
import type { Message } from './message.ts';
import { message } from './testing/messages.ts';
import { startClient } from './testing/scripted-broker.ts';

/** How a consumer takes its messages. */
const consumer = fc.record({
  filter: fc.constantFrom('a', 'b', '+', 'c/#', '#'),
  kind: fc.constantFrom('handler', 'loop'),
  /** Milliseconds it takes for each; 0 = at once. */
  takes: fc.constantFrom(0, 0, 1, 7),
  bufferSize: fc.constantFrom(1, 2, 5, 1000),
  /** Fails on each so-manieth message; 0 = never. Handlers only. */
  fails: fc.constantFrom(0, 0, 3),
  /** Publishes at QoS 1 for each message and waits for that. */
  relays: fc.boolean(),
});
const arrival = fc.record({
  topic: fc.constantFrom('a', 'b', 'c', 'c/d'),
  qos: fc.constantFrom<QoS>(0, 1, 1, 2),
  /** In a chunk with the one before. */
  joined: fc.boolean(),
});

type ConsumerPlan = typeof consumer extends fc.Arbitrary<infer T> ? T : never;

const matches: Readonly<Record<string, readonly string[]>> = {
  a: ['a'],
  b: ['b'],
  '+': ['a', 'b', 'c'],
  'c/#': ['c', 'c/d'],
  '#': ['a', 'b', 'c', 'c/d'],
};

test('whatever consumers there are, each gets its messages in order, and acknowledgements leave in the order of arrival without what failed', async () => {
  const plans = fc.array(consumer, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(plans, fc.array(arrival, { minLength: 1, maxLength: 40 }), async (consumers, arrivals) => {
      const { platform, broker, client } = await startClient({ onError: () => undefined });
      const failed = new Set<string>();
      const wait = (ms: number) => new Promise<void>((resolve) => void platform.setTimer(ms, resolve));
      const start = ({ filter, kind, takes, bufferSize, fails, relays }: ConsumerPlan): string[] => {
        const got: string[] = [];
        const work = async (): Promise<void> => {
          if (takes > 0) await wait(takes);
          if (relays) await client.publish('elsewhere', '', { qos: 1 });
        };
        const handler = (one: Message): void | Promise<void> => {
          got.push(one.text());
          if (fails > 0 && got.length % fails === 0) {
            failed.add(one.text());
            throw new Error('fails');
          }
          return takes > 0 || relays ? work() : undefined;
        };
        const loop = async (): Promise<void> => {
          for await (const one of client.subscribe(filter, { qos: 2, bufferSize })) {
            got.push(one.text());
            await work();
          }
        };
        if (kind === 'loop') void loop();
        else void client.on(filter, handler, { qos: 2, bufferSize });
        return got;
      };
      const seen = consumers.map(start);
      await platform.settle();
      const packets = arrivals.map(({ topic, qos }, i) => message(topic, `${i + 1}`, qos, qos === 0 ? 0 : i + 1));
      for (let i = 0, from = 0; i < packets.length; i++) {
        if (arrivals[i + 1]?.joined) continue;
        broker.link.send(...packets.slice(from, i + 1));
        from = i + 1;
      }
      await platform.advance(100_000);
      for (const [i, { filter, bufferSize }] of consumers.entries()) {
        const wanted = arrivals.flatMap(({ topic }, at) => (matches[filter]!.includes(topic) ? [`${at + 1}`] : []));
        if (bufferSize === 1000) assert.deepEqual(seen[i], wanted);
        // Small buffers may drop QoS 0 while an answer is awaited, and nothing else.
        const kept = (texts: readonly string[]) => texts.filter((text) => arrivals[Number(text) - 1]!.qos > 0);
        assert.deepEqual(kept(seen[i]!), kept(wanted));
      }
      const acknowledged = broker.link.received.flatMap((packet) =>
        packet.type === PacketType.puback || packet.type === PacketType.pubrec ? [`${packet.packetId}`] : [],
      );
      const inOrder = packets.flatMap(({ qos, packetId }) =>
        qos > 0 && !failed.has(`${packetId}`) ? [`${packetId}`] : [],
      );
      // A loop finishes its last message only when it asks for the next one, which it has.
      assert.deepEqual(acknowledged, inOrder);
      assert.equal(broker.link.transport.paused, false);
    }),
    { numRuns: 60 },
  );
});
