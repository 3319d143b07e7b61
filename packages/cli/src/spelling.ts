/** How many letters must be added, dropped, replaced or swapped with their neighbour to turn one word into the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : replaced;
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/**
 * The known word that was most likely meant, or undefined when nothing comes near.
 *
 * @example likely('tpoic', ['topic', 'host']) // 'topic'
 */
export function likely(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? known.find((candidate) => word.length >= 3 && candidate.startsWith(word));
}

/** `; did you mean X?` for the end of an error text, or nothing. */
export function didYouMean(word: string, known: readonly string[], decorate = (found: string) => found): string {
  const found = likely(word, known);
  return found === undefined ? '' : `; did you mean ${decorate(found)}?`;
}
