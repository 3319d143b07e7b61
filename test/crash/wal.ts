import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import type { Random } from '@cauldron/testkit/simulation';

const HEADER = 32;
const FRAME_HEADER = 24;
/** Where the index beside the log says how many frames may already have been moved into the database. */
const BACKFILL_ATTEMPTED = 128;

/** SQLite's write-ahead log as far as it counts: the frames of its current round (sqlite.org/fileformat2.html, 4). */
export interface Wal {
  readonly pageSize: number;
  /** Where each frame ends, with whether a transaction ends with it. */
  readonly frames: readonly { readonly end: number; readonly commits: boolean }[];
}

/** @throws Error where the file has no header of a log */
export function parseWal(bytes: Buffer): Wal {
  if (bytes.length < HEADER || (bytes.readUInt32BE(0) & ~1) >>> 0 !== 0x377f0682) throw new Error('no write-ahead log');
  const pageSize = bytes.readUInt32BE(8);
  const salt = bytes.subarray(16, 24);
  const frames: { end: number; commits: boolean }[] = [];
  for (let at = HEADER; at + FRAME_HEADER + pageSize <= bytes.length; at += FRAME_HEADER + pageSize) {
    // Frames of an earlier round stand behind those of this one, with another salt.
    if (!bytes.subarray(at + 8, at + 16).equals(salt)) break;
    frames.push({ end: at + FRAME_HEADER + pageSize, commits: bytes.readUInt32BE(at + 4) !== 0 });
  }
  return { pageSize, frames };
}

/** Numbers of the pages a log holds. */
export function pagesOf(bytes: Buffer): Set<number> {
  const { pageSize, frames } = parseWal(bytes);
  return new Set(frames.map(({ end }) => bytes.readUInt32BE(end - pageSize - FRAME_HEADER)));
}

/** What a write that was under way when the power went may leave. */
export type Damage =
  | { readonly kind: 'truncate'; readonly at: number }
  | { readonly kind: 'flip'; readonly at: number; readonly bytes: number }
  | { readonly kind: 'garbage'; readonly bytes: number };

/** A damage, and what must be left: the log up to here is whole and ends with a transaction. */
export interface PlannedDamage {
  readonly damage: Damage;
  readonly survives: number;
}

/** How many of the last transactions may suffer. */
const REACH = 4;

/**
 * A damage to the end of a log; null where nothing there is safe to damage, because it may already be in the database.
 *
 * @param path the database; its log and the log's index lie beside it
 */
export function planDamage(path: string, kind: Damage['kind'], random: Random): PlannedDamage | null {
  if (!existsSync(`${path}-wal`) || !existsSync(`${path}-shm`)) return null;
  const index = readFileSync(`${path}-shm`);
  const log = readFileSync(`${path}-wal`);
  if (log.length === 0) return null;
  const { frames } = parseWal(log);
  const moved = index.readUInt32LE(BACKFILL_ATTEMPTED);
  const ends = frames.flatMap(({ commits, end }, i) => (commits && i + 1 >= moved ? [end] : []));
  if (ends.length < 2) return null;
  const last = ends.at(-1)!;
  if (kind === 'garbage') return { damage: { kind, bytes: random.between(1, 20_000) }, survives: last };
  const from = ends.at(-1 - random.between(1, Math.min(REACH, ends.length - 1)))!;
  const at = random.between(from, last - 1);
  const survives = ends.findLast((end) => end <= at)!;
  if (kind === 'truncate') return { damage: { kind, at }, survives };
  return { damage: { kind, at, bytes: random.between(1, Math.min(64, last - at)) }, survives };
}

/** Does it to the log beside a database. */
export function applyDamage(path: string, damage: Damage, random: Random): void {
  const log = `${path}-wal`;
  if (damage.kind === 'truncate') {
    truncateSync(log, damage.at);
    return;
  }
  const bytes = readFileSync(log);
  if (damage.kind === 'flip') {
    for (let i = damage.at; i < damage.at + damage.bytes; i++) bytes[i]! ^= random.between(1, 255);
    writeFileSync(log, bytes);
    return;
  }
  // What stands behind the last frame, an older round or nothing, is overwritten.
  const end = parseWal(bytes).frames.at(-1)?.end ?? HEADER;
  const garbage = Buffer.from(Array.from({ length: damage.bytes }, () => random.below(256)));
  const rest = bytes.subarray(Math.min(bytes.length, end + garbage.length));
  writeFileSync(log, Buffer.concat([bytes.subarray(0, end), garbage, rest]));
}

/** Cuts the log of a database off where a transaction ends. */
export function truncateWal(path: string, end: number): void {
  truncateSync(`${path}-wal`, end);
}
