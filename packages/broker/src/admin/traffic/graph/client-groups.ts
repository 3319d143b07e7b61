import { ranges } from './topic-units.ts';

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
  let parts: Part[] = [{ prefix: '', from: 0, to: sorted.length }];
  for (let part = nextPart(parts, open, limit); part !== null; part = nextPart(parts, open, limit)) {
    const chosen = part;
    const split = splitOf(sorted, chosen);
    if (parts.length - 1 + split.length > limit) chosen.whole = true;
    else parts = parts.flatMap((one) => (one === chosen ? split : [one]));
  }
  for (const { prefix, from, to } of parts) {
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

interface Part {
  readonly prefix: string;
  readonly from: number;
  readonly to: number;
  /** There is no room for its parts. */
  whole?: boolean;
}

/** What to split next: what somebody opened, else the smallest that surely fits, else the largest. */
function nextPart(parts: readonly Part[], open: ReadonlySet<string>, limit: number): Part | null {
  const splittable = parts.filter(({ from, to, whole }) => to - from > 1 && whole !== true);
  const asked = splittable.find(({ prefix }) => open.has(clientsId(prefix)));
  if (asked !== undefined) return asked;
  const fits = splittable.filter(({ from, to }) => parts.length - 1 + to - from <= limit);
  const smallest = fits.reduce<Part | null>((a, b) => (a !== null && a.to - a.from <= b.to - b.from ? a : b), null);
  if (smallest !== null) return smallest;
  return parts.length * SPLIT_UNTIL > limit ? null : (splittable[0] ?? null);
}

/** Buckets are split further only while they fill less than this part of the room: many of them say nothing. */
const SPLIT_UNTIL = 8;

/** All of a part alone where it is small, else by the next character. */
function splitOf(sorted: readonly { readonly key: string }[], { from, to }: Part): Part[] {
  return ranges(sorted, from, to).map((range) => ({ ...range }));
}
