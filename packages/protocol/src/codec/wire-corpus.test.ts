import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { loadWireCorpus, type WireCase } from '@cauldron/testkit/wire-corpus';
import { MqttError } from '../error.ts';
import { type Packet, PacketType } from '../packet.ts';
import { decodePacket } from './decode-packet.ts';
import { encodePacket } from './encode-packet.ts';

const corpus = loadWireCorpus();
const valid = corpus.filter((wire) => wire.packet !== undefined);

function decode(wire: WireCase, end = wire.bytes.length): Packet {
  return decodePacket(wire.type, wire.flags, wire.bytes, wire.bodyStart, end, wire.version);
}

function tagged(wire: WireCase): string {
  return [wire.name, ...wire.spec.map((tag) => `[${tag}]`)].join(' ');
}

/** Keys whose value is undefined count as missing. */
function withoutUndefined(packet: Packet): unknown {
  return Object.fromEntries(Object.entries(packet).filter(([, value]) => value !== undefined));
}

suite('the wire corpus', () => {
  for (const wire of corpus) {
    test(tagged(wire), () => {
      if (wire.packet) {
        assert.deepEqual(withoutUndefined(decode(wire)), wire.packet);
        return;
      }
      assert.throws(
        () => decode(wire),
        (error) => {
          assert(error instanceof MqttError, `${error}`);
          assert.deepEqual({ code: error.code, reasonCode: error.reasonCode }, wire.error, error.message);
          return true;
        },
      );
    });
  }
});

test('the corpus has valid and invalid cases for every packet type that a version knows', () => {
  for (const version of [3, 4, 5] as const) {
    for (const type of Object.values(PacketType)) {
      const cases = corpus.filter((wire) => wire.version === version && wire.type === type);
      assert(
        cases.some((wire) => wire.error),
        `type ${type} of version ${version} has no invalid case`,
      );
      if (type === PacketType.auth && version < 5) continue;
      assert(
        cases.some((wire) => wire.packet),
        `type ${type} of version ${version} has no valid case`,
      );
    }
  }
});

test('every canonical packet of the corpus is encoded to the same bytes', () => {
  for (const wire of valid) {
    if (wire.canonical) assert.deepEqual(encodePacket(wire.packet!, wire.version), wire.bytes, wire.name);
  }
});

test('a packet that is not canonical decodes to the same again after encoding', () => {
  const others = valid.filter((wire) => !wire.canonical);
  assert(others.length > 0);
  for (const wire of others) {
    const bytes = encodePacket(wire.packet!, wire.version);
    const again = decodePacket(bytes[0]! >> 4, bytes[0]! & 15, bytes, 2, bytes.length, wire.version);
    assert.deepEqual(withoutUndefined(again), wire.packet, wire.name);
    assert.notDeepEqual(bytes, wire.bytes, `${wire.name}: it is canonical, so it need not say otherwise`);
  }
});

/** Packets whose last field has no length of its own, so that some cuts leave a valid packet. */
const openEnded: ReadonlySet<number> = new Set([
  PacketType.publish,
  PacketType.puback,
  PacketType.pubrec,
  PacketType.pubrel,
  PacketType.pubcomp,
  PacketType.subscribe,
  PacketType.suback,
  PacketType.unsubscribe,
  PacketType.unsuback,
  PacketType.disconnect,
  PacketType.auth,
]);

test('a truncated packet throws MqttError and nothing else, unless the shorter packet is complete in itself', () => {
  for (const wire of valid) {
    for (let end = wire.bodyStart; end < wire.bytes.length; end++) {
      const shortened = outcome(wire, end);
      if (shortened instanceof MqttError) continue;
      // 3.1 lets the remaining length take precedence over the user name and password flags.
      const mayStand = openEnded.has(wire.type) || (wire.type === PacketType.connect && wire.version === 3);
      assert(mayStand, `${wire.name}, cut to ${end} bytes, was accepted`);
      if (!wire.canonical) continue; // It may spell out at its end what could be left away.
      assert.notDeepEqual(withoutUndefined(shortened), wire.packet, `${wire.name}: the last bytes mean nothing`);
    }
  }
});

function outcome(wire: WireCase, end: number): Packet | MqttError {
  try {
    return decode(wire, end);
  } catch (error) {
    if (error instanceof MqttError) return error;
    throw new Error(`${wire.name}, cut to ${end} bytes`, { cause: error });
  }
}

test('a decoded packet shares no memory with the bytes it came from, be they a plain array or a Node Buffer', () => {
  for (const wire of valid) {
    // Buffer's own slice shares memory, unlike that of Uint8Array.
    for (const bytes of [wire.bytes.slice(), Buffer.from(wire.bytes)]) {
      const packet = decodePacket(wire.type, wire.flags, bytes, wire.bodyStart, bytes.length, wire.version);
      bytes.fill(0xff);
      assert.deepEqual(withoutUndefined(packet), wire.packet, wire.name);
    }
  }
});

test('packet type 0 is malformed', () => {
  assert.throws(() => decodePacket(0, 0, new Uint8Array(0), 0, 0, 5), { code: 'MALFORMED_PACKET' });
});
