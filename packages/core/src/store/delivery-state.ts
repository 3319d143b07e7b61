import { ByteReader, type ByteWriter } from './bytes.ts';

/** A message in flight to a client, as it is kept. */
export interface InflightRecord {
  readonly packetId: number;
  /** QoS in bits 0 and 1, the retain flag 4, released (PUBREC came, PUBCOMP did not) 16. */
  readonly flags: number;
  /** 0 where released: the message is the client's. */
  readonly messageId: number;
  readonly identifiers: readonly number[] | null;
}

/** What is under way between a session and its client in both directions. */
export interface DeliveryState {
  /** Packet identifiers of incoming QoS 2 messages between PUBLISH and PUBREL. */
  readonly inbound: readonly number[];
  /** In the order they were first sent. */
  readonly inflight: readonly InflightRecord[];
}

export const RELEASED = 16;
const IDENTIFIED = 8;

/** Writes the identifiers of incoming QoS 2 messages; {@link writeInflight} follows for each message in flight. */
export function writeInbound(out: ByteWriter, inbound: readonly number[]): void {
  out.number(inbound.length);
  for (let i = 0; i < inbound.length; i++) out.number(inbound[i]!);
}

export function writeInflight(
  out: ByteWriter,
  packetId: number,
  flags: number,
  messageId: number,
  identifiers: readonly number[] | null,
): void {
  out.number(packetId);
  out.byte(flags | (identifiers === null ? 0 : IDENTIFIED));
  out.number(messageId);
  if (identifiers === null) return;
  out.number(identifiers.length);
  for (const identifier of identifiers) out.number(identifier);
}

/** The whole state, for who has it as a value. */
export function writeDeliveryState(out: ByteWriter, { inbound, inflight }: DeliveryState): void {
  writeInbound(out, inbound);
  for (const { packetId, flags, messageId, identifiers } of inflight) {
    writeInflight(out, packetId, flags, messageId, identifiers);
  }
}

/** Reads what was written. @throws {RangeError} where the bytes are no delivery state */
export function readDeliveryState(bytes: Uint8Array): DeliveryState {
  const reader = new ByteReader(bytes);
  const inbound = Array.from({ length: reader.number() }, () => reader.number());
  const inflight: InflightRecord[] = [];
  while (!reader.done) {
    const packetId = reader.number();
    const flags = reader.byte();
    const messageId = reader.number();
    const identifiers =
      (flags & IDENTIFIED) === 0 ? null : Array.from({ length: reader.number() }, () => reader.number());
    inflight.push({ packetId, flags: flags & ~IDENTIFIED, messageId, identifiers });
  }
  return { inbound, inflight };
}
