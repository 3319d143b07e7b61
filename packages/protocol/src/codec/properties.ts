import { MqttError, malformed, protocolError } from '../error.ts';
import { PacketType, packetTypeNames } from '../packet.ts';
import { type Properties, type PropertyRow, properties as table, WILL } from '../property.ts';
import { ReasonCode } from '../reason-code.ts';
import { Reader } from './reader.ts';
import { largestScratch, putVarint, varintSize, Writer } from './writer.ts';

/** A packet type, or `WILL`. */
type Owner = PacketType | typeof WILL;
type Bag = Record<string, unknown>;
type Value = number | string | Uint8Array | [string, string];

const rowById: (PropertyRow | undefined)[] = [];
const rowByName = new Map<string, PropertyRow>();
for (const row of table) {
  rowById[row.id] = row;
  rowByName.set(row.name, row);
}

const nameOf = (packet: Owner): string => (packet === WILL ? 'WILL' : packetTypeNames[packet]!);

/**
 * Reads the property length and the properties of one packet (MQTT 5.0 section 2.2.2).
 *
 * @param packet whose properties: the type, or `WILL` for those of the will in a CONNECT.
 * @returns undefined where the property length is 0.
 * @throws MqttError MALFORMED_PACKET, PROTOCOL_ERROR or TOPIC_ALIAS_INVALID.
 */
export function readProperties(reader: Reader, packet: Owner): Properties | undefined {
  const length = reader.varint('the property length');
  if (length === 0) return undefined;
  if (length > reader.remaining()) {
    throw malformed(
      `the properties of ${nameOf(packet)} are said to take ${length} bytes; only ${reader.remaining()} are left`,
    );
  }
  const section = new Reader(reader.bytes, reader.at, reader.at + length);
  reader.at = section.end;
  return readPropertyList(section, packet);
}

/** Reads properties up to the reader's end, without a property length before them. @throws as {@link readProperties} */
export function readPropertyList(reader: Reader, packet: Owner): Properties {
  const bag: Bag = {};
  while (reader.remaining() > 0) readProperty(reader, bag, packet);
  return bag as Properties;
}

function readProperty(reader: Reader, bag: Bag, packet: Owner): void {
  const id = reader.varint('a property identifier');
  const row = rowById[id];
  if (row === undefined) {
    throw malformed(`${nameOf(packet)} carries an unknown property identifier 0x${id.toString(16).padStart(2, '0')}`);
  }
  requireAllowed(row, packet);
  const value: Value = reader[row.type](row.name); // The reader's methods are named after the wire types.
  checkValue(row, value);
  if (row.repeats) append(bag, row, value, packet);
  else if (bag[row.name] === undefined) bag[row.name] = value;
  else throw duplicate(row, packet);
}

function append(bag: Bag, row: PropertyRow, value: Value, packet: Owner): void {
  const list = bag[row.name] as Value[] | undefined;
  if (list === undefined) bag[row.name] = [value];
  else if (repeatsIn(row, packet)) list.push(value);
  else throw duplicate(row, packet);
}

/** A SUBSCRIBE holds at most one subscription identifier (section 3.8.2.1.2); a PUBLISH may hold several. */
function repeatsIn(row: PropertyRow, packet: Owner): boolean {
  return row.repeats && !(row.name === 'subscriptionIdentifiers' && packet === PacketType.subscribe);
}

function requireAllowed(row: PropertyRow, packet: Owner): void {
  // Section 2.2.2.2 calls an identifier that is not valid for its packet a malformed packet.
  if ((row.packets & (1 << packet)) === 0) throw malformed(`${row.name} is not a property of ${nameOf(packet)}`);
}

function duplicate(row: PropertyRow, packet: Owner): MqttError {
  return protocolError(`${row.name} stands more than once in ${nameOf(packet)}`);
}

/** The rules for values that the wire type alone does not express; the same for reading and writing. */
function checkValue(row: PropertyRow, value: Value): void {
  // Every property of one byte is a yes or a no.
  if (row.type === 'byte' && (value as number) > 1) {
    throw protocolError(`${row.name} is ${value}; it may only be 0 or 1`);
  }
  switch (row.name) {
    case 'receiveMaximum':
    case 'maximumPacketSize':
    case 'subscriptionIdentifiers':
      if (value === 0) throw protocolError(`${row.name} is 0; it must be at least 1`);
      return;
    case 'topicAlias':
      if (value === 0) throw aliasZero();
      return;
    case 'responseTopic':
      // [MQTT-3.3.2-14]
      if (/[+#]/.test(value as string)) {
        throw protocolError(`the response topic '${value}' contains a wildcard; name one topic`, 'MQTT-3.3.2-14');
      }
      return;
    default:
      return;
  }
}

function aliasZero(): MqttError {
  // [MQTT-3.3.2-8]
  return new MqttError('topicAlias is 0; aliases start at 1', {
    code: 'TOPIC_ALIAS_INVALID',
    reasonCode: ReasonCode.topicAliasInvalid,
    spec: 'MQTT-3.3.2-8',
  });
}

/** What a packet without properties carries: a property length of 0. // [MQTT-2.2.2-1] */
const noProperties = new Uint8Array(1);

/** Room for the longest property length, which is known last. */
const lengthRoom = 4;

let scratch = new Writer();

/**
 * Property length and properties as a packet carries them, in the order of the object's keys, which is the order of the
 * wire for properties that were read. Keys whose value is undefined are left out.
 *
 * @param packet whose properties: the type, or `WILL` for those of the will in a CONNECT.
 * @returns bytes that are valid until the next call; a single 0 where there are no properties.
 * @throws MqttError where a property is unknown, not allowed in this packet or has a value the receiver must refuse.
 */
export function encodeProperties(properties: Properties | undefined, packet: Owner): Uint8Array {
  if (properties === undefined) return noProperties;
  if (scratch.capacity > largestScratch) scratch = new Writer();
  scratch.clear();
  scratch.uint32(0);
  for (const name in properties) {
    const row = rowNamed(name);
    const values = valuesOf(properties, row);
    if (values.length > 0) requireAllowed(row, packet);
    if (values.length > 1 && !repeatsIn(row, packet)) throw duplicate(row, packet);
    for (const value of values) {
      checkValue(row, value);
      scratch.byte(row.id);
      // The writer's methods are named after the wire types.
      scratch[row.type](value as never);
    }
  }
  const length = scratch.length - lengthRoom;
  const start = lengthRoom - varintSize(length);
  const bytes = scratch.finish();
  putVarint(bytes, start, length);
  return bytes.subarray(start);
}

/** Writes what {@link encodeProperties} gives. @throws as that */
export function writeProperties(writer: Writer, properties: Properties | undefined, packet: Owner): void {
  writer.bytes(encodeProperties(properties, packet));
}

function rowNamed(name: string): PropertyRow {
  const row = rowByName.get(name);
  if (row === undefined) throw protocolError(`'${name}' is no MQTT property; see the keys of Properties`);
  return row;
}

const none: readonly Value[] = [];

function valuesOf(properties: Properties, row: PropertyRow): readonly Value[] {
  const value = properties[row.name];
  if (value === undefined) return none;
  return row.repeats ? (value as Value[]) : [value as Value];
}
