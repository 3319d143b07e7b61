/** The broker's configuration: schema, loading, documentation. */

export { configurationDocument, exampleConfig } from './document.ts';
export { environmentName } from './environment.ts';
export { ConfigError, type ConfigErrorCode, type ConfigProblem, formatProblem } from './error.ts';
export { type LoadedConfig, type LoadOptions, loadConfig, type Override, parseConfig } from './load.ts';
export type { Origin } from './problems.ts';
export {
  type Config,
  type ConfigInput,
  DEFAULT_DATA_DIRECTORY,
  type ListenerConfig,
  type LogFormat,
  type LogLevel,
  type ProviderConfig,
  type RuleConfig,
  type TlsConfig,
} from './schema.ts';
export { type Plain, plain, Secret, type SecretInput } from './secret.ts';
export { listSettings, type ShownSetting } from './show.ts';
