import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MqttError } from '../error.ts';
import { Reader } from './reader.ts';
import { varintSize, Writer } from './writer.ts';

const character = fc
  .oneof(
    fc.integer({ min: 1, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((point) => String.fromCodePoint(point));
const text = fc.string({ unit: character, maxLength: 40 });

const field = fc.oneof(
  fc.record({ type: fc.constant('byte' as const), value: fc.nat(0xff) }),
  fc.record({ type: fc.constant('uint16' as const), value: fc.nat(0xffff) }),
  fc.record({ type: fc.constant('uint32' as const), value: fc.nat(0xffffffff) }),
  fc.record({ type: fc.constant('varint' as const), value: fc.nat(268_435_455) }),
  fc.record({ type: fc.constant('utf8' as const), value: text }),
  fc.record({ type: fc.constant('binary' as const), value: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ type: fc.constant('pair' as const), value: fc.tuple(text, text) }),
);

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(0);
  write(writer);
  return writer.finish();
}

test('the reader reads back every sequence of fields that the writer wrote', () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
      const bytes = written((writer) => {
        for (const { type, value } of fields) writer[type](value as never);
      });
      const reader = new Reader(bytes, 0, bytes.length);
      for (const { type, value } of fields) assert.deepEqual(reader[type](), value);
      assert.equal(reader.remaining(), 0);
    }),
    { seed: 3 },
  );
});

test('reading over the end throws MqttError, which names the field and leaves out what lies behind the range', () => {
  fc.assert(
    fc.property(field, fc.nat(), ({ type, value }, cut) => {
      const bytes = written((writer) => writer[type](value as never));
      const end = cut % bytes.length;
      assert.throws(
        () => new Reader(bytes, 0, end)[type]('the frobnication'),
        (error) =>
          error instanceof MqttError && error.code === 'MALFORMED_PACKET' && /frobnication/.test(error.message),
      );
    }),
    { seed: 4 },
  );
});

test('a variable byte integer takes the fewest bytes it can [MQTT-1.5.5-1]', () => {
  const sizes: [value: number, bytes: number[]][] = [
    [0, [0x00]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 0x01]],
    [2_097_151, [0xff, 0xff, 0x7f]],
    [2_097_152, [0x80, 0x80, 0x80, 0x01]],
    [268_435_455, [0xff, 0xff, 0xff, 0x7f]],
  ];
  for (const [value, bytes] of sizes) {
    assert.deepEqual([...written((writer) => writer.varint(value))], bytes);
    assert.equal(varintSize(value), bytes.length);
    assert.equal(new Reader(Uint8Array.from(bytes), 0, bytes.length).varint(), value);
  }
});

test('a variable byte integer with bytes it does not need is malformed [MQTT-1.5.5-1]', () => {
  for (const bytes of [
    [0x80, 0],
    [0xff, 0x80, 0],
    [0x81, 0x80, 0x80, 0],
  ]) {
    assert.throws(() => new Reader(Uint8Array.from(bytes), 0, bytes.length).varint(), {
      code: 'MALFORMED_PACKET',
      spec: 'MQTT-1.5.5-1',
    });
  }
});

test('a variable byte integer of five bytes is malformed', () => {
  const bytes = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01);
  assert.throws(() => new Reader(bytes, 0, 5).varint(), { code: 'MALFORMED_PACKET' });
});

test('the writer refuses numbers that do not fit instead of cutting them', () => {
  const calls: ((writer: Writer) => void)[] = [
    (writer) => writer.byte(256),
    (writer) => writer.byte(-1),
    (writer) => writer.uint16(65_536),
    (writer) => writer.uint16(1.5),
    (writer) => writer.uint32(2 ** 32),
    (writer) => writer.uint32(Number.NaN),
    (writer) => writer.varint(268_435_456),
  ];
  for (const call of calls) assert.throws(() => call(new Writer()), { name: 'MqttError', code: 'PROTOCOL_ERROR' });
});

test('strings and binary data of 65,535 bytes are written, one more is refused with a clear text', () => {
  assert.equal(written((writer) => writer.utf8('x'.repeat(65_535))).length, 65_537);
  assert.equal(written((writer) => writer.binary(new Uint8Array(65_535))).length, 65_537);
  const refusal = { name: 'MqttError', message: /65536 bytes is too long.*65535/ };
  assert.throws(() => new Writer().utf8('x'.repeat(65_536)), refusal);
  assert.throws(() => new Writer().utf8('ü'.repeat(32_768)), refusal);
  assert.throws(() => new Writer().binary(new Uint8Array(65_536)), refusal);
});

test('binary data and the rest are copies', () => {
  const bytes = Uint8Array.of(0, 1, 7, 8, 9);
  const reader = new Reader(bytes, 0, 5);
  const binary = reader.binary();
  const rest = reader.rest();
  bytes.fill(0);
  assert.deepEqual([...binary, ...rest], [7, 8, 9]);
  assert.equal(reader.remaining(), 0);
});
