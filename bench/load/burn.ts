const TURN_MS = 10;

/** Uses `share` (0 to 1) of a core for nothing until the returned function is called. */
export function burn(share: number): () => void {
  let timer = setTimeout(turn);
  function turn(): void {
    const end = performance.now() + share * TURN_MS;
    while (performance.now() < end);
    timer = setTimeout(turn, (1 - share) * TURN_MS);
  }
  return () => clearTimeout(timer);
}
