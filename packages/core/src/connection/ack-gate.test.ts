import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import fc from 'fast-check';
import { Message } from '../message.ts';
import { StoredMessage } from '../store/stored-message.ts';
import { AckGate } from './ack-gate.ts';
import type { Connection } from './connection.ts';

const { puback, pubrec } = PacketType;

/** What a gate sends, as `type:identifier:code`, in order. */
function gate(version5 = true): { readonly gate: AckGate; readonly sent: string[] } {
  const sent: string[] = [];
  const connection = {
    version5,
    output: {
      sendAck: (type: number, id: number, code: number) => sent.push(`${type}:${id}:${code.toString(16)}`),
      sendAckWithReason: (type: number, id: number, code: number, reason: string) =>
        sent.push(`${type}:${id}:${code.toString(16)} ${reason}`),
    },
    end: (code: number) => sent.push(`end ${code.toString(16)}`),
  };
  return { gate: new AckGate(connection as unknown as Connection), sent };
}

const message = Message.create(
  { topic: 't', payload: new Uint8Array(), qos: 1, retain: false, properties: undefined },
  0,
);

function record(references: number, ticket = 1): StoredMessage {
  const stored = new StoredMessage(1, message, 0, ticket);
  stored.references = references;
  return stored;
}

test('an answer leaves with its group and never before the one ahead of it', () => {
  const { gate: held, sent } = gate();
  held.addAck(puback, 1, 0, 5, record(1), false);
  held.addAck(puback, 2, 0x10, 0, null, false);
  held.addAck(pubrec, 65_535, 0, 6, null, true);
  held.addAck(pubrec, 3, 0x87, 0, 'not allowed', false);
  held.release(4);
  assert.deepEqual(sent, []);
  held.release(5);
  assert.deepEqual(sent, ['4:1:0', '4:2:10']);
  assert.equal(held.acks, 2);
  held.release(6);
  assert.deepEqual(sent.slice(2), ['5:65535:0', '5:3:87 not allowed']);
  assert.equal(held.waiting, 0);
});

test('an answer whose message became unnecessary leaves at once, unless it promises more', () => {
  const { gate: held, sent } = gate();
  const [one, two] = [record(1), record(1)];
  held.addAck(puback, 1, 0, 5, one, false);
  held.addAck(pubrec, 2, 0, 5, two, true);
  one.references = 0;
  two.references = 0;
  held.release(4);
  assert.deepEqual(sent, ['4:1:0']);
  held.release(5);
  assert.deepEqual(sent, ['4:1:0', '5:2:0']);
});

test('an answer whose message the store was given waits for it, however little it is needed by then', () => {
  const { gate: held, sent } = gate();
  const stored = record(0);
  stored.submitted = true;
  held.addAck(puback, 1, 0, 5, stored, false);
  held.release(4);
  assert.deepEqual(sent, []);
});

test('what was given up is refused in its place, and everything else goes on waiting', () => {
  const { gate: held, sent } = gate();
  const lost = record(1);
  held.addAck(pubrec, 1, 0, 5, null, true);
  held.addAck(puback, 2, 0, 5, lost, false);
  held.addAck(pubrec, 3, 0, 6, record(1), true);
  lost.cancelled = true;
  held.refuse(0x97, 'the disk is full');
  held.release(4);
  assert.deepEqual(sent, []);
  held.release(5);
  assert.equal(sent.length, 2);
  assert.match(sent[1]!, /^4:2:97 .*the disk is full/);
  held.release(6);
  assert.equal(sent[2], '5:3:0');
});

test('a 3.x connection ends where an answer would have to refuse', () => {
  const { gate: held, sent } = gate(false);
  const lost = record(1);
  lost.cancelled = true;
  held.addAck(puback, 1, 0, 5, record(1), false);
  held.refuse(0x97, 'the disk is full');
  assert.deepEqual(sent, []);
  held.addAck(puback, 2, 0, 5, lost, false);
  held.refuse(0x97, 'the disk is full');
  assert.deepEqual(sent, ['end 97']);
});

test('what is done beside acknowledging has an order of its own', () => {
  const { gate: held, sent } = gate();
  held.addAction(7, () => sent.push('first'));
  held.addAction(8, () => sent.push('second'));
  held.addAck(puback, 1, 0, 6, null, true);
  held.release(6);
  assert.deepEqual(sent, ['4:1:0']);
  assert.equal(held.waiting, 2);
  held.release(9);
  assert.deepEqual(sent, ['4:1:0', 'first', 'second']);
  held.addAction(10, () => sent.push('never'));
  held.clear();
  held.release(10);
  assert.equal(sent.length, 3);
});

test('whatever is released from inside of what is released, each answer leaves once and in order', () => {
  const { gate: held, sent } = gate();
  for (let id = 1; id <= 600; id++) held.addAck(puback, id, 0, 1 + Math.floor(id / 100), null, true);
  held.addAction(1, () => held.release(3));
  held.addAction(2, () => held.clear());
  held.release(1);
  assert.deepEqual(
    sent,
    Array.from({ length: 299 }, (_, i) => `4:${i + 1}:0`),
  );
  assert.equal(held.waiting, 0);
});

test('over any history a gate keeps the order of what it was given, and nothing once all groups are written', () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(5), needed: fc.boolean(), firm: fc.boolean() }),
    fc.record({ write: fc.nat(3) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const { gate: held, sent } = gate();
      let [ticket, written, next] = [1, 0, 1];
      for (const one of steps) {
        if ('write' in one) {
          written = Math.min(ticket, written + one.write);
          ticket += one.write;
          held.release(written);
        } else {
          held.addAck(puback, next, 0, one.add === 0 ? 0 : ticket, record(one.needed ? 1 : 0), one.firm);
          next += 1;
        }
      }
      held.release(ticket);
      assert.deepEqual(
        sent,
        Array.from({ length: next - 1 }, (_, i) => `4:${i + 1}:0`),
      );
      assert.equal(held.waiting, 0);
    }),
    { numRuns: 100 },
  );
});
