/** Numbers from 0 up to but not including 1: the same ones for the same seed. */
export type Random = () => number;

/**
 * Chance that can be repeated: a counter in steps that visit every 32-bit number, its bits mixed.
 *
 * @param seed any whole number
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Around 0, mostly between -1 and 1, never beyond 2: what small disturbances add up to. */
export const disturbance = (random: Random): number => random() + random() + random() + random() - 2;
