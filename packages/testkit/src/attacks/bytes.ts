import { type PacketType, Writer } from '@cauldron/protocol';

/** A whole packet around a body that an encoder would refuse to write. */
export function frame(type: PacketType, flags: number, body: Uint8Array): Uint8Array {
  const writer = new Writer(body.length + 5);
  writer.byte((type << 4) | flags);
  writer.varint(body.length);
  writer.bytes(body);
  return writer.finish();
}

/** A remaining length of four bytes, however small the number is. */
export const paddedLength = (length: number): number[] => [
  (length & 127) | 128,
  ((length >> 7) & 127) | 128,
  ((length >> 14) & 127) | 128,
  length >> 21,
];

/** A body, written field by field. */
export function body(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.finish();
}
