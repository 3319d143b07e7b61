import type { HttpHost } from '../http/http-host.ts';
import type { WebSocketOptions } from './websocket/websocket-layer.ts';

/** Where clients come in, whatever is below: the one thing the rest of the broker knows of a transport. */
export interface Listener {
  readonly name: string;
  readonly address: ListenerAddress;
  /** For clients: `mqtt://host:port`, `mqtts://host:port`, `mqtt+unix:///path`, `ws://host:port/path`, `wss://...`. */
  readonly url: string;
  /** Connections open now, those still in their handshake included. */
  readonly connections: number;
  /** Where pages can be served beside MQTT over WebSocket; null where the listener is none of WebSocket. */
  readonly http: HttpHost | null;
  /** Files it read, which {@link Listener.reload} reads again. */
  readonly files: readonly string[];
  /** Takes no more connections; those there are go on. The file of a Unix socket is gone then. */
  stopAccepting(): void;
  /** Closes what is still open. */
  destroyLinks(): void;
  /**
   * Reads its files again; from then on new connections get what they say, and those there are go on.
   *
   * @returns identities whose pre-shared key is another now, or gone: whoever came by it should not be here any longer
   * @throws {ListenerError} they cannot be used; everything stays as it was
   */
  reload(): Promise<readonly string[]>;
}

/** Where a listener listens. A Unix socket has an empty `host`, `port` 0 and a `path`. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}

/** A listener is told either `host` and `port`, or the `path` of a Unix socket. */
export type ListenerOptions = ListenerBasics & (TcpPlace | UnixPlace);

interface ListenerBasics {
  readonly name: string;
  /** TLS in front of MQTT; without it, plain. */
  readonly tls?: TlsOptions | undefined;
  /** Every connection begins with a PROXY protocol header (version 1 or 2) that says who the client is. TCP only. */
  readonly proxyProtocol?: ProxyProtocolOptions | undefined;
  /** MQTT over WebSocket; without it, MQTT as it is. TCP only. */
  readonly webSocket?: WebSocketOptions | undefined;
}

export interface TcpPlace {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly path?: undefined;
}

export interface UnixPlace {
  /** Path of the socket file. What is there is replaced where it is the socket of a program that no longer runs. */
  readonly path: string;
  /** Permissions of the file: who may connect. Default 0o660: its owner and group. */
  readonly mode?: number | undefined;
  readonly host?: undefined;
  readonly port?: undefined;
}

export interface ProxyProtocolOptions {
  /**
   * Addresses and networks of the proxies (`10.0.0.0/8`, `2001:db8::7`). Whoever else connects is refused, since it
   * could say it were anybody.
   */
  readonly from: readonly string[];
}

/** Files are PEM. Besides a certificate, or in place of one, a listener may know pre-shared keys. */
export interface TlsOptions {
  /** The broker's certificate, with the intermediate ones behind it. May be missing only where there is `psk`. */
  readonly cert?: string | undefined;
  /** Its private key. */
  readonly key?: string | undefined;
  readonly keyPassword?: string | undefined;
  /** Certificates that client certificates must come from; needed where clients are asked for one. */
  readonly ca?: string | undefined;
  /** Revocation lists: one of each authority in the chain of a client certificate. */
  readonly crl?: string | undefined;
  /** Default 1.2. */
  readonly minVersion?: '1.2' | '1.3' | undefined;
  /** In OpenSSL's notation, TLS 1.3 suites among them; the listener's order counts. */
  readonly ciphers?: string | undefined;
  /**
   * `none` (default): clients are not asked. `optional`: one that is sent must be valid, but a client may have none.
   * `require`: no connection without; only a client with a pre-shared key needs none.
   */
  readonly clientCertificate?: 'none' | 'optional' | 'require' | undefined;
  /**
   * What of a client certificate is the user name: `cn` (default), the first common name of its subject; `san`, the
   * first e-mail address, DNS name or URI among its alternative names; `none`, the certificate only lets it in.
   */
  readonly usernameFrom?: 'cn' | 'san' | 'none' | undefined;
  /** Certificates for clients that ask for one of these host names; the others get `cert`. */
  readonly sni?: readonly SniOptions[] | undefined;
  readonly psk?: PskOptions | undefined;
}

export interface SniOptions {
  /** `mqtt.example.org`, or `*.example.org` for any name with one label more. */
  readonly host: string;
  readonly cert: string;
  readonly key: string;
  readonly keyPassword?: string | undefined;
}

export interface PskOptions {
  /** Lines `identity:key`, the key in hexadecimal; empty lines and those that begin with # do not count. */
  readonly file: string;
  /** Shown to TLS 1.2 clients before they choose their identity. */
  readonly hint?: string | undefined;
}

/** A listener cannot be opened, or its files cannot be used. The text says which and what to do, and holds no secret. */
export class ListenerError extends Error {
  readonly code:
    | 'TLS_FILE'
    | 'TLS_OPTIONS'
    | 'PROXY_OPTIONS'
    | 'WEBSOCKET_OPTIONS'
    | 'SOCKET_IN_USE'
    | 'SOCKET_PATH'
    | 'NOT_LOOPBACK';

  constructor(code: ListenerError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ListenerError';
    this.code = code;
  }
}
