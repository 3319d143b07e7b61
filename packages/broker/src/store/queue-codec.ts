import { ByteReader, type ByteWriter, type EntryRecord } from '@cauldron/core';

/**
 * Queue entries as they lie in `tail.entries` and `chunk.entries`, behind each other; numbers as ByteWriter writes them:
 *
 *     [session, in a tail only] position, message id, flags (8 = identifiers follow), [count, identifiers...], size
 *
 * This is on disks: a change of it is a new schema version with a migration.
 */
const HAS_IDENTIFIERS = 8;

/** Writes an entry of a chunk. */
export function writeChunkEntry(out: ByteWriter, entry: EntryRecord): void {
  const { identifiers } = entry;
  out.number(entry.position);
  out.number(entry.messageId);
  out.byte(identifiers === null ? entry.flags : entry.flags | HAS_IDENTIFIERS);
  if (identifiers !== null) {
    out.number(identifiers.length);
    for (const identifier of identifiers) out.number(identifier);
  }
  out.number(entry.size);
}

/** Writes an entry of a tail row. */
export function writeTailEntry(out: ByteWriter, entry: EntryRecord): void {
  out.number(entry.session);
  writeChunkEntry(out, entry);
}

/**
 * Reads the entries of a chunk in order until `visit` returns false.
 *
 * @throws {RangeError} where the bytes are not whole entries
 */
export function readChunk(bytes: Uint8Array, session: number, visit: (entry: EntryRecord) => boolean): void {
  const reader = new ByteReader(bytes);
  while (!reader.done) if (!visit(readEntry(reader, session))) return;
}

/**
 * Reads the entries of a tail row in order.
 *
 * @throws {RangeError} where the bytes are not whole entries
 */
export function readTail(bytes: Uint8Array, visit: (entry: EntryRecord) => void): void {
  const reader = new ByteReader(bytes);
  while (!reader.done) visit(readEntry(reader, reader.number()));
}

function readEntry(reader: ByteReader, session: number): EntryRecord {
  const position = reader.number();
  const messageId = reader.number();
  const flags = reader.byte();
  const identifiers = (flags & HAS_IDENTIFIERS) === 0 ? null : readIdentifiers(reader);
  return { session, position, messageId, flags: flags & ~HAS_IDENTIFIERS, identifiers, size: reader.number() };
}

function readIdentifiers(reader: ByteReader): number[] {
  return Array.from({ length: reader.number() }, () => reader.number());
}
