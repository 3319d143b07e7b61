/** A message that a device publishes. */
export interface Publication {
  /** Below `demo/DEVICE/`. */
  readonly name: string;
  readonly payload: string;
  /** States are retained, so that whoever comes later knows them; measurements and errors are not. */
  readonly retain: boolean;
}

/** A command that came. */
export interface Command {
  /** `led` of `demo/lamp/led/set`. */
  readonly name: string;
  readonly payload: string;
  /** The broker had kept it: it was given before this device was there. */
  readonly retained: boolean;
}

/**
 * What runs on a simulated device, from the moment it gets power until it loses it: it remembers nothing from before. Time
 * and commands come in, messages go out, and nothing else happens. Times are milliseconds.
 */
export interface DeviceProgram {
  /** What it can be told. */
  readonly commands: readonly string[];
  /** Everything it has to say of itself when it has got in. */
  states(): readonly Publication[];
  command(command: Command, now: number): readonly Publication[];
  /** Called several times a second. */
  tick(now: number): readonly Publication[];
}

/** How a device says how it stands. */
export const state = (name: string, payload: string): Publication => ({ name, payload, retain: true });

/** What a device says to a command that it does not understand. */
export const misunderstood = ({ name, payload }: Command, takes: string): Publication => ({
  name: 'error',
  payload: `${name}: ${JSON.stringify(payload.slice(0, 100))} is not understood; send ${takes}`,
  retain: false,
});
