import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './bytes.ts';
import { RELEASED, readDeliveryState, writeDeliveryState } from './delivery-state.ts';
import { readEntries, writeEntry } from './entries.ts';
import { decodeOperations, OperationIgnorer, type OperationVisitor, OperationWriter } from './operations.ts';

const id = fc.maxSafeNat();
const time = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8_640_000_000_000_000 }));
const bytes = fc.uint8Array({ maxLength: 80 });
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const identifiers = fc.option(fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 1, maxLength: 5 }));
const publisher = fc.option(text);

const session = fc.record({
  number: id,
  clientId: text,
  connected: fc.boolean(),
  expiryInterval: fc.nat(0xffffffff),
  endsAt: time,
  willDueAt: time,
  will: fc.option(fc.record({ delay: fc.nat(0xffffffff), message: bytes })),
  username: fc.option(fc.string({ unit: 'grapheme', minLength: 1 })),
});
const subscription = fc.record({ session: id, filter: text, options: fc.nat(31), identifiers });
const entry = fc.record({
  session: id,
  position: id,
  messageId: id,
  flags: fc.constantFrom(0, 1, 2, 4, 5, 6),
  identifiers,
  size: id,
});

/** A call of a visitor: its name and arguments. */
type Call = { [K in keyof OperationVisitor]: readonly [K, ...Parameters<OperationVisitor[K]>] }[keyof OperationVisitor];

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(fc.constant('session' as const), session),
  fc.tuple(fc.constant('sessionEnd' as const), id, id),
  fc.tuple(fc.constant('subscribe' as const), subscription),
  fc.tuple(fc.constant('unsubscribe' as const), id, text),
  fc.tuple(fc.constant('message' as const), id, id, time, bytes),
  fc.tuple(fc.constant('entry' as const), entry),
  fc.tuple(fc.constant('delivery' as const), id, id, bytes),
  fc.tuple(fc.constant('done' as const), id),
  fc.tuple(fc.constant('refer' as const), id),
  fc.tuple(fc.constant('retain' as const), text, id, publisher),
  fc.tuple(fc.constant('unretain' as const), text),
  fc.tuple(fc.constant('sequence' as const), id, id),
  fc.tuple(fc.constant('queued' as const), id, id, id),
  fc.tuple(fc.constant('retained' as const), id, publisher, bytes),
) as fc.Arbitrary<Call>;

function written(calls: readonly Call[]): Uint8Array {
  const out = new ByteWriter();
  const writer = new OperationWriter(out);
  for (const [name, ...rest] of calls) (writer[name] as (...values: unknown[]) => void)(...rest);
  return out.finish();
}

/** Byte arrays of every kind as plain ones, so that views compare equal to what was written. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

function read(from: Uint8Array): unknown[] {
  const calls: unknown[] = [];
  const visitor = new OperationIgnorer();
  for (const name of Object.getOwnPropertyNames(OperationIgnorer.prototype)) {
    if (name === 'constructor') continue;
    Object.assign(visitor, { [name]: (...rest: unknown[]) => calls.push(plain([name, ...rest])) });
  }
  decodeOperations(from, 0, from.length, visitor);
  return calls;
}

test('any sequence of operations is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 20 }), (calls) => {
      assert.deepEqual(read(written(calls)), plain(calls));
    }),
  );
});

test('operations that were cut off anywhere are an error or a shorter sequence, never something else', () => {
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 5 }), fc.nat(), (calls, at) => {
      const whole = written(calls);
      const cut = whole.subarray(0, at % whole.length);
      let found: unknown[];
      try {
        found = read(cut);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
        return;
      }
      assert.deepEqual(found, (plain(calls) as unknown[]).slice(0, found.length));
    }),
  );
});

test('an operation of an unknown type is an error that says where', () => {
  assert.throws(() => read(new Uint8Array([8, 1, 99])), /99 at byte 2/);
});

test('entries of an answer are read as they were written', () => {
  const stored = fc.record({
    position: id,
    messageId: id,
    flags: fc.constantFrom(0, 1, 2, 4, 5, 6),
    identifiers,
    at: time,
    body: bytes,
  });
  fc.assert(
    fc.property(fc.array(stored, { maxLength: 20 }), (entries) => {
      const out = new ByteWriter();
      for (const one of entries) writeEntry(out, one);
      assert.deepEqual(plain(readEntries(out.finish())), plain(entries));
    }),
  );
});

test('what is under way in both directions is read as it was written', () => {
  const packetId = fc.integer({ min: 1, max: 65_535 });
  const inflight = fc.record({
    packetId,
    flags: fc.constantFrom(1, 2, 5, 6, 2 | RELEASED),
    messageId: id,
    identifiers,
  });
  const state = fc.record({ inbound: fc.array(packetId), inflight: fc.array(inflight) });
  fc.assert(
    fc.property(state, (value) => {
      const out = new ByteWriter();
      writeDeliveryState(out, value);
      assert.deepEqual(plain(readDeliveryState(out.finish())), plain(value));
    }),
  );
});
