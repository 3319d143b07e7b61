/**
 * The wire corpus: packets as bytes with what they mean, in conformance/wire/*.json. Codec, broker, client and fuzzer
 * are tested with the same cases.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { MqttErrorCode, Packet, ProtocolVersion } from '@cauldron/protocol';

/** One packet on the wire and what a decoder must make of it: either `packet` or `error` is there. */
export interface WireCase {
  /** What the case claims, unique in the corpus. */
  readonly name: string;
  /** The numbered statements of MQTT 5.0 it proves, for example `MQTT-3.3.1-4`. */
  readonly spec: readonly string[];
  readonly version: ProtocolVersion;
  /** Who sends it. */
  readonly direction: 'client' | 'server';
  /** The whole packet, fixed header included. */
  readonly bytes: Uint8Array;
  /** The upper four bits of the first byte. */
  readonly type: number;
  /** The lower four bits of the first byte. */
  readonly flags: number;
  /** Offset of the body in `bytes`, behind the remaining length. */
  readonly bodyStart: number;
  readonly packet?: Packet;
  readonly error?: { readonly code: MqttErrorCode; readonly reasonCode: number };
  /** False where the bytes are allowed, but an encoder would write the packet in another way. */
  readonly canonical: boolean;
}

interface StoredCase {
  readonly name: string;
  readonly spec: readonly string[];
  readonly version: ProtocolVersion;
  readonly direction: 'client' | 'server';
  readonly hex: string;
  readonly packet?: Packet;
  readonly error?: { readonly code: MqttErrorCode; readonly reasonCode: number };
  readonly canonical?: boolean;
}

const folder = new URL('../../../conformance/wire/', import.meta.url);

/**
 * Every case of the corpus, file by file.
 *
 * @throws Error naming file and case where the corpus itself is wrong: bad hex, a remaining length that does not fit,
 * a name that is used twice, neither or both of packet and error.
 */
export function loadWireCorpus(): WireCase[] {
  const names = new Set<string>();
  const cases: WireCase[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.json')) continue;
    for (const stored of JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as StoredCase[]) {
      const where = `conformance/wire/${file}, case '${stored.name}'`;
      if (names.has(stored.name)) throw new Error(`${where}: the name is used twice`);
      names.add(stored.name);
      cases.push(toWireCase(stored, where));
    }
  }
  return cases;
}

function toWireCase(stored: StoredCase, where: string): WireCase {
  const { hex, packet, ...rest } = stored;
  if ((packet === undefined) === (stored.error === undefined)) {
    throw new Error(`${where}: give either a packet or an error`);
  }
  const bytes = fromHex(hex, where);
  const first = bytes[0] ?? 0;
  return {
    ...rest,
    bytes,
    type: first >> 4,
    flags: first & 15,
    bodyStart: bodyStart(bytes, where),
    canonical: stored.canonical ?? true,
    ...(packet && { packet: revive(packet) as Packet }),
  };
}

function fromHex(hex: string, where: string): Uint8Array {
  if (!/^([0-9a-f]{2}( [0-9a-f]{2})*)?$/.test(hex)) throw new Error(`${where}: '${hex}' is no spaced hex`);
  return Uint8Array.from(hex === '' ? [] : hex.split(' '), (pair) => Number.parseInt(pair, 16));
}

function bodyStart(bytes: Uint8Array, where: string): number {
  let length = 0;
  for (let at = 1; at <= 4; at++) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 0x80) {
      if (at + 1 + length === bytes.length) return at + 1;
      break;
    }
  }
  throw new Error(`${where}: the remaining length says ${length}, the packet has ${bytes.length} bytes in all`);
}

/** JSON has no bytes: `{ "hex": "00 ff" }` stands for them. */
function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  if ('hex' in value && typeof value.hex === 'string') return fromHex(value.hex, 'a packet');
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}
