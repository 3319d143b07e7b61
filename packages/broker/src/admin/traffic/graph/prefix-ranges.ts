/** Neighbours in an order that begin alike. */
export interface PrefixRange {
  readonly prefix: string;
  readonly from: number;
  readonly to: number;
}

/** Splits sorted, different keys by the first character in which they differ, without looking at all of them. */
export function ranges(items: readonly { readonly key: string }[], from: number, to: number): PrefixRange[] {
  const common = commonPrefix(items[from]!.key, items[to - 1]!.key);
  const found: PrefixRange[] = [];
  for (let at = from; at < to; ) {
    const { key } = items[at]!;
    const prefix = key.slice(0, common + charLength(key, common));
    const end = key.length === common ? at + 1 : firstWithout(items, prefix, at, to);
    found.push({ prefix: longest(items, at, end, prefix), from: at, to: end });
    at = end;
  }
  return found;
}

/** All that a range has in common, without the digits at its end: those are only what its numbers happen to share. */
function longest(items: readonly { readonly key: string }[], from: number, to: number, atLeast: string): string {
  const first = items[from]!.key;
  const shared = first.slice(0, commonPrefix(first, items[to - 1]!.key));
  const trimmed = to - from > 1 ? shared.replace(/\d+$/, '') : shared;
  return trimmed.length >= atLeast.length ? trimmed : atLeast;
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return isHalf(a, length - 1) ? length - 1 : length;
}

const charLength = (text: string, at: number): number => (isHalf(text, at) ? 2 : 1);

/** Whether the first half of a surrogate pair stands there. */
function isHalf(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit < 0xdc00;
}

function firstWithout(items: readonly { readonly key: string }[], prefix: string, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]!.key.startsWith(prefix)) low = middle + 1;
    else high = middle;
  }
  return low;
}
