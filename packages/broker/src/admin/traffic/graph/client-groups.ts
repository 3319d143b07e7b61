import { type PrefixRange, ranges } from './prefix-ranges.ts';

/** Clients that a node of the graph stands for. */
export interface ClientUnit {
  readonly id: string;
  readonly kind: 'client' | 'clients';
  readonly label: string;
  readonly size: number;
}

/** So many alike make a group. */
const SMALLEST_GROUP = 3;
/** A group is opened by itself only where so much of the room stays free: one client more must not close it again. */
const COMFORT = 0.8;

/**
 * How a client identifier begins, without what tells one of many alike from the others: a number, or a random part behind a
 * separator.
 *
 * @example stemOf('sensor-0001') // 'sensor-'
 */
export function stemOf(clientId: string): string {
  const number = /^(.*?)\d+$/s.exec(clientId);
  if (number !== null) return number[1]!;
  const random = /^(.*[-_:./])[^-_:./]*\d[^-_:./]*$/s.exec(clientId);
  return random === null ? clientId : random[1]!;
}

const clientsId = (prefix: string): string => `clients:${prefix}`;

/**
 * Puts clients into at most `limit` units: all of them alone where there is room, else the largest groups of those that are
 * called alike together. What was together the last time stays so unless there is room to spare.
 *
 * @param clientIds different ones
 * @param open groups that somebody opened, by id
 * @param closed stems that are together; this grouping and the next go by it
 * @returns the unit of each client
 */
export function groupClients(
  clientIds: readonly string[],
  limit: number,
  open: ReadonlySet<string>,
  closed: Set<string>,
): Map<string, ClientUnit> {
  const units = new Map<string, ClientUnit>();
  const alone = stemsToClose(clientIds, limit, open, closed, units);
  if (alone.length > 0) placeByPrefix(alone, Math.max(1, limit - countUnits(units)), open, units);
  return units;
}

const countUnits = (units: ReadonlyMap<string, ClientUnit>): number => new Set(units.values()).size;

/** Closes as many stems as must be; what comes back are the clients that are in none. */
function stemsToClose(
  clientIds: readonly string[],
  limit: number,
  open: ReadonlySet<string>,
  closed: Set<string>,
  units: Map<string, ClientUnit>,
): string[] {
  const before = new Set(closed);
  closed.clear();
  const stems = new Map<string, string[]>();
  for (const clientId of clientIds) {
    const stem = stemOf(clientId);
    const members = stems.get(stem);
    if (members === undefined) stems.set(stem, [clientId]);
    else members.push(clientId);
  }
  let total = clientIds.length;
  const candidates = [...stems].filter(([stem, { length }]) => length >= SMALLEST_GROUP && !open.has(clientsId(stem)));
  candidates.sort(([a, x], [b, y]) => rank(before, b, y) - rank(before, a, x) || (a < b ? -1 : 1));
  for (const [stem, members] of candidates) {
    if (total <= (before.has(stem) ? limit * COMFORT : limit)) continue;
    closed.add(stem);
    stems.delete(stem);
    total -= members.length - 1;
    const unit = groupUnit(stem, members.length);
    for (const clientId of members) units.set(clientId, unit);
  }
  return [...stems.values()].flat();
}

const rank = (before: ReadonlySet<string>, stem: string, members: readonly string[]): number =>
  members.length + (before.has(stem) ? 1e9 : 0);

const groupUnit = (prefix: string, size: number): ClientUnit => ({
  id: clientsId(prefix),
  kind: 'clients',
  label: `${prefix}*`,
  size,
});

/** Each alone where there is room, else by how they begin. */
function placeByPrefix(
  clientIds: readonly string[],
  limit: number,
  open: ReadonlySet<string>,
  units: Map<string, ClientUnit>,
): void {
  const sorted = [...clientIds].sort((a, b) => (a < b ? -1 : 1)).map((key) => ({ key }));
  for (const { prefix, from, to } of split(sorted, { prefix: '', from: 0, to: sorted.length }, limit, open)) {
    const unit = groupUnit(prefix, to - from);
    for (const { key } of sorted.slice(from, to)) units.set(key, to - from === 1 ? aloneUnit(key) : unit);
  }
}

const aloneUnit = (clientId: string): ClientUnit => ({
  id: `client:${clientId}`,
  kind: 'client',
  label: clientId,
  size: 1,
});

type Sorted = readonly { readonly key: string }[];

/**
 * The parts of a range, at most `limit`: all alone, or by the next character, and of those parts the ones that somebody
 * opened or that are no group worth the name.
 */
function split(sorted: Sorted, whole: PrefixRange, limit: number, open: ReadonlySet<string>): PrefixRange[] {
  if (whole.to - whole.from <= limit) return sorted.slice(whole.from, whole.to).map(({ key }, i) => one(key, i, whole));
  const parts = ranges(sorted, whole.from, whole.to);
  if (parts.length > limit) return [whole];
  let spare = limit - parts.length;
  return parts.flatMap((part) => {
    const size = part.to - part.from;
    const small = size < SMALLEST_GROUP && size - 1 <= spare;
    if (size === 1 || !(small || open.has(clientsId(part.prefix)))) return [part];
    const finer = split(sorted, part, spare + 1, open);
    spare -= finer.length - 1;
    return finer;
  });
}

const one = (prefix: string, i: number, { from }: PrefixRange): PrefixRange => ({
  prefix,
  from: from + i,
  to: from + i + 1,
});
