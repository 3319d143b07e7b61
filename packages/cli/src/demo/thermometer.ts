import { type Command, type DeviceProgram, misunderstood, type Publication, state } from './device-program.ts';
import type { Room } from './room.ts';

/** Degrees the knob goes from and to. */
export const TARGET = { min: 10, max: 30, start: 21 } as const;
/** Milliseconds between two measurements. */
const MEASURE_EVERY = 1000;

/** A thermometer with a knob that sets the heater of its room. */
export class Thermometer implements DeviceProgram {
  readonly commands = ['target'];
  readonly #room: Room;
  #target: number = TARGET.start;
  #nextAt: number;

  /** @param now when it got power */
  constructor(room: Room, now: number) {
    this.#room = room;
    this.#nextAt = now;
  }

  /** Degrees the heater is set to. */
  get target(): number {
    return this.#target;
  }

  states(): readonly Publication[] {
    return [state('target', `${this.#target}`)];
  }

  command(command: Command): readonly Publication[] {
    const { min, max } = TARGET;
    const asked = command.payload.trim() === '' ? Number.NaN : Number(command.payload);
    if (!Number.isFinite(asked)) return [misunderstood(command, `a number from ${min} to ${max}`)];
    // Who sent more than there is sees in the answer how far it went.
    this.#target = Math.round(Math.min(max, Math.max(min, asked)) * 10) / 10;
    return this.states();
  }

  tick(now: number): readonly Publication[] {
    if (now < this.#nextAt) return [];
    this.#nextAt += MEASURE_EVERY;
    // What a sleeping laptop missed is not made up for.
    if (this.#nextAt <= now) this.#nextAt = now + MEASURE_EVERY;
    const celsius = Math.round(this.#room.celsius * 100) / 100;
    return [{ name: 'temperature', payload: JSON.stringify({ celsius, target: this.#target }), retain: false }];
  }
}
