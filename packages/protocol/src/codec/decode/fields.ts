/** Fields and rules that several packets share. */
import { malformed, protocolError } from '../../error.ts';
import { type PacketType, type ProtocolVersion, packetTypeNames } from '../../packet.ts';
import type { Properties } from '../../property.ts';
import { isReasonCodeOf, reasonCodeName } from '../../reason-code.ts';
import { readProperties } from '../properties.ts';
import type { Reader } from '../reader.ts';

/** Refuses reason codes that table 2-6 does not give to the packet. */
export function requireReasonCode(code: number, type: PacketType, spec?: string): void {
  if (isReasonCodeOf(code, type)) return;
  const hex = code.toString(16).padStart(2, '0');
  throw protocolError(
    `reason code 0x${hex} (${reasonCodeName(code)}) does not belong in ${packetTypeNames[type]}`,
    spec,
  );
}

/** Refuses fixed header flags other than the ones the packet must have (MQTT 5.0 section 2.1.3). */
export function requireFlags(flags: number, expected: number, packetName: string, spec = 'MQTT-2.1.3-1'): void {
  if (flags === expected) return;
  throw malformed(
    `the flags in the first byte of ${packetName} are ${binary(flags)}; they must be ${binary(expected)}`,
    spec,
  );
}

/**
 * PUBREL, SUBSCRIBE and UNSUBSCRIBE have the flags 0010. MQTT 3.1 sends these three at QoS 1 and sets the DUP bit
 * above them when it repeats one (MQTT 3.1 section 2.1).
 */
export function requireFlags0010(flags: number, version: ProtocolVersion, packetName: string, spec: string): void {
  requireFlags(version === 3 ? flags & 0b0111 : flags, 0b0010, packetName, spec);
}

const binary = (bits: number): string => bits.toString(2).padStart(4, '0');

/** A packet identifier, 1..65535 (section 2.2.1). */
export function readPacketId(reader: Reader, packetName: string): number {
  const id = reader.uint16(`the packet identifier of ${packetName}`);
  // [MQTT-2.2.1-3] [MQTT-2.2.1-4]
  if (id === 0) throw malformed(`the packet identifier of ${packetName} is 0; it must be 1 to 65535`, 'MQTT-2.2.1-3');
  return id;
}

/** Refuses bytes behind the last field of a packet. */
export function requireEnd(reader: Reader, packetName: string): void {
  if (reader.remaining() === 0) return;
  throw malformed(`${packetName} goes on behind its last field (bytes too many: ${reader.remaining()})`);
}

/** The end of a 5.0 packet that may leave out what says nothing: reason code 0 and no properties. */
export interface Reason {
  readonly reasonCode: number;
  readonly properties?: Properties;
}

/**
 * Reads reason code and properties up to the packet's end; both are missing in 3.x, and may be in 5.0 (sections 3.4.2.1,
 * 3.4.2.2.1, 3.14.2.1 and 3.14.2.2.1).
 *
 * @param spec the rule that a code which does not belong here breaks
 */
export function readReason(reader: Reader, type: PacketType, version: ProtocolVersion, spec: string): Reason {
  const name = packetTypeNames[type]!;
  let reasonCode = 0;
  let properties: Properties | undefined;
  if (version === 5 && reader.remaining() > 0) {
    reasonCode = reader.byte(`the reason code of ${name}`);
    requireReasonCode(reasonCode, type, spec);
    if (reader.remaining() > 0) properties = readProperties(reader, type);
  }
  requireEnd(reader, name);
  return properties === undefined ? { reasonCode } : { reasonCode, properties };
}
