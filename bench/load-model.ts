/** What a load is: what is driven, what is measured of it and what is asked of that. */
import type { LoadSpec } from './load/spec.ts';

/**
 * How brokers are set up: everything in memory and nothing asked of clients, kept on the disk, with rules of access, with
 * users, or with users and clients that mean harm.
 */
export type Setting = 'memory' | 'durable' | 'access' | 'logins' | 'attacks';

/** A figure of a load that goes into the table. */
export interface Measure {
  /** Name in the load generator's result. */
  readonly figure: string;
  readonly label: string;
  readonly better: 'more' | 'less' | 'none';
  /** What the project asks of Cauldron here: a ratio to another broker in the same run, or an absolute bound. */
  readonly goal?: Goal;
  /** The goals of further ways to run it. */
  readonly also?: readonly Goal[];
}

export interface Goal {
  /** Whose goal it is; default "cauldron". */
  readonly of?: string;
  /** The name of another broker, or "absolute". */
  readonly against: string;
  readonly bound: number;
}

/** What a spec says of a load; the runner adds where the broker is and how long to measure. */
export type LoadShape = LoadSpec extends infer T ? (T extends LoadSpec ? Unplaced<T> : never) : never;
export type Unplaced<T extends LoadSpec> = Omit<T, Place>;
type Place = 'host' | 'port' | 'brokerPid' | 'seconds' | 'warmup' | 'probeFile' | 'folder';

/** What happens after a load's first part; its figures get the prefix before their names. */
export type Step = { readonly prefix: string } & (
  | { readonly drive: LoadShape }
  /** Ends the broker by this signal and starts it again with what it has kept. */
  | { readonly restart: 'SIGTERM' | 'SIGKILL' }
);

export interface Load {
  readonly name: string;
  readonly group: string;
  readonly what: string;
  /** How the brokers are set up for it; without it, everything is in memory. */
  readonly setting?: Setting;
  readonly shape: LoadShape;
  readonly next?: readonly Step[];
  readonly measures: readonly Measure[];
}

/** The setting a load's brokers need. */
export const settingOf = (load: Load): Setting => load.setting ?? 'memory';
