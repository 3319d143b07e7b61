import { PacketType } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { body, frame } from './bytes.ts';

/** Text that is not UTF-8, or that MQTT does not allow. // [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
const invalid: readonly Uint8Array[] = [
  Uint8Array.of(0xff),
  Uint8Array.of(0xc0, 0x80),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0xf5, 0x80, 0x80, 0x80),
  Uint8Array.of(0xe2, 0x82),
  Uint8Array.of(0x61, 0x00, 0x62),
];

/** Names whatever can be named with bytes that are no text, and comes again. An action is one packet. */
export function invalidText(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 200, clients: 4 }, options));
  const { random } = assault;
  return assault.crew((client) => {
    if (client.step > 0) return false; // it waits for its end
    client.step = 1;
    const text = random.pick(invalid);
    client.write(random.pick(places)(text));
    return true;
  });
}

const places: readonly ((text: Uint8Array) => Uint8Array)[] = [
  (text) =>
    frame(
      PacketType.publish,
      0,
      body((writer) => {
        writer.binary(text);
        writer.varint(0);
      }),
    ),
  (text) =>
    frame(
      PacketType.publish,
      0,
      body((writer) => {
        writer.utf8('t');
        writer.varint(text.length + 3);
        writer.byte(0x03); // content type
        writer.binary(text);
      }),
    ),
  (text) =>
    frame(
      PacketType.subscribe,
      2,
      body((writer) => {
        writer.uint16(1);
        writer.varint(0);
        writer.binary(text);
        writer.byte(0);
      }),
    ),
  (text) =>
    frame(
      PacketType.unsubscribe,
      2,
      body((writer) => {
        writer.uint16(1);
        writer.varint(0);
        writer.binary(text);
      }),
    ),
];
