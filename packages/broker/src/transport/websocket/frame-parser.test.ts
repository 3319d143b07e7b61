import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { type ClientFrame, clientFrame, framesOf } from '../../../../../test/support/client-frame.ts';
import { FrameParser, type FrameReceiver } from './frame-parser.ts';

/** Keeps copies of all that a parser says. */
class Recorder implements FrameReceiver {
  readonly parser: FrameParser;
  readonly pieces: Buffer[] = [];
  readonly pings: string[] = [];
  readonly compressedPieces: Buffer[] = [];
  /** Compressed messages that are whole. */
  wholes = 0;
  ends: string[] = [];
  goOn = true;
  onPayload: () => void = () => undefined;

  constructor(deflate = false) {
    this.parser = new FrameParser(this, deflate);
  }

  /** Gives it bytes in pieces of a size; each in memory of its own, which is spoilt afterwards. */
  push(bytes: Uint8Array, size = bytes.length): this {
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = Buffer.from(bytes.subarray(at, at + size));
      this.parser.push(chunk, chunk.length);
      chunk.fill(0xee);
    }
    return this;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  payload(chunk: Uint8Array, start: number, end: number): void {
    this.pieces.push(Buffer.from(chunk.subarray(start, end)));
    this.onPayload();
  }

  compressed(bytes: Uint8Array): void {
    this.compressedPieces.push(Buffer.from(bytes));
  }

  compressedEnd(): boolean {
    this.wholes += 1;
    return this.goOn;
  }

  ping(payload: Uint8Array): void {
    this.pings.push(Buffer.from(payload).toString('latin1'));
  }

  closed(code: number): void {
    this.ends.push(`closed ${code}`);
  }

  violated(code: number, reason: string): void {
    this.ends.push(`${code} ${reason}`);
  }
}

const text = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 255));

for (const length of [0, 1, 2, 3, 4, 5, 15, 16, 17, 125, 126, 127, 511, 512, 65_535, 65_536, 100_001]) {
  test(`a frame of ${length} bytes comes out without its mask`, () => {
    const bytes = text(length);
    const all = new Recorder().push(Buffer.concat([clientFrame(bytes), clientFrame('end')]));
    assert.deepEqual(all.bytes, Buffer.concat([bytes, Buffer.from('end')]));
    assert.deepEqual(all.ends, []);
  });
}

test('a stream of frames says the same however it is cut in two', () => {
  const stream = Buffer.concat([
    clientFrame(text(40)),
    clientFrame('are you there?', { opcode: 9 }),
    clientFrame(text(130), { fin: false }),
    clientFrame('', { opcode: 0, fin: false }),
    clientFrame('pong', { opcode: 10 }),
    clientFrame(text(600), { opcode: 0 }),
    clientFrame(Buffer.concat([Buffer.of(3, 0xe8), Buffer.from('bye')]), { opcode: 8 }),
    clientFrame('too late'),
  ]);
  const expected = Buffer.concat([text(40), text(130), text(600)]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const seen = new Recorder().push(stream.subarray(0, cut)).push(stream.subarray(cut));
    assert.deepEqual(seen.bytes, expected, `cut at ${cut}`);
    assert.deepEqual([seen.pings, seen.ends], [['are you there?'], ['closed 1000']], `cut at ${cut}`);
  }
});

test('a stream that breaks off anywhere has said nothing wrong, and only what came', () => {
  const bytes = text(300);
  const stream = framesOf(bytes, [0.1, 0.5, 0], true);
  for (let end = 0; end < stream.length; end++) {
    const seen = new Recorder().push(stream.subarray(0, end));
    assert.deepEqual(seen.ends, []);
    assert.deepEqual(seen.bytes, bytes.subarray(0, seen.bytes.length));
  }
});

test('bytes come out the same in any frames and any pieces [MQTT-6.0.0-2]', (t) => {
  const seed = Number(process.env.FC_SEED ?? Date.now());
  t.diagnostic(`seed ${seed}`);
  const cut = fc.double({ min: 0, max: 1, noNaN: true });
  const property = fc.property(
    fc.uint8Array({ maxLength: 3000 }),
    fc.array(cut, { maxLength: 12 }),
    fc.boolean(),
    fc.integer({ min: 1, max: 4000 }),
    (bytes, cuts, fragmented, size) => {
      const seen = new Recorder().push(framesOf(bytes, cuts, fragmented), size);
      assert.deepEqual(seen.ends, []);
      assert.deepEqual(seen.bytes, Buffer.from(bytes));
    },
  );
  fc.assert(property, { seed, numRuns: 300 });
});

test('frames of one read come out as one piece, however large they are: they have one share of the turn', () => {
  const many = Buffer.concat(Array.from({ length: 50 }, () => clientFrame('packet')));
  assert.equal(new Recorder().push(many).pieces.length, 1);
  const mixed = Buffer.concat([
    clientFrame('small'),
    clientFrame(text(5000)),
    clientFrame('', { opcode: 9 }),
    clientFrame(text(700)),
  ]);
  const seen = new Recorder().push(mixed);
  assert.deepEqual(seen.pieces, [Buffer.concat([Buffer.from('small'), text(5000), text(700)])]);
});

const WRONG: readonly (readonly [string, Buffer, RegExp])[] = [
  ['a frame without a mask', frame({ mask: null }), /^1002 .*masked/],
  ['an unmasked ping', frame({ opcode: 9, mask: null }), /^1002 .*masked/],
  ['a text frame', frame({ opcode: 1 }), /^1003 .*text frame/],
  ['a text frame that goes on', frame({ opcode: 1, fin: false }), /^1003 .*text frame/],
  ['the first reserved bit', frame({ reserved: 4 }), /^1002 .*reserved bits/],
  ['the second reserved bit', frame({ reserved: 2 }), /^1002 .*reserved bits/],
  ['the third reserved bit', frame({ reserved: 1 }), /^1002 .*reserved bits/],
  ['a ping with a reserved bit', frame({ opcode: 9, reserved: 4 }), /^1002 .*reserved bits/],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) => [`opcode ${opcode}`, frame({ opcode }), /^1002 .*reserved opcode/] as const,
  ),
  ['a ping in fragments', frame({ opcode: 9, fin: false }), /^1002 .*fragmented/],
  ['a close in fragments', frame({ opcode: 8, fin: false }), /^1002 .*fragmented/],
  ['a ping of 126 bytes', clientFrame(text(126), { opcode: 9 }), /^1002 .*125 bytes/],
  ['a ping that says 127', frame({ opcode: 9, length: 2n ** 40n }), /^1002 .*125 bytes/],
  ['a continuation of nothing', frame({ opcode: 0 }), /^1002 .*continuation/],
  [
    'a message within a message',
    Buffer.concat([frame({ fin: false }), frame({ opcode: 2 })]),
    /^1002 .*before the last one ended/,
  ],
  [
    'a continuation behind a whole message',
    Buffer.concat([frame({ fin: false }), frame({ opcode: 0 }), frame({ opcode: 0 })]),
    /^1002 .*continuation/,
  ],
  ['125 in two bytes', clientFrame(text(125), { lengthBytes: 2 }), /^1002 .*shortest/],
  ['65,535 in eight bytes', clientFrame(text(65_535), { lengthBytes: 8 }), /^1002 .*shortest/],
  ['a length of 2^53', frame({ length: 2n ** 53n }), /^1002 .*larger/],
  ['a length of 2^63', frame({ length: 2n ** 63n }), /^1002 .*larger/],
  ['a close of one byte', clientFrame('x', { opcode: 8 }), /^1002 .*no valid code/],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(
    (code) => [`close code ${code}`, close(code), /^1002 .*no valid code/] as const,
  ),
  ['a close whose reason is no UTF-8', close(1000, Buffer.of(0xc3, 0x28)), /^1007 .*UTF-8/],
];

function frame(more: ClientFrame): Buffer {
  return clientFrame('', more);
}

function close(code: number, reason: Uint8Array = new Uint8Array(0)): Buffer {
  return clientFrame(Buffer.concat([Buffer.of(code >> 8, code & 255), reason]), { opcode: 8 });
}

for (const [name, wrong, expected] of WRONG) {
  // [MQTT-6.0.0-1] is among them
  test(`${name} is refused, in one piece and byte by byte, and what came before it counts`, () => {
    const stream = Buffer.concat([clientFrame('before'), wrong, clientFrame('behind')]);
    for (const size of [stream.length, 1]) {
      const seen = new Recorder().push(stream, size);
      assert.equal(seen.ends.length, 1);
      assert.match(seen.ends[0]!, expected);
      assert.equal(String(seen.bytes), 'before');
    }
  });
}

for (const code of [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999]) {
  test(`close code ${code} is a client's to send`, () => {
    assert.deepEqual(new Recorder().push(close(code, Buffer.from('grüße'))).ends, [`closed ${code}`]);
  });
}

test('a close frame without a code is one', () => {
  assert.deepEqual(new Recorder().push(clientFrame('', { opcode: 8 })).ends, ['closed 1005']);
});

test('the largest safe length is begun, and what comes of it goes on at once', () => {
  const endless = clientFrame('first bytes', { length: 2n ** 53n - 1n });
  const seen = new Recorder().push(endless);
  assert.deepEqual([String(seen.bytes), seen.ends], ['first bytes', []]);
});

test('control frames between the fragments of a message are answered, and do not end it', () => {
  const stream = [
    clientFrame('one ', { fin: false }),
    clientFrame('a', { opcode: 9 }),
    clientFrame('', { opcode: 9 }),
    clientFrame('', { opcode: 10 }),
    clientFrame('two', { opcode: 0 }),
  ];
  const seen = new Recorder().push(Buffer.concat(stream));
  assert.deepEqual([String(seen.bytes), seen.pings, seen.ends], ['one two', ['a', ''], []]);
});

test('whoever stops the parser while it hands over hears nothing more', () => {
  const seen = new Recorder();
  seen.onPayload = () => seen.parser.stop();
  seen.push(Buffer.concat([clientFrame('last'), frame({ opcode: 1 })])).push(clientFrame('more'));
  assert.deepEqual([String(seen.bytes), seen.ends], ['last', []]);
});

test('ten thousand empty frames and fragments are read, and nothing of them is kept', () => {
  const empty = Buffer.concat(Array.from({ length: 10_000 }, () => clientFrame('')));
  const seen = new Recorder().push(empty).push(frame({ fin: false }));
  for (let i = 0; i < 10_000; i++) seen.push(frame({ opcode: 0, fin: false }));
  assert.deepEqual([seen.pieces, seen.ends], [[], []]);
});

test('a compressed message comes in its pieces, and its end is told once', () => {
  const deflated = deflateRawSync('soup '.repeat(100));
  const stream = Buffer.concat([
    clientFrame('plain'),
    clientFrame(deflated.subarray(0, 10), { reserved: 4, fin: false }),
    clientFrame(deflated.subarray(10), { opcode: 0 }),
    clientFrame(' plain'),
  ]);
  for (const size of [stream.length, 1]) {
    const seen = new Recorder(true).push(stream, size);
    assert.deepEqual(Buffer.concat(seen.compressedPieces), deflated);
    assert.deepEqual([seen.wholes, String(seen.bytes), seen.ends], [1, 'plain plain', []]);
  }
  const inside = clientFrame('', { opcode: 0, reserved: 4 });
  assert.match(new Recorder(true).push(Buffer.concat([frame({ fin: false }), inside])).ends[0]!, /^1002 .*reserved/);
  assert.match(new Recorder(true).push(frame({ opcode: 1, reserved: 4 })).ends[0]!, /^1003/);
});

test('after a compressed message it goes on later where its receiver wants that', () => {
  const stream = Buffer.concat([clientFrame('x', { reserved: 4 }), clientFrame('rest')]);
  const seen = new Recorder(true);
  seen.goOn = false;
  const read = seen.parser.push(stream, stream.length);
  assert.equal(read, 7);
  assert.equal(String(seen.bytes), '');
  seen.parser.push(stream.subarray(read), stream.length - read);
  assert.equal(String(seen.bytes), 'rest');
});

test('whatever bytes come, in whatever pieces, it throws nothing, and says at most one end', (t) => {
  const seed = Number(process.env.FC_SEED ?? Date.now());
  t.diagnostic(`seed ${seed}`);
  const header = fc.tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 0, max: 255 }),
    fc.uint8Array({ maxLength: 40 }),
  );
  const stream = fc.array(fc.oneof(header, fc.uint8Array({ maxLength: 20 })), { maxLength: 20 });
  const property = fc.property(stream, fc.boolean(), fc.integer({ min: 1, max: 50 }), (parts, deflate, size) => {
    const bytes = Buffer.concat(
      parts.map((part) => (part instanceof Uint8Array ? part : Buffer.concat([Buffer.of(part[0], part[1]), part[2]]))),
    );
    const whole = new Recorder(deflate).push(bytes);
    const pieces = new Recorder(deflate).push(bytes, size);
    assert.ok(whole.ends.length <= 1);
    assert.deepEqual([pieces.ends, pieces.bytes, pieces.pings], [whole.ends, whole.bytes, whole.pings]);
  });
  fc.assert(property, { seed, numRuns: 1000 });
});
