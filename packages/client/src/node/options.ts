import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';
import type { ClientOptions } from '../options.ts';

/** Options of `connect` and `createClient` in Node. */
export interface NodeClientOptions extends ClientOptions {
  /** Options of node:tls for `mqtts:`, `wss:`, or TLS over a Unix socket: `ca`, `cert`, `key`, `rejectUnauthorized` ... */
  readonly tls?: TlsConnectionOptions | undefined;
  /** The local address to connect from. */
  readonly localAddress?: string | undefined;
  /** Further headers of the WebSocket's request, for example for a proxy that wants a token. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
