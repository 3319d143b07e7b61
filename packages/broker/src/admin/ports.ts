/** What overview and clients need of the broker around them, beside its core. */
import type { ClientInfo } from '@cauldron/core';
import type { Action, Explanation, ListenerInfo } from './schema/index.ts';
import type { Operator } from './services.ts';

/** What keeps the broker from doing all it should, as the health monitor has it. */
export interface HealthSource {
  readonly state: {
    readonly ok: boolean;
    readonly findings: readonly { readonly code: string; readonly message: string; readonly since: number }[];
  };
}

/** The store, where there is one. */
export interface StoreSource {
  readonly folder: string;
  /** Since the start; times of the latest commits, milliseconds. Asked once a second. */
  readonly stats: {
    readonly commits: number;
    readonly roundTrip: { readonly p50: number; readonly p99: number; readonly max: number };
  };
}

/** Where the broker listens, with the connections there are now. */
export type ListenerSource = () => readonly ListenerInfo[];

/** The process the broker runs in; a reading covers the time since the one before. */
export interface ProcessSource {
  read(): ProcessReading;
  /** Measures no more. */
  close(): void;
}

export interface ProcessReading {
  /** Bytes. */
  readonly residentMemory: number;
  readonly heapUsed: number;
  /** Milliseconds of processor time since the process began, of all its threads. */
  readonly cpu: number;
  /** How late the event loop was, milliseconds. */
  readonly loopDelayP99: number;
  readonly loopDelayMax: number;
}

/** What rules look at in a client. */
export type ExplainedClient = Pick<ClientInfo, 'clientId' | 'username' | 'verified' | 'rights'>;

/** The rules, as far as somebody looks at them. */
export interface AccessSource {
  /** Roles and groups a client has, from its login and the configuration; undefined = the program decides itself. */
  standing(
    client: ExplainedClient,
  ): { readonly roles: readonly string[]; readonly groups: readonly string[] } | undefined;
  /** `topic` was checked. undefined = the program decides itself. */
  explain(client: ExplainedClient, action: Action, topic: string): Explanation | undefined;
}

/** Told of what operators do to clients, for the audit log; before it happens. */
export interface OperatorActions {
  /** @param client the one that is disconnected */
  disconnecting(client: ClientInfo, reason: string, reasonCode: number, by: Operator): void;
  /** @param client the one that has the session, or had it last; null = none since the broker started */
  discarding(clientId: string, client: ClientInfo | null, by: Operator): void;
}

/** What the dashboard counts. */
export interface DashboardCounters {
  /** Right now: logins in browsers. */
  readonly sessions: number;
  /** Logins that found no room. */
  readonly sessionsRefused: number;
  /** Right now: pages that get live data. */
  readonly streams: number;
  /** Pages that found no room. */
  readonly streamsRefused: number;
}
