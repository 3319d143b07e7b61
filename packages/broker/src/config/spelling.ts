/**
 * The known name that was most likely meant, or undefined when none comes near. A letter too many, too few, wrong, or
 * two letters swapped count as one slip each; upper and lower case, `_` and `-` do not matter.
 *
 * @example closest('maxPacktSize', ['maxPacketSize', 'maxInflight']) // 'maxPacketSize'
 */
export function closest(word: string, known: Iterable<string>): string | undefined {
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const ranked = [...known]
    .map((name) => ({ name, slips: slips(plain(word), plain(name)) }))
    .sort((a, b) => a.slips - b.slips);
  const best = ranked[0];
  return best !== undefined && best.slips <= allowed ? best.name : undefined;
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[_-]/g, '');

function slips(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length]!;
}
