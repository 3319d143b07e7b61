import { type Command, type DeviceProgram, misunderstood, type Publication, state } from './device-program.ts';

/** Longest buzz, milliseconds: somebody has to sit beside it. */
export const LONGEST_BUZZ = 10_000;

/** A lamp: one LED, and a buzzer. Both are off when it gets power. */
export class Lamp implements DeviceProgram {
  readonly commands = ['led', 'buzzer'];
  #isLit = false;
  /** When the buzzer falls silent; null = it is. */
  #buzzesUntil: number | null = null;

  states(): readonly Publication[] {
    return [state('led', onOff(this.#isLit)), state('buzzer', onOff(this.#buzzesUntil !== null))];
  }

  command(command: Command, now: number): readonly Publication[] {
    return command.name === 'led' ? this.#led(command) : this.#buzzer(command, now);
  }

  /** How it shall be: a retained command holds for a lamp that comes later, too. */
  #led(command: Command): readonly Publication[] {
    const { payload } = command;
    if (payload !== 'on' && payload !== 'off') return [misunderstood(command, 'on or off')];
    this.#isLit = payload === 'on';
    return [state('led', payload)];
  }

  /** What shall happen now: one that was kept is about a moment that is gone. */
  #buzzer(command: Command, now: number): readonly Publication[] {
    if (command.retained) return [];
    const milliseconds = command.payload.trim() === '' ? Number.NaN : Number(command.payload);
    if (!(milliseconds > 0)) return [misunderstood(command, `how many milliseconds, up to ${LONGEST_BUZZ}`)];
    this.#buzzesUntil = now + Math.min(milliseconds, LONGEST_BUZZ);
    return [state('buzzer', 'on')];
  }

  tick(now: number): readonly Publication[] {
    if (this.#buzzesUntil === null || now < this.#buzzesUntil) return [];
    this.#buzzesUntil = null;
    return [state('buzzer', 'off')];
  }
}

const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off');
