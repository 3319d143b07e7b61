// npm run fuzz, or: node test/fuzz/fuzz-codec.ts
//   FUZZ_CASES=1000000  how many mutated packets to decode (default 20,000)
//   FUZZ_SEED=123       replays the run that printed this seed (default: the clock)
//
// Takes packets of the wire corpus, damages them and decodes what comes out. Whatever the
// bytes, the decoder must return a packet or throw MqttError; and a packet it accepts must survive encoding and decoding.
import { isDeepStrictEqual } from 'node:util';
import { decodePacket, encodePacket, MqttError, type Packet, type ProtocolVersion } from '@cauldron/protocol';
import { loadWireCorpus } from '@cauldron/testkit/wire-corpus';

export interface FuzzOptions {
  readonly cases: number;
  /** The same seed draws the same packets. */
  readonly seed: number;
}

export interface FuzzResult {
  readonly accepted: number;
  readonly refused: number;
}

/** Gives a number from 0 up to but not including `below`. */
type Random = (below: number) => number;

/** Marsaglia's xorshift with 32 bits of state: short, and it replays the same everywhere. */
function seeded(seed: number): Random {
  let state = seed >>> 0 || 1; // 0 would stay 0 for ever
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % below;
  };
}

interface Sample {
  readonly version: ProtocolVersion;
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
}

/** Bytes at which decoders take turns: ends of ranges, lengths, wildcards, property identifiers. */
const sharpBytes = [0x00, 0x01, 0x02, 0x03, 0x0b, 0x23, 0x26, 0x2b, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff];

type Mutation = (body: Uint8Array, random: Random, pool: readonly Sample[]) => Uint8Array;

const mutations: readonly Mutation[] = [
  function flipBit(body, random) {
    const changed = body.slice();
    if (changed.length > 0) changed[random(changed.length)]! ^= 1 << random(8);
    return changed;
  },
  function putSharpByte(body, random) {
    const changed = body.slice();
    if (changed.length > 0) changed[random(changed.length)] = sharpBytes[random(sharpBytes.length)]!;
    return changed;
  },
  function cut(body, random) {
    return body.slice(0, random(body.length + 1));
  },
  function insert(body, random) {
    const at = random(body.length + 1);
    return Uint8Array.from([...body.subarray(0, at), random(256), ...body.subarray(at)]);
  },
  function remove(body, random) {
    const at = random(body.length + 1);
    return Uint8Array.from([...body.subarray(0, at), ...body.subarray(at + 1 + random(4))]);
  },
  function repeatPart(body, random) {
    const at = random(body.length + 1);
    const end = at + random(body.length - at + 1);
    return Uint8Array.from([...body.subarray(0, end), ...body.subarray(at)]);
  },
  function splice(body, random, pool) {
    const other = pool[random(pool.length)]!.body;
    return Uint8Array.from([...body.subarray(0, random(body.length + 1)), ...other.subarray(random(other.length + 1))]);
  },
];

/**
 * Decodes `cases` damaged packets.
 *
 * @throws Error naming the seed, the case and the bytes where the decoder did anything but accept or refuse.
 */
export function fuzzCodec(options: FuzzOptions): FuzzResult {
  const random = seeded(options.seed);
  const pool: Sample[] = loadWireCorpus().map((wire) => ({
    version: wire.version,
    type: wire.type,
    flags: wire.flags,
    body: wire.bytes.slice(wire.bodyStart),
  }));
  let accepted = 0;
  for (let index = 0; index < options.cases; index++) {
    const sample = damage(pool[random(pool.length)]!, random, pool);
    try {
      if (survives(sample)) accepted++;
    } catch (cause) {
      const hex = Buffer.from(sample.body).toString('hex');
      throw new Error(
        `seed ${options.seed}, case ${index}: type ${sample.type}, flags ${sample.flags}, version ${sample.version}, body ${hex}; ` +
          `replay with FUZZ_SEED=${options.seed} FUZZ_CASES=${index + 1}`,
        { cause },
      );
    }
  }
  return { accepted, refused: options.cases - accepted };
}

function damage(sample: Sample, random: Random, pool: readonly Sample[]): Sample {
  let { version, type, flags, body } = sample;
  for (let times = random(3); times >= 0; times--) body = mutations[random(mutations.length)]!(body, random, pool);
  if (random(16) === 0) flags = random(16);
  if (random(16) === 0) type = random(16);
  if (random(16) === 0) version = ([3, 4, 5] as const)[random(3)]!;
  return { version, type, flags, body };
}

/** True where the decoder accepts, false where it refuses; throws for anything else. */
function survives({ version, type, flags, body }: Sample): boolean {
  const packet = decodeOrRefuse(type, flags, body, version);
  if (packet === undefined) return false;
  const bytes = encodePacket(packet, version);
  let start = 1;
  while (bytes[start++]! > 0x7f);
  const again = decodePacket(bytes[0]! >> 4, bytes[0]! & 15, bytes, start, bytes.length, version);
  if (!isDeepStrictEqual(again, packet)) throw new Error('encoding and decoding changed an accepted packet');
  return true;
}

function decodeOrRefuse(type: number, flags: number, body: Uint8Array, version: ProtocolVersion): Packet | undefined {
  try {
    return decodePacket(type, flags, body, 0, body.length, version);
  } catch (error) {
    if (error instanceof MqttError) return undefined;
    throw error;
  }
}

if (import.meta.main) {
  const cases = Number(process.env.FUZZ_CASES ?? 20_000);
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 32);
  console.log(`codec: ${cases} cases, seed ${seed}`);
  const { accepted, refused } = fuzzCodec({ cases, seed });
  console.log(`codec: ${accepted} accepted, ${refused} refused, nothing else happened`);
}
