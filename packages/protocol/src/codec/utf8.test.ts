import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8, encodeUtf8Into, isValidUtf8, utf8Length } from './utf8.ts';

const platform = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What the platform's decoder says, undefined where it or MQTT refuses the bytes. */
function expected(bytes: Uint8Array): string | undefined {
  try {
    const text = platform.decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  // Decoded out of the middle of a buffer, so that bytes on either side must not matter.
  const buffer = new Uint8Array(bytes.length + 4).fill(0xff);
  buffer.set(bytes, 2);
  assert.equal(isValidUtf8(buffer, 2, 2 + bytes.length), expected(bytes) !== undefined);
  try {
    return decodeUtf8(buffer, 2, 2 + bytes.length);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'MALFORMED_PACKET');
    return undefined;
  }
}

const character = fc
  .oneof(
    fc.integer({ min: 1, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((point) => String.fromCodePoint(point));

/** Bytes that often are UTF-8 and often nearly are. */
const nearlyUtf8 = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc.tuple(fc.string({ unit: character, maxLength: 40 }), fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  }),
  fc
    .array(fc.constantFrom(0x41, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5), {
      maxLength: 5,
    })
    .map((list) => Uint8Array.from(list)),
);

test('decoding and validating agree with TextDecoder in fatal mode, less the null character [MQTT-1.5.4-1]', () => {
  fc.assert(
    fc.property(nearlyUtf8, (bytes) => {
      assert.equal(decoded(bytes), expected(bytes));
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test('every sequence of up to three bytes that is no UTF-8 is refused [MQTT-1.5.4-1]', () => {
  const interesting = [
    0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xee, 0xf0, 0xf4, 0xf5,
  ];
  for (const a of interesting) {
    for (const b of interesting) {
      for (const c of interesting) {
        for (const bytes of [Uint8Array.of(a), Uint8Array.of(a, b), Uint8Array.of(a, b, c)]) {
          assert.equal(decoded(bytes), expected(bytes));
        }
      }
    }
  }
});

test('a null character is refused at every place of short and long strings [MQTT-1.5.4-2]', () => {
  for (const length of [1, 4, 7, 24, 25, 60]) {
    for (let at = 0; at < length; at++) {
      const bytes = new Uint8Array(length).fill(0x61);
      bytes[at] = 0;
      assert.throws(() => decodeUtf8(bytes, 0, length), { code: 'MALFORMED_PACKET', spec: 'MQTT-1.5.4-2' });
      assert.equal(isValidUtf8(bytes, 0, length), false);
      const text = new TextDecoder().decode(bytes);
      assert.throws(() => encodeUtf8(text), { code: 'MALFORMED_PACKET', spec: 'MQTT-1.5.4-2' });
    }
  }
});

test('a byte order mark stays wherever it stands [MQTT-1.5.4-3]', () => {
  for (const text of ['\ufeff', '\ufeffabc', 'abc\ufeff', `\ufeff${'long '.repeat(20)}`]) {
    const bytes = new TextEncoder().encode(text);
    assert.equal(decodeUtf8(bytes, 0, bytes.length), text);
    assert.deepEqual(encodeUtf8(text), bytes);
  }
});

const anyText = fc.string({ unit: character, maxLength: 60 });

test('what is encoded decodes to the same string, in as many bytes as utf8Length says', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const bytes = encodeUtf8(text);
      assert.deepEqual(bytes, new TextEncoder().encode(text));
      assert.equal(utf8Length(text), bytes.length);
      assert.equal(decodeUtf8(bytes, 0, bytes.length), text);
    }),
    { seed: 2 },
  );
});

test('encoding in place writes only the bytes of the string and tells where it ended', () => {
  const target = new Uint8Array(8).fill(9);
  assert.equal(encodeUtf8Into('añ', target, 2), 5);
  assert.deepEqual([...target], [9, 9, 0x61, 0xc3, 0xb1, 9, 9, 9]);
});

test('half a surrogate pair cannot be encoded [MQTT-1.5.4-1]', () => {
  for (const text of ['\ud800', 'a\udfffb', '\udc00\ud800', `${'x'.repeat(40)}\ud83c`]) {
    assert.throws(() => encodeUtf8(text), { code: 'MALFORMED_PACKET', spec: 'MQTT-1.5.4-1' });
  }
});
