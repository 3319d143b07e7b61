import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AckedPublisher, encodeRun } from './acked.ts';
import type { FrameHandler } from './frames.ts';
import { Histogram } from './histogram.ts';

/** A connection whose written messages can be looked at, and whose PUBACKs the test gives. */
class FakePeer {
  onFrame: FrameHandler | null = null;
  onChunkEnd: (() => void) | null = null;
  readonly written: Buffer[] = [];
  readonly socket = { write: (bytes: Uint8Array): void => void this.written.push(Buffer.from(bytes)) };

  /** One chunk with these PUBACKs, in the short form or with a reason. */
  acks(ids: readonly number[], reason?: number): void {
    for (const id of ids) {
      const body = [id >> 8, id & 255, ...(reason === undefined ? [] : [reason])];
      this.onFrame?.(Buffer.from([0x40, body.length, ...body]), 0, 2, 2 + body.length);
    }
    this.onChunkEnd?.();
  }

  /** Packet ids of everything written, in order. */
  ids(run: { size: number }, idAt: number): number[] {
    const all = Buffer.concat(this.written);
    return Array.from({ length: all.length / run.size }, (_, i) => all.readUInt16BE(i * run.size + idAt));
  }
}

const run = encodeRun(['a/1', 'a/2', 'a/3'], 4, false);
/** Fixed header (2), topic length (2), topic (3). */
const ID_AT = 7;

function publisher(window: number) {
  const peer = new FakePeer();
  const refused: number[] = [];
  const watch = { latency: null as Histogram | null, refused: (reason: number) => refused.push(reason) };
  return { peer, refused, watch, publisher: new AckedPublisher(peer, run, window, watch) };
}

test('a run goes through its topics in turn, ends behind the last and numbers its messages from 1', () => {
  assert.equal(run.count % 3, 0);
  assert.ok(run.count >= 1024);
  assert.equal(run.bytes.length, run.size * run.count);
  const topicOf = (i: number): string => run.bytes.toString('utf8', i * run.size + 4, i * run.size + 7);
  assert.deepEqual([0, 1, 2, 3, run.count - 1].map(topicOf), ['a/1', 'a/2', 'a/3', 'a/1', 'a/3']);
  assert.equal(run.bytes.readUInt16BE(ID_AT), 1);
  assert.equal(run.bytes.readUInt16BE((run.count - 1) * run.size + ID_AT), run.count);
});

test('a run that packet ids or one message size cannot serve is refused', () => {
  const many = Array.from({ length: 65_536 }, (_, i) => String(i).padStart(5, '0'));
  assert.throws(() => encodeRun(many, 4, false), /more packet ids than MQTT has/);
  assert.throws(() => encodeRun(['a', 'bb'], 4, false), /one length/);
});

test('flat out, the window is filled at once and refilled by what is acknowledged, beyond the end of the run', () => {
  const { peer, publisher: p } = publisher(20);
  p.start();
  assert.equal(p.sent, 20);
  for (let id = 1; id <= run.count; id++) peer.acks([id]);
  assert.equal(p.sent, 20 + run.count);
  assert.equal(p.acked, run.count);
  const ids = peer.ids(run, ID_AT);
  assert.deepEqual(
    ids,
    Array.from({ length: 20 + run.count }, (_, i) => (i % run.count) + 1),
  );
});

test('no more than the limit is sent', () => {
  const { peer, publisher: p } = publisher(20);
  p.limit = 25;
  p.start();
  peer.acks(Array.from({ length: 20 }, (_, i) => i + 1));
  assert.equal(p.sent, 25);
});

test('what is due while the window is full waits, and its latency counts from when it was due', () => {
  const { peer, watch, publisher: p } = publisher(2);
  watch.latency = new Histogram();
  const longAgo = performance.now() - 1000;
  p.want(3, longAgo);
  assert.equal(p.sent, 2);
  peer.acks([1]);
  assert.equal(p.sent, 3);
  peer.acks([3]);
  assert.equal(watch.latency.count, 2);
  assert.ok(watch.latency.percentile(0)! >= 1_000_000, 'the third message waited for room since it was due');
  p.want(1, performance.now());
  p.stop();
  peer.acks([2]);
  assert.equal(p.sent, 4, 'what was still due is forgotten when the load stops');
});

test('a PUBACK with an error is told', () => {
  const { peer, refused, publisher: p } = publisher(2);
  p.start();
  peer.acks([1], 0x97);
  peer.acks([2], 0x10);
  assert.deepEqual(refused, [0x97]);
});
