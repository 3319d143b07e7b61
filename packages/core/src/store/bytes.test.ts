import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteReader, ByteWriter, numberSize } from './bytes.ts';

const number = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(300),
  fc.integer({ min: 0, max: 53 }).map((bits) => 2 ** bits - (bits === 0 ? 0 : 1)),
  fc.integer({ min: 0, max: 52 }).map((bits) => 2 ** bits),
);
const part = fc.oneof(
  fc.record({ kind: fc.constant('number' as const), value: number }),
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 300 }) }),
  fc.record({ kind: fc.constant('block' as const), value: fc.uint8Array({ maxLength: 600 }) }),
  fc.record({ kind: fc.constant('byte' as const), value: fc.nat(255) }),
);

test('whatever is written behind each other is read back, from any amount of memory to start with', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), fc.nat(64), (parts, memory) => {
      const out = new ByteWriter(new Uint8Array(memory));
      for (const { kind, value } of parts) {
        if (kind === 'number') out.number(value);
        else if (kind === 'text') out.text(value);
        else if (kind === 'block') out.block(value);
        else out.byte(value);
      }
      const reader = new ByteReader(out.finish());
      for (const { kind, value } of parts) {
        if (kind === 'number') assert.equal(reader.number(), value);
        else if (kind === 'text') assert.equal(reader.text(), value);
        else if (kind === 'block') assert.deepEqual([...reader.block()], [...value]);
        else assert.equal(reader.byte(), value);
      }
      assert.equal(reader.done, true);
    }),
  );
});

test('a number takes as many bytes as said before', () => {
  fc.assert(
    fc.property(number, (value) => {
      const out = new ByteWriter();
      out.number(value);
      assert.equal(out.length, numberSize(value));
    }),
  );
});

test('bytes that end too early, a block that is longer than they are and a number of more than 53 bits are errors', () => {
  const out = new ByteWriter();
  out.text('hello');
  const bytes = out.finish();
  for (let end = 0; end < bytes.length; end++) {
    assert.throws(() => new ByteReader(bytes, 0, end).text(), RangeError, `${end} bytes`);
  }
  assert.throws(() => new ByteReader(new Uint8Array(9).fill(255)).number(), RangeError);
  assert.throws(() => new ByteReader(new Uint8Array()).byte(), RangeError);
});
