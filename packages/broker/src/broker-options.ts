import type { Authenticator, Authorizer, Interceptor } from '@cauldron/core';
import type { Properties, QoS } from '@cauldron/protocol';
import type { OriginOf } from './access/index.ts';
import type { InitialDashboard } from './admin/dashboards/index.ts';
import type { Logger } from './log.ts';
import type { OpenStoreOptions } from './store/open-store.ts';
import type { Actor } from './wiring/security.ts';

/** Where a broker listens. */
export interface ListenAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `mqtt://host:port`; `ws://host:port/path` where it takes MQTT over WebSocket. */
  readonly url: string;
}

export interface BrokerOptions {
  readonly log?: Logger;
  /** Who may connect, in place of what `authentication` of the configuration says. */
  readonly authenticator?: Authenticator;
  /** What a client may do, in place of what `authorization` of the configuration says. */
  readonly authorizer?: Authorizer;
  /** See every message before it is routed, in this order. */
  readonly interceptors?: readonly Interceptor[];
  /** How the store in `data.directory` is opened: for tests, which may let it fail. */
  readonly store?: OpenStoreOptions;
  /** Folder of the built pages of the dashboard, in place of those of `@cauldron/dashboard`. */
  readonly pages?: string;
  /** Dashboards that are there from the start, where there are none of their identifiers yet. */
  readonly dashboards?: readonly InitialDashboard[];
  /** Where values of the configuration were given, for errors and explanations: that of a `LoadedConfig`. */
  readonly originOf?: OriginOf;
}

export interface ReloadOptions {
  /** Who asked for it, for the audit log; default `api`. */
  readonly by?: Actor;
  /** Where values of the new configuration were given. */
  readonly originOf?: OriginOf;
}

export interface PublishOptions {
  /** Default 0. */
  readonly qos?: QoS;
  /** Default false. */
  readonly retain?: boolean;
  readonly properties?: Properties;
}

/** What came of reading configuration and files again. */
export interface ReloadReport {
  /** What could not be used, and why; what was there before holds on. */
  readonly failures: readonly string[];
  /** Sections of the configuration that differ from those the broker runs with, and need a restart. */
  readonly needsRestart: readonly string[];
}
