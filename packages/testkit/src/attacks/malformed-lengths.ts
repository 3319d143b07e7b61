import { PacketType } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { body, frame } from './bytes.ts';

/** Packets whose lengths are wrong, each in its own way; the broker ends the connection for every one of them. */
export const malformedLengths: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ['a remaining length of five bytes', Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x01)],
  ['a remaining length that never ends', Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 0xff)],
  ['a remaining length with more bytes than it needs', Uint8Array.of(0xc0, 0x80, 0x00)],
  ['a PINGREQ with a body', Uint8Array.of(0xc0, 0x01, 0x00)],
  ['a topic longer than its packet', frame(PacketType.publish, 0, Uint8Array.of(0xff, 0xff, 0x61))],
  ['half a length of a topic', frame(PacketType.publish, 0, Uint8Array.of(0x00))],
  ['a PUBLISH without a body', frame(PacketType.publish, 0, new Uint8Array(0))],
  ['properties longer than their packet', frame(PacketType.publish, 0, Uint8Array.of(0, 1, 0x61, 0x7f, 1))],
  [
    'a length of properties of five bytes',
    frame(PacketType.publish, 0, Uint8Array.of(0, 1, 0x61, 255, 255, 255, 255, 1)),
  ],
  ['a SUBSCRIBE that ends in a filter', frame(PacketType.subscribe, 2, Uint8Array.of(0, 1, 0, 0, 9, 0x61))],
  ['a SUBSCRIBE without a filter', frame(PacketType.subscribe, 2, Uint8Array.of(0, 1, 0))],
  ['a PUBACK of one byte', frame(PacketType.puback, 0, Uint8Array.of(1))],
  [
    'correlation data longer than its packet',
    frame(
      PacketType.publish,
      0,
      body((writer) => {
        writer.utf8('a');
        writer.varint(4);
        writer.byte(0x09);
        writer.uint16(65_535);
        writer.byte(0);
      }),
    ),
  ],
];

/** Logs in and sends a packet with a wrong length, again and again, each kind in its turn. An action is a packet. */
export function malformedLengthStorm(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 200, clients: 4 }, options));
  let kind = 0;
  return assault.crew((client) => {
    if (client.step > 0) return false; // it waits for its end
    client.step = 1;
    client.write(malformedLengths[kind % malformedLengths.length]![1]);
    kind += 1;
    return true;
  });
}
