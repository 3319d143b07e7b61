import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PAYLOAD_FOLLOWED, PAYLOAD_KEPT, PAYLOAD_SHORT, PAYLOADS_IN_ALL } from './limits.ts';
import { PayloadStore } from './payload-store.ts';
import type { TopicRecord } from './topic-node.ts';
import { TopicTree } from './topic-tree.ts';

const SEED = 7005;

function records(count: number): TopicRecord[] {
  const tree = new TopicTree(1, 0);
  return Array.from({ length: count }, (_, i) => tree.add(`t/${i}`, 1, 0));
}

const kept = ({ bytes, start, length }: TopicRecord): Uint8Array => bytes!.subarray(start, start + length);

test(`whatever comes and goes, each topic has its own last payload (seed ${SEED})`, () => {
  const change = fc.tuple(
    fc.nat(9),
    fc.oneof(fc.constant(-1), fc.nat(64), fc.integer({ min: 65, max: 300 })),
    fc.nat(255),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const store = new PayloadStore();
      const topics = records(10);
      const model = new Map<TopicRecord, Uint8Array>();
      for (const [i, length, byte] of changes) {
        const record = topics[i]!;
        if (length < 0) {
          store.release(record);
          model.delete(record);
          continue;
        }
        const source = new Uint8Array(length + 2).fill(byte);
        store.keep(record, source, 1, length + 1);
        model.set(record, source.subarray(1, length + 1));
        for (const [topic, payload] of model) assert.deepEqual(kept(topic), payload);
      }
      for (const record of topics) store.release(record);
      assert.equal(store.held, 0);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('short values of a topic take no new memory', () => {
  const store = new PayloadStore();
  const [record] = records(1) as [TopicRecord];
  for (const length of [1, 64, 0, 20]) store.keep(record, new Uint8Array(64), 0, length);
  assert.equal(store.held, 64);
});

test('all payloads together stay within their limit, beyond which only a line of each is kept', () => {
  const store = new PayloadStore();
  const payload = new Uint8Array(2 * PAYLOAD_KEPT);
  const topics = records(PAYLOADS_IN_ALL / PAYLOAD_KEPT + 100);
  for (const record of topics) store.keep(record, payload, 0, payload.length);
  assert.equal(topics[0]!.length, PAYLOAD_KEPT);
  assert.deepEqual([topics.at(-1)!.length, topics.at(-1)!.size], [PAYLOAD_SHORT, payload.length]);
  assert.ok(store.held <= PAYLOADS_IN_ALL + 100 * PAYLOAD_SHORT);
});

test('topics that are followed stay within the limit of all payloads, too', () => {
  const store = new PayloadStore();
  const payload = new Uint8Array(PAYLOAD_FOLLOWED);
  const topics = records(PAYLOADS_IN_ALL / PAYLOAD_FOLLOWED + 10);
  for (const record of topics) {
    record.followers = 1;
    store.keep(record, payload, 0, payload.length);
  }
  assert.ok(store.held <= PAYLOADS_IN_ALL + PAYLOAD_KEPT);
  store.keep(topics[0]!, payload, 0, payload.length);
  assert.equal(topics[0]!.length, PAYLOAD_FOLLOWED, 'what has its room keeps it');
});

test('of a topic that somebody follows the whole payload is kept, up to a megabyte', () => {
  const store = new PayloadStore();
  const [record] = records(1) as [TopicRecord];
  record.followers = 1;
  store.keep(record, new Uint8Array(2 * PAYLOAD_FOLLOWED), 0, 2 * PAYLOAD_FOLLOWED);
  assert.deepEqual([record.length, record.size], [PAYLOAD_FOLLOWED, 2 * PAYLOAD_FOLLOWED]);
  record.followers = 0;
  store.keep(record, new Uint8Array(100), 0, 100);
  assert.ok(store.held < 200, 'the large one is let go');
});
