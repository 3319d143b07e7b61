/** Fewer numbers than this are handed over one by one. */
const FEWEST = 6;
/** A larger distance between neighbours is not worth a scan over what lies between them. */
const WIDEST = 64;

/**
 * Cuts ascending numbers into runs of equal distances. Message ids share their sequence with queue positions, so what one
 * publisher sends to one session has every second number: a run is a range that SQLite walks once.
 *
 * @param visit gets each run; `step` is 1 and `count` 1 for a number that belongs to none
 */
export function progressions(
  numbers: readonly number[],
  visit: (first: number, last: number, step: number, count: number) => void,
): void {
  let at = 0;
  while (at < numbers.length) {
    const end = endOfRun(numbers, at);
    const count = end - at;
    if (count >= FEWEST) {
      visit(numbers[at]!, numbers[end - 1]!, numbers[at + 1]! - numbers[at]!, count);
      at = end;
    } else {
      // The last of a short run may begin a long one.
      const until = Math.max(at + 1, end - 1);
      for (; at < until; at++) visit(numbers[at]!, numbers[at]!, 1, 1);
    }
  }
}

function endOfRun(numbers: readonly number[], at: number): number {
  if (at + 1 >= numbers.length) return at + 1;
  const step = numbers[at + 1]! - numbers[at]!;
  if (step <= 0 || step > WIDEST) return at + 1;
  let end = at + 2;
  while (end < numbers.length && numbers[end]! - numbers[end - 1]! === step) end += 1;
  return end;
}
