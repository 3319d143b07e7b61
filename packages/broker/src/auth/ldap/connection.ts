import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { Client, type Entry, type SearchOptions } from 'ldapts';
import { DirectoryProblem } from './failure.ts';
import type { LdapSettings } from './options.ts';

/** The extended operation that begins encryption (RFC 4511 section 4.14.1). */
const START_TLS = '1.3.6.1.4.1.1466.20037';

/** Where to connect to, with the certificates read. */
export interface Target extends Pick<LdapSettings, 'host' | 'port' | 'secure' | 'startTls'> {
  /** Certificates in PEM form; undefined = those that Node knows. */
  readonly certificates: string | undefined;
}

/**
 * One connection to a directory, encrypted as the target says. When the signal is aborted its socket is destroyed, and
 * whatever was waited for rejects.
 */
export class DirectoryConnection {
  readonly #client: Client;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#client = clientOver(socket);
  }

  /** @throws where nobody answers, the certificate does not fit, or the signal is aborted */
  static async open(target: Target, signal: AbortSignal): Promise<DirectoryConnection> {
    signal.throwIfAborted();
    const raw = target.secure ? connectTls(tlsOptions(target)) : connect(target.port, target.host);
    // Whoever waits for the socket hears of its errors; one that comes when nobody waits must not end the process.
    raw.on('error', () => {});
    const destroy = (): unknown => raw.destroy();
    signal.addEventListener('abort', destroy, { once: true });
    raw.once('close', () => signal.removeEventListener('abort', destroy));
    try {
      await once(raw, target.secure ? 'secureConnect' : 'connect', { signal });
      return new DirectoryConnection(target.startTls ? await startTls(raw, target, signal) : raw);
    } catch (error) {
      raw.destroy();
      throw error;
    }
  }

  /**
   * Proves to be somebody.
   *
   * @throws ResultCodeError where the directory says no
   */
  async bind(dn: string, password: string): Promise<void> {
    // RFC 4513 sections 5.1.1 and 5.1.2: with either of them empty the server says yes, and means "nobody".
    if (dn === '' || password === '') throw new DirectoryProblem('a bind without a name or a password proves nothing');
    // The library takes a few names for mechanisms (EXTERNAL, PLAIN ...); as an object it is a name in any case.
    await this.#client.bind(Object(dn) as string, password);
  }

  /** The entries found, without referrals to other directories. */
  async search(base: string, options: SearchOptions): Promise<Entry[]> {
    return (await this.#client.search(base, options)).searchEntries;
  }

  /** Says goodbye and lets go of the socket. */
  close(): void {
    // The answer to it is the end of the connection, which nobody waits for; an error would only say it is gone already.
    this.#client.unbind().catch(() => {});
    this.#socket.destroySoon();
  }
}

/** The protocol over a socket that is connected already; never over another one. */
function clientOver(socket: Socket): Client {
  let given = false;
  return new Client({
    url: 'ldap://directory',
    createConnection: () => {
      if (given) throw new DirectoryProblem('the directory closed the connection');
      given = true;
      return socket;
    },
  });
}

/**
 * Encrypts a connection. The messages on it are read by a client of its own from here on: a half message that
 * somebody put behind the answer to this request, unencrypted, is no beginning of a later answer.
 */
async function startTls(raw: Socket, target: Target, signal: AbortSignal): Promise<Socket> {
  const forget = rememberListeners(raw);
  try {
    await clientOver(raw).exop(START_TLS);
  } catch (error) {
    signal.throwIfAborted();
    throw new DirectoryProblem('the directory does not begin encryption (StartTLS)', { cause: error });
  }
  forget();
  raw.on('error', () => {});
  const encrypted = connectTls({ ...tlsOptions(target), socket: raw });
  encrypted.on('error', () => {});
  encrypted.once('close', () => raw.destroy());
  try {
    await once(encrypted, 'secureConnect', { signal });
    return encrypted;
  } catch (error) {
    encrypted.destroy();
    throw error;
  }
}

/** Events that a client listens to. */
const CLIENT_EVENTS = ['data', 'end', 'timeout', 'close', 'error'];

/** Notes who listens to a socket now. @returns takes away who has begun to since */
function rememberListeners(socket: Socket): () => void {
  const before = CLIENT_EVENTS.map((event) => new Set(socket.listeners(event)));
  return () => {
    for (const [index, event] of CLIENT_EVENTS.entries()) {
      for (const listener of socket.listeners(event)) {
        if (!before[index]!.has(listener)) socket.removeListener(event, listener as () => void);
      }
    }
  };
}

function tlsOptions({ host, port, certificates }: Target): ConnectionOptions {
  return {
    host,
    port,
    // An address is no server name (RFC 6066 section 3); the certificate is compared with it all the same.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(certificates === undefined ? {} : { ca: certificates }),
    minVersion: 'TLSv1.2',
  };
}
