import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from './frames.ts';
import { publishTemplate } from './packets.ts';

/** A stream of frames with one-, two- and three-byte remaining lengths. */
const bodies = [0, 1, 2, 126, 127, 128, 300, 16_383, 16_384, 20_000, 5];
const small = bodies.slice(0, 7);
const frame = (first: number, size: number): Buffer => {
  const length =
    size < 128
      ? [size]
      : size < 16384
        ? [(size & 127) | 128, size >> 7]
        : [(size & 127) | 128, ((size >> 7) & 127) | 128, size >> 14];
  return Buffer.concat([Buffer.from([first, ...length]), Buffer.alloc(size, size & 255)]);
};

function sizesOf(stream: Buffer, cuts: readonly number[]): number[] {
  const sizes: number[] = [];
  const reader = new FrameReader(false, (buffer, start, body, end) => {
    assert.equal(buffer[start], 0x40);
    assert.ok(
      buffer.subarray(body, end).every((byte) => byte === ((end - body) & 255)),
      'the body is intact',
    );
    sizes.push(end - body);
  });
  // One reused buffer, as the sockets use: what the reader keeps it must have copied.
  const chunk = Buffer.alloc(stream.length);
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    stream.copy(chunk, 0, at, cut);
    reader.push(chunk, cut - at);
    chunk.fill(0xee);
    at = cut;
  }
  return sizes;
}

test('every frame is found in a whole stream', () => {
  assert.deepEqual(sizesOf(Buffer.concat(bodies.map((size) => frame(0x40, size))), []), bodies);
});

test('every frame is found wherever a stream is cut in two', () => {
  const stream = Buffer.concat(small.map((size) => frame(0x40, size)));
  for (let cut = 0; cut <= stream.length; cut++) assert.deepEqual(sizesOf(stream, [cut]), small);
});

test('every frame is found when bytes arrive one by one', () => {
  const stream = Buffer.concat(bodies.map((size) => frame(0x40, size)));
  assert.deepEqual(
    sizesOf(
      stream,
      Array.from({ length: stream.length - 1 }, (_, i) => i + 1),
    ),
    bodies,
  );
});

test('PUBLISH packets are counted apart from the frames that are handed on', () => {
  const publish = publishTemplate(4, 'bench/1', 0, 16).bytes;
  const stream = Buffer.concat([publish, publish, frame(0xd0, 0), publish]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const others: number[] = [];
    const reader = new FrameReader(true, (buffer, start) => others.push(buffer[start]!));
    reader.push(stream.subarray(0, cut), cut);
    reader.push(stream.subarray(cut), stream.length - cut);
    assert.equal(reader.publishes, 3);
    assert.deepEqual(others, [0xd0]);
  }
});

test('a remaining length of five bytes is refused', () => {
  const reader = new FrameReader(true, () => {});
  const bytes = Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]);
  assert.throws(() => reader.push(bytes, bytes.length), /more than four bytes/);
});
