import type { ConnectPacket, ProtocolVersion } from '@cauldron/protocol';

/** Where the broker under attack listens. */
export interface AttackTarget {
  readonly host: string;
  readonly port: number;
}

/** What all attacks have in common; each has defaults of its own, and says what one of its actions is. */
export interface AttackOptions {
  /** Every random choice follows from it. Default 1. */
  readonly seed?: number;
  /** Actions a second over all connections; 0 = as many as go out. */
  readonly rate?: number;
  /** Connections at the same time. */
  readonly clients?: number;
  /** Actions after which it only holds on to what it has; default: it goes on until it is stopped. */
  readonly total?: number;
  /** Begins its client identifiers, topics and user names. Default `attack`. */
  readonly name?: string;
  /** MQTT version it logs in with. Default 5. */
  readonly version?: ProtocolVersion;
  /** What else its CONNECTs say: user name and password above all. */
  readonly connect?: Partial<Omit<ConnectPacket, 'type' | 'protocolVersion'>>;
}

/** What came of it so far: plain numbers, which can be sent to another process. */
export interface AttackStats {
  actions: number;
  /** Connections that were made. */
  opened: number;
  /** Connections that could not be made, or broke. */
  failed: number;
  /** Connections that the broker ended, in whichever way. */
  closed: number;
  /** Connections open right now. */
  open: number;
  /** Successful CONNACKs. */
  logins: number;
  packetsSent: number;
  bytesSent: number;
  /** PUBLISH packets that came. */
  messages: number;
  /** What the broker said and how often: `CONNACK 0x86`, `DISCONNECT 0x95`, `SUBACK 0x97`. */
  readonly answers: Record<string, number>;
}

/** Of an attack that has not begun. */
export const nothingYet = (): AttackStats => ({
  actions: 0,
  opened: 0,
  failed: 0,
  closed: 0,
  open: 0,
  logins: 0,
  packetsSent: 0,
  bytesSent: 0,
  messages: 0,
  answers: {},
});

/** An attack that goes on until it is stopped. */
export interface Attack {
  readonly stats: AttackStats;
  /** Ends it: fulfilled when its last connection is gone. */
  stop(): Promise<void>;
}

export type StartAttack = (target: AttackTarget, options?: AttackOptions) => Attack;

/** The options with nothing left open. */
export type AttackPlan = Required<AttackOptions>;

/** Completes options with an attack's own defaults. */
export function planOf(own: Pick<AttackPlan, 'rate' | 'clients'>, options: AttackOptions): AttackPlan {
  const everywhere = { seed: 1, total: Number.POSITIVE_INFINITY, name: 'attack', version: 5, connect: {} } as const;
  return { ...everywhere, ...own, ...options };
}
