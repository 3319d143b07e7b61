/**
 * The whole configuration as one schema, a file per section. Types, defaults, validation, `docs/configuration.md`,
 * `cauldron config example` and the names of environment variables are all read from it, so a new setting is written
 * there and nowhere else.
 */
import { z } from 'zod';
import { authentication } from './schema/authentication.ts';
import { authorization } from './schema/authorization.ts';
import { dashboard } from './schema/dashboard.ts';
import { data } from './schema/data.ts';
import { limits } from './schema/limits.ts';
import { listeners } from './schema/listeners.ts';
import { mqtt } from './schema/mqtt.ts';
import { audit, log, sys } from './schema/operation.ts';
import type { Secret } from './secret.ts';

export { DEFAULT_DATA_DIRECTORY } from './schema/data.ts';
export { storedQueueLimits } from './schema/limits.ts';

/** The schema. */
export const configSchema = z.strictObject({
  listeners,
  authentication,
  authorization,
  limits,
  mqtt,
  data,
  dashboard,
  sys,
  log,
  audit,
});

type Immutable<T> = T extends Secret ? T : T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

/** The configuration with every default filled in, frozen. Sizes are in bytes, times in seconds. */
export type Config = Immutable<z.output<typeof configSchema>>;

/** What a user writes: everything may be left out; sizes and times may be text such as `"16 MiB"` and `"30 d"`. */
export type ConfigInput = Immutable<z.input<typeof configSchema>>;

/** One entry of `listeners`: it has a `path`, or a `host` and a `port`. */
export type ListenerConfig = Config['listeners'][number];

/** `listeners[].tls` */
export type TlsConfig = NonNullable<ListenerConfig['tls']>;

/** One entry of `authentication.providers`; `type` says which. */
export type ProviderConfig = Config['authentication']['providers'][number];

/** One entry of `authorization.rules`. */
export type RuleConfig = Config['authorization']['rules'][number];

export type LogLevel = Config['log']['level'];
export type LogFormat = Config['log']['format'];
