import type { AuthenticationRequest, GrantedRule, Rights } from '@cauldron/core';
import { topicFilterProblem } from '@cauldron/protocol';
import { HashSyntaxError } from '../passwords/password-hash.ts';
import type { Provider, Verdict } from '../provider.ts';
import { Database, type Rows } from './database.ts';
import { DatabaseProblem, describeDatabaseFailure, isUnfitValue } from './failure.ts';
import {
  checkPostgresqlOptions,
  type PostgresqlOptions,
  type PostgresqlSettings,
  plainTextWarning,
  readCertificates,
} from './options.ts';
import type { PasswordVerifier } from './stored-password.ts';

/** What the provider needs beside its options. */
export interface PostgresqlSurroundings {
  readonly verify: PasswordVerifier;
  /** Told, once and at construction, what is allowed but dangerous. */
  readonly warn: (text: string) => void;
}

/** Rules or roles of one user; more are a mistake in the query, and would fill the memory. */
const MAX_ROWS = 10_000;

/** What is stored of a user. */
interface StoredUser {
  readonly username: string;
  /** null = nobody gets in by this name. */
  readonly line: string | null;
  readonly superuser: boolean;
}

/**
 * Users, and where wanted their rules and roles, in tables of a PostgreSQL database.
 *
 * @example
 * const url = 'postgresql://broker@db.example.org/mqtt';
 * const passwordQuery = 'SELECT password_hash FROM mqtt_users WHERE username = $1';
 * const surroundings = { verify: async () => false, warn: console.warn };
 * new PostgresqlProvider({ url, passwordQuery }, surroundings).name // 'postgresql db.example.org:5432/mqtt'
 */
export class PostgresqlProvider implements Provider {
  readonly name: string;
  readonly methods: readonly string[] = [];
  readonly #settings: PostgresqlSettings;
  readonly #verify: PasswordVerifier;
  readonly #database: Database;

  /** @throws Error that says which option cannot be used and what to write instead */
  constructor(options: PostgresqlOptions, { verify, warn }: PostgresqlSurroundings) {
    this.#settings = checkPostgresqlOptions(options);
    this.#verify = verify;
    const { host, port, database, ca } = this.#settings;
    this.name = `postgresql ${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
    this.#database = new Database(this.#settings, ca === undefined ? undefined : readCertificates(ca));
    const warning = plainTextWarning(this.#settings);
    if (warning !== undefined) warn(warning);
  }

  async authenticate(request: AuthenticationRequest, signal: AbortSignal): Promise<Verdict> {
    const { method, username, password, clientId, remoteAddress } = request;
    if (method !== undefined || username === undefined || password === undefined) return { outcome: 'unknown' };
    try {
      const user = await this.#findUser(username, clientId, signal);
      const isRight = await this.#verify({ password, line: user?.line ?? undefined, remoteAddress }, signal);
      signal.throwIfAborted();
      if (user === undefined) return { outcome: 'unknown' };
      if (user.line === null) return { outcome: 'refuse', reason: 'the user has no password (NULL)' };
      if (!isRight) return { outcome: 'refuse', reason: 'wrong password' };
      const rights = await this.#rightsOf(user, clientId, signal);
      return { outcome: 'accept', ...(user.username === username ? {} : { username: user.username }), rights };
    } catch (error) {
      if (error instanceof HashSyntaxError && !signal.aborted) {
        return { outcome: 'refuse', reason: `what passwordQuery gave cannot be used: ${error.message}` };
      }
      return { outcome: 'unavailable', reason: describeDatabaseFailure(error, signal) };
    }
  }

  /** Reads the certificates of `ca` again; connections that are made from now on use them. */
  async reload(): Promise<void> {
    const { ca } = this.#settings;
    if (ca !== undefined) this.#database.trust(readCertificates(ca));
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  async #findUser(username: string, clientId: string, signal: AbortSignal): Promise<StoredUser | undefined> {
    const { passwordQuery } = this.#settings;
    const found = await this.#database.use(signal, async (ask) => {
      try {
        return await ask(passwordQuery, [username, clientId]);
      } catch (error) {
        if (isUnfitValue(error)) return undefined;
        throw error;
      }
    });
    return found === undefined ? undefined : readUser(found, username);
  }

  async #rightsOf(user: StoredUser, clientId: string, signal: AbortSignal): Promise<Omit<Rights, 'key' | 'provider'>> {
    const { rulesQuery, rolesQuery } = this.#settings;
    const superuser = user.superuser ? { superuser: true } : {};
    if (rulesQuery === undefined && rolesQuery === undefined) return superuser;
    const values = [user.username, clientId];
    return this.#database.use(signal, async (ask) => ({
      ...superuser,
      ...(rulesQuery === undefined ? {} : { rules: readRules(await ask(rulesQuery, values), this.name) }),
      ...(rolesQuery === undefined ? {} : { roles: readRoles(await ask(rolesQuery, values)) }),
    }));
  }
}

function readUser({ columns, rows }: Rows, username: string): StoredUser | undefined {
  const [row, another] = rows;
  if (row === undefined) return undefined;
  if (another !== undefined)
    throw new DatabaseProblem('passwordQuery gave more than one row for a user; it must give one');
  const [line] = row;
  if (line !== null && typeof line !== 'string') {
    throw new DatabaseProblem(`the first column of passwordQuery (${columns[0]}) is not text: it must be the hash`);
  }
  const named = (name: string): unknown => row[columns.indexOf(name, 1)];
  const realName = named('username') ?? username;
  if (typeof realName !== 'string' || realName === '') {
    throw new DatabaseProblem('the column username of passwordQuery is not text');
  }
  const superuser = named('superuser') ?? false;
  if (typeof superuser !== 'boolean') throw new DatabaseProblem('the column superuser of passwordQuery is not boolean');
  return { username: realName, line, superuser };
}

/** Rules as the rows say them. A row that means nothing keeps the user out: it might have been meant to deny. */
function readRules({ columns, rows }: Rows, provider: string): GrantedRule[] {
  const [permissionAt, accessAt, topicAt] = ['permission', 'access', 'topic'].map((name) => {
    const index = columns.indexOf(name);
    if (index < 0)
      throw new DatabaseProblem(`rulesQuery gives no column "${name}"; it must give permission, access, topic`);
    return index;
  });
  checkCount('rulesQuery', rows);
  return rows.map((row, index) => {
    const permission = row[permissionAt!];
    const access = row[accessAt!];
    const topic = row[topicAt!];
    if (permission !== 'allow' && permission !== 'deny') throw badRow(index, 'permission', 'allow or deny');
    if (access !== 'read' && access !== 'write' && access !== 'readwrite') {
      throw badRow(index, 'access', 'read, write or readwrite');
    }
    if (typeof topic !== 'string' || topicFilterProblem(topic) !== undefined)
      throw badRow(index, 'topic', 'a topic filter');
    return { permission, access, topic, source: `row ${index + 1} of rulesQuery (${provider})` };
  });
}

const badRow = (index: number, column: string, wanted: string): DatabaseProblem =>
  new DatabaseProblem(`${column} in row ${index + 1} of rulesQuery is not ${wanted}`);

function readRoles({ rows }: Rows): string[] {
  checkCount('rolesQuery', rows);
  return rows.map(([role], index) => {
    if (typeof role === 'string' && role !== '') return role;
    throw new DatabaseProblem(`row ${index + 1} of rolesQuery is not the name of a role`);
  });
}

function checkCount(setting: string, rows: Rows['rows']): void {
  if (rows.length > MAX_ROWS)
    throw new DatabaseProblem(`${setting} gave ${rows.length} rows for a user, and ${MAX_ROWS} are allowed`);
}
