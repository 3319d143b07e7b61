import { randomBytes } from 'node:crypto';

/** A frame as a WebSocket client sends it; what is left out is as it should be. */
export interface ClientFrame {
  /** Default 2, binary. */
  readonly opcode?: number;
  /** Default true. */
  readonly fin?: boolean;
  /** Reserved bits, the first of them 4. */
  readonly reserved?: number;
  /** Four bytes; null = not masked. Default: random ones. */
  readonly mask?: Uint8Array | null;
  /** What the header says in place of the payload's length. */
  readonly length?: number | bigint;
  /** Bytes of the length behind the first: 0, 2 or 8. Default: as few as do. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** Encodes a frame of a client, right or wrong. */
export function clientFrame(payload: Uint8Array | string = '', frame: ClientFrame = {}): Buffer {
  const bytes = Buffer.from(payload as string);
  const { opcode = 2, fin = true, reserved = 0, mask = randomBytes(4), length = bytes.length } = frame;
  const { lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8 } = frame;
  const extended = Buffer.alloc(lengthBytes);
  if (lengthBytes === 2) extended.writeUInt16BE(Number(length));
  if (lengthBytes === 8) extended.writeBigUInt64BE(BigInt(length));
  const short = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127;
  const head = Buffer.of((fin ? 0x80 : 0) | (reserved << 4) | opcode, (mask === null ? 0 : 0x80) | short);
  const masked = mask === null ? bytes : bytes.map((byte, i) => byte ^ mask[i & 3]!);
  return Buffer.concat([head, extended, mask ?? new Uint8Array(0), masked]);
}

/** Frames that carry `bytes`, cut where `cuts` says (fractions of what is left), as one message or as many. */
export function framesOf(bytes: Uint8Array, cuts: readonly number[], fragmented: boolean): Buffer {
  const frames: Buffer[] = [];
  let at = 0;
  cuts.forEach((cut, i) => {
    const end = at + Math.floor((bytes.length - at) * cut);
    const more = fragmented ? { opcode: i === 0 ? 2 : 0, fin: false } : {};
    frames.push(clientFrame(bytes.subarray(at, end), more));
    at = end;
  });
  frames.push(clientFrame(bytes.subarray(at), fragmented && cuts.length > 0 ? { opcode: 0 } : {}));
  return Buffer.concat(frames);
}
