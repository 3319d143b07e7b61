/** Milliseconds between two rounds of an attack with a rate. */
const ROUND = 10;
/** Actions in one turn of the event loop of an attack without one. */
const BURST = 32;

/**
 * Calls `act` so many times a second, or as often as the event loop allows without starving it.
 *
 * @param rate a second; 0 = 32 times a turn
 * @param act returns false where nothing can be done now: the rest of the round is left out
 * @returns what ends it
 */
export function pace(rate: number, act: () => boolean): () => void {
  return rate === 0 ? everyTurn(act) : atRate(rate, act);
}

function everyTurn(act: () => boolean): () => void {
  let next = setImmediate(round);
  function round(): void {
    next = setImmediate(round);
    for (let left = BURST; left > 0 && act(); left -= 1);
  }
  return () => clearImmediate(next);
}

function atRate(rate: number, act: () => boolean): () => void {
  let credit = 1;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    credit = Math.min(credit + ((now - last) * rate) / 1000, Math.max(1, rate)); // never more than a second's worth
    last = now;
    while (credit >= 1 && act()) credit -= 1;
  }, ROUND);
  return () => clearInterval(timer);
}
