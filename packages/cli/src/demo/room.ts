import { disturbance, type Random } from './random.ts';

/** Degrees Celsius where nobody heats. */
const OUTSIDE = 17;
/** Seconds in which most of the way to a new temperature is gone: quick, for people who watch. */
const REACTION = 8;
/** Seconds after which a draught is forgotten, and degrees it makes a second. */
const DRAUGHT = 15;
const DRAUGHT_STRENGTH = 0.12;
/** Longest step that is computed at once, seconds; what a sleeping laptop missed is not made up for. */
const LONGEST_STEP = 5;

/** A room with a heater and draughts. It is there whatever becomes of the thermometer in it. */
export class Room {
  /** Degrees Celsius. */
  celsius = 20;
  readonly #random: Random;
  #draught = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Lets time go by.
   *
   * @param target what the heater is set to; null = it has no power
   */
  advance(seconds: number, target: number | null): void {
    const step = Math.min(seconds, LONGEST_STEP);
    this.#draught += disturbance(this.#random) * DRAUGHT_STRENGTH * Math.sqrt(step) - (this.#draught * step) / DRAUGHT;
    const goal = (target ?? OUTSIDE) + this.#draught;
    this.celsius += (goal - this.celsius) * (1 - Math.exp(-step / REACTION));
  }
}
