import { once } from 'node:events';
import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { isBrokenConnection } from './failure.ts';
import type { PostgresqlSettings, Query } from './options.ts';

/** Milliseconds an unused connection is kept. */
const IDLE_TIME = 60_000;
/** Milliseconds that saying goodbye may take. */
const CLOSE_TIME = 500;
/** Seconds until a connection is replaced, so that each was checked against the certificates of lately. */
const LIFE_TIME = 600;

/** Rows of a query, as arrays in the order of the columns. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What is done over one connection. */
type Work<T> = (ask: (query: Query, values: readonly string[]) => Promise<Rows>) => Promise<T>;

/** Connections to one database, made when they are needed. */
export class Database {
  readonly #pool: Pool;
  readonly #sockets = new Set<Socket>();
  /** Connections that were good for something before. */
  readonly #used = new WeakSet<PoolClient>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  #certificates: string | undefined;

  /** @param certificates in PEM form; undefined = those that Node knows */
  constructor(settings: PostgresqlSettings, certificates: string | undefined) {
    this.#certificates = certificates;
    const tls = tlsOptions(settings, () => this.#certificates);
    this.#pool = new Pool({ ...poolConfig(settings), ssl: settings.ssl && tls, stream: () => this.#newSocket() });
    // An unused connection that breaks has left the pool already; the next query makes a new one.
    this.#pool.on('error', () => {});
  }

  /**
   * Runs queries over one connection. When the signal is aborted the connection is destroyed, whatever it does, and
   * the answer rejects. Work that meets a connection which broke while it was unused is begun again over another one.
   */
  async use<T>(signal: AbortSignal, work: Work<T>): Promise<T> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    for (;;) {
      const client = await this.#connect(either);
      const wasUsed = this.#used.has(client);
      try {
        return await this.#useClient(client, work, either);
      } catch (error) {
        // Each such connection has left the pool, so this comes to an end with a new one.
        if (!wasUsed || either.aborted || !isBrokenConnection(error)) throw error;
      }
    }
  }

  async #useClient<T>(client: PoolClient, work: Work<T>, signal: AbortSignal): Promise<T> {
    this.#used.add(client);
    // What waits for an answer hears of a broken connection by that; the event alone would end the process.
    const ignore = (): void => {};
    client.on('error', ignore);
    let failed = true;
    try {
      const result = await unlessAborted(
        work((query, values) => run(client, query, values)),
        signal,
      );
      failed = false;
      return result;
    } finally {
      // A connection that failed or is busy is not given to somebody else.
      client.release(failed);
      client.off('error', ignore);
    }
  }

  /** Connections that are made from now on accept certificates of these authorities only; PEM. */
  trust(certificates: string): void {
    this.#certificates = certificates;
  }

  /** Ends the connections, with what runs over them; those that do not end by themselves are cut. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error('the provider is closed'));
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_TIME);
    await this.#pool.end();
    // The pool does not wait for the server's goodbye.
    await Promise.all(Array.from(this.#sockets, (socket) => once(socket, 'close')));
    clearTimeout(cut);
  }

  async #connect(signal: AbortSignal): Promise<PoolClient> {
    signal.throwIfAborted();
    const connecting = this.#pool.connect();
    try {
      return await unlessAborted(connecting, signal);
    } catch (error) {
      // It may still come, after nobody waits any more; where it does not, that was said by `error`.
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      throw error;
    }
  }

  #newSocket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}

/** Everything is said, so that nothing is taken from the environment or a `.pgpass` of the account. */
function poolConfig(settings: PostgresqlSettings): PoolConfig {
  const { host, port, user, database, password } = settings;
  return {
    host,
    port,
    user,
    database,
    password: () => password,
    max: settings.poolSize,
    connectionTimeoutMillis: settings.connectTimeout * 1000,
    statement_timeout: Math.ceil(settings.statementTimeout * 1000),
    idleTimeoutMillis: IDLE_TIME,
    maxLifetimeSeconds: LIFE_TIME,
    application_name: 'cauldron',
    keepAlive: true,
  };
}

/** The pool keeps this object and reads it for every connection that it makes. */
function tlsOptions({ host }: PostgresqlSettings, certificates: () => string | undefined): ConnectionOptions {
  return {
    host,
    minVersion: 'TLSv1.2',
    get ca() {
      return certificates();
    },
  };
}

async function run(client: PoolClient, query: Query, values: readonly string[]): Promise<Rows> {
  const { fields, rows } = await client.query<unknown[]>({
    text: query.text,
    values: values.slice(0, query.parameters),
    rowMode: 'array',
  });
  return { columns: fields.map((field) => field.name), rows };
}

/** What a promise comes to, or the signal's reason when it is aborted before. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
