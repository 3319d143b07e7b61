import { ByteReader, type ByteWriter } from './bytes.ts';

/** A queue entry with its message, as a store hands it back. */
export interface StoredEntry {
  /** 0 in an answer to a read of messages. */
  readonly position: number;
  readonly messageId: number;
  /** QoS in bits 0 and 1, the retain flag 4. */
  readonly flags: number;
  readonly identifiers: readonly number[] | null;
  /** Milliseconds since 1970 at which the message was published. */
  readonly at: number;
  /** As `Message.write` wrote it: a view into the answer. */
  readonly body: Uint8Array;
}

/** Writes an entry of an answer to a read. */
export function writeEntry(out: ByteWriter, entry: StoredEntry): void {
  out.number(entry.position);
  out.number(entry.messageId);
  out.byte(entry.flags);
  out.number(entry.identifiers?.length ?? 0);
  if (entry.identifiers !== null) for (const identifier of entry.identifiers) out.number(identifier);
  out.number(entry.at);
  out.block(entry.body);
}

/** Reads what {@link writeEntry} wrote. @throws {RangeError} where the bytes are not whole entries */
export function readEntries(bytes: Uint8Array): StoredEntry[] {
  const reader = new ByteReader(bytes);
  const entries: StoredEntry[] = [];
  while (!reader.done) {
    const position = reader.number();
    const messageId = reader.number();
    const flags = reader.byte();
    const count = reader.number();
    const identifiers = count === 0 ? null : Array.from({ length: count }, () => reader.number());
    entries.push({ position, messageId, flags, identifiers, at: reader.number(), body: reader.block() });
  }
  return entries;
}
