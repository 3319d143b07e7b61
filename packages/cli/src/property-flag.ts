import type { Properties, PropertyRow } from '@cauldron/protocol';
import { packetTypeNames, properties as rows, WILL } from '@cauldron/protocol';
import { UsageError } from './command.ts';
import { didYouMean } from './spelling.ts';
import { toNumber } from './values.ts';

/** Properties by packet name: CONNECT, PUBLISH, WILL ... */
export type PropertiesByPacket = Readonly<Record<string, Properties | undefined>>;

const maxima = { byte: 255, uint16: 65_535, uint32: 4_294_967_295, varint: 268_435_455 } as const;

/** `payloadFormatIndicator` as it is written on the command line; lists in the singular, as each flag sets one. */
export function propertyFlagName({ name }: PropertyRow): string {
  const singular = name.replace('Identifiers', 'Identifier').replace('Properties', 'Property').replace('QoS', 'Qos');
  return singular.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Whether a packet, by its name or `WILL`, may carry a property. */
const carries = (packet: string, { packets }: PropertyRow): boolean =>
  (packets & (1 << (packet === 'WILL' ? WILL : packetTypeNames.indexOf(packet)))) !== 0;

/**
 * Reads the values of `-D PACKET PROPERTY VALUE` and `-D PACKET user-property NAME VALUE`, one after the other.
 *
 * @param packets the packets this command sends and can give properties to
 * @throws {UsageError} unknown packet or property, a property that has no place there, or a value out of range
 */
export function readProperties(words: readonly string[], packets: readonly string[]): PropertiesByPacket {
  const found: Record<string, Properties> = {};
  let at = 0;
  while (at < words.length) {
    const packet = packetOf(words[at]!, packets);
    const row = rowOf(words[at + 1]!, packet);
    const properties = (found[packet] ??= {});
    if (row.type === 'pair') {
      (properties.userProperties ??= []).push([words[at + 2]!, words[at + 3]!]);
      at += 4;
    } else {
      set(properties, row, words[at + 2]!);
      at += 3;
    }
  }
  return found;
}

function packetOf(word: string, packets: readonly string[]): string {
  const packet = word.toUpperCase();
  if (packets.includes(packet)) return packet;
  const list = packets.join(', ').toLowerCase();
  throw new UsageError(`-D cannot set properties of "${word}" here; this command knows ${list}`);
}

function rowOf(word: string, packet: string): PropertyRow {
  const row = rows.find((candidate) => propertyFlagName(candidate) === word.toLowerCase());
  const here = rows.filter((candidate) => carries(packet, candidate)).map(propertyFlagName);
  if (row === undefined) throw new UsageError(`-D: there is no property "${word}"${didYouMean(word, here)}`);
  if (carries(packet, row)) return row;
  throw new UsageError(`-D: ${packet} has no property ${word}; it has ${here.join(', ')}`);
}

function set(properties: Properties, row: PropertyRow, text: string): void {
  const target = properties as Record<string, unknown>;
  const name = propertyFlagName(row);
  if (row.type === 'utf8') target[row.name] = text;
  else if (row.type === 'binary') target[row.name] = new TextEncoder().encode(text);
  else {
    const type = row.type as keyof typeof maxima;
    const value = toNumber(text, `-D: ${name}`, { min: row.repeats ? 1 : 0, max: maxima[type] });
    target[row.name] = row.repeats ? [value] : value;
  }
}
