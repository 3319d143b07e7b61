import type { ConfigInput, LoadedConfig } from '@cauldron/broker/config';
import type { Logger } from '@cauldron/broker/log';
import type { Address } from './broker-banner.ts';

/** What the command needs of a running broker. */
export interface RunningBroker {
  readonly addresses: readonly Address[];
  /** Where the dashboard is; null where no listener serves it. */
  readonly dashboardUrl?: string | null;
  /** Reads users, rules, certificates and the given configuration again; never rejects for what cannot be used. */
  reload(
    config: ConfigInput,
    options: { readonly by: 'signal'; readonly originOf: LoadedConfig['originOf'] },
  ): Promise<{ readonly failures: readonly string[]; readonly needsRestart: readonly string[] }>;
  close(): Promise<void>;
}

/** What a broker is started with beside its configuration. */
export interface StartOptions {
  readonly log: Logger;
  /** Where values of the configuration were given, for explanations. */
  readonly originOf: LoadedConfig['originOf'];
}

/**
 * Starts a broker; rejects with the error of `listen` where an address cannot be had and with an error of a name of its own
 * where a folder or file cannot be used, and then leaves nothing open.
 */
export type StartBroker = (config: ConfigInput, options: StartOptions) => Promise<RunningBroker>;

/** The broker could not start because of what is around it: told in one line, exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * The same start, with errors of `listen`, of the store and of files that the configuration names turned into words.
 *
 * @throws {StartError} an address is taken, does not exist or may not be used; a folder or file cannot be used
 */
export function explained(start: StartBroker): StartBroker {
  return async (config, options) => {
    try {
      return await start(config, options);
    } catch (error) {
      throw inWords(error, config);
    }
  };
}

/** What kept a broker from starting, as a {@link StartError} where it is one that can be put into words. */
export function inWords(error: unknown, config: ConfigInput): unknown {
  const failure = listenFailure(error);
  const message =
    failure === undefined
      ? (storeFailure(error) ?? fileFailure(error))
      : explain(failure, portFlag(config, failure.port));
  return message === undefined ? error : new StartError(message, { cause: error });
}

/** The port that somebody else has, where that kept a broker from starting. */
export function takenPort(error: unknown): number | undefined {
  const failure = listenFailure(error);
  return failure?.code === 'EADDRINUSE' ? failure.port : undefined;
}

/** What a store that could not be opened says: its message holds the reason and the way out. */
function storeFailure(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'StoreError') return undefined;
  const inUse = 'holder' in error ? ', for example with --data other-data' : '';
  return `${error.message}${inUse}`.replaceAll(/\s*\n\s*/g, ' ');
}

/** Errors about what the configuration names; their messages hold the place, the reason and the way out. */
const SAYS_IT_ALL = ['ConfigError', 'ListenerError', 'AccessError', 'PasswordFileError', 'AuditFileError'];

const fileFailure = (error: unknown): string | undefined =>
  error instanceof Error && SAYS_IT_ALL.includes(error.name) ? error.message : undefined;

interface ListenFailure {
  readonly code: string;
  readonly message: string;
  readonly address: string;
  readonly port: number | undefined;
}

/** The error of `listen` (or of looking up its host) in an error or its causes. */
function listenFailure(error: unknown): ListenFailure | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code, syscall, address, hostname, port } = at as NodeJS.ErrnoException & {
      address?: string;
      hostname?: string;
      port?: number;
    };
    if (code !== undefined && (syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo')) {
      return { code, message: at.message, address: address ?? hostname ?? 'the address', port };
    }
  }
  return undefined;
}

/** The flag that another port is given with. */
const portFlag = ({ listeners = [] }: ConfigInput, port: number | undefined): string =>
  listeners.some((listener) => listener.port === port && listener.webSocket !== undefined) ? '--ws-port' : '-p';

function explain({ code, message, address, port }: ListenFailure, flag: string): string {
  switch (code) {
    case 'EADDRINUSE': {
      const other = port === undefined || port > 65_000 ? 1884 : port + 1;
      return `port ${port} on ${address} is already in use, perhaps by another broker; choose another one, for example with ${flag} ${other}`;
    }
    case 'EACCES':
      return `port ${port} on ${address} may not be used: ports below 1024 need special rights; choose another one with ${flag}`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `this machine has no address ${address}; choose one it has with --host, for example 127.0.0.1`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name ${address} is not known; choose an address of this machine with --host, for example 127.0.0.1`;
    default:
      return `cannot listen on ${address}: ${message}`;
  }
}
