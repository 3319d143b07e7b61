import type { ConfigInput, LoadedConfig } from '@cauldron/broker/config';
import type { Logger } from '@cauldron/broker/log';
import type { Address } from './broker-banner.ts';

/** What the command needs of a running broker. */
export interface RunningBroker {
  readonly addresses: readonly Address[];
  close(): Promise<void>;
}

/** Starts a broker; rejects with the error of `listen` where an address cannot be had, and then leaves nothing open. */
export type StartBroker = (config: ConfigInput, options: { readonly log: Logger }) => Promise<RunningBroker>;

/** A listener could not be opened: told in one line, exit code 1. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Starts the broker. On a machine without IPv6 it goes on without the ::1 listener, unless the user asked for that one.
 *
 * @throws {ListenError} an address is taken, does not exist or may not be used
 */
export async function startTolerantly(start: StartBroker, loaded: LoadedConfig, log: Logger): Promise<RunningBroker> {
  const { config } = loaded;
  try {
    return await start(config, { log });
  } catch (error) {
    const failure = listenFailure(error);
    if (failure === undefined) throw error;
    const others = config.listeners.filter((_, index) => !isOptional(loaded, index));
    const isMissing = failure.code === 'EADDRNOTAVAIL' || failure.code === 'EAFNOSUPPORT';
    const gaveUp = others.length === config.listeners.length || others.length === 0;
    if (!isMissing || failure.address !== '::1' || gaveUp) throw new ListenError(explain(failure), { cause: error });
    log.info('this machine has no IPv6 loopback address; listening without ::1');
    return startTolerantly(start, { ...loaded, config: { ...config, listeners: others } }, log);
  }
}

/** The ::1 that nobody asked for: of the defaults, or beside 127.0.0.1 where only a port was given. */
function isOptional({ config, originOf }: LoadedConfig, index: number): boolean {
  const origin = originOf(['listeners', index, 'host']);
  return config.listeners[index]?.host === '::1' && (origin === undefined || origin.source === PORT_ALONE);
}

/** How errors name the flag that opens both loopback addresses. */
export const PORT_ALONE = '-p/--port';

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

function explain({ code, message, address, port }: ListenFailure): string {
  switch (code) {
    case 'EADDRINUSE': {
      const other = port === undefined || port > 65_000 ? 1884 : port + 1;
      return `port ${port} on ${address} is already in use, perhaps by another broker; choose another one, for example with -p ${other}`;
    }
    case 'EACCES':
      return `port ${port} on ${address} may not be used: ports below 1024 need special rights; choose another one with -p`;
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
