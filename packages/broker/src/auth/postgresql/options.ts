import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/**
 * Where the database is and what it is asked.
 *
 * In every query `$1` is the user name and `$2` the client identifier, both as parameters: they are never a part of the
 * query's text, and are to be written without quotes.
 */
export interface PostgresqlOptions {
  /** `postgresql://user:password@host:5432/database`; what is said beside it counts before what is said in it. */
  readonly url?: string | undefined;
  /** Name, address, or folder of the Unix socket (`/run/postgresql`). Default `localhost`. */
  readonly host?: string | undefined;
  /** Default 5432. */
  readonly port?: number | undefined;
  /** Default: the name of the database user. */
  readonly database?: string | undefined;
  /** The broker's own account, which needs SELECT and nothing else. Default: who the broker runs as. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Encrypt, with a certificate that is checked. Default: true, except to this machine. */
  readonly ssl?: boolean | undefined;
  /** File of the certificates (PEM) that the server's must lead to; absent = those that Node knows. */
  readonly ca?: string | undefined;
  /**
   * Finds the stored hash of a user: in the first column, as a password file has it behind the colon. Further columns
   * are looked at by their names: `superuser` (boolean), and `username`, the name the user has in rules from now on.
   * One row at most; none = nobody has that name; NULL = nobody gets in by it.
   */
  readonly passwordQuery: string;
  /** Rules of a user, a row each: `permission` (allow, deny), `access` (read, write, readwrite), `topic` (a filter). */
  readonly rulesQuery?: string | undefined;
  /** Roles of a user, a row each, in the first column. */
  readonly rolesQuery?: string | undefined;
  /** Connections at most. Default 4. */
  readonly poolSize?: number | undefined;
  /** Seconds until a connection, new or free, must be there. Default 5. */
  readonly connectTimeout?: number | undefined;
  /** Seconds after which the server ends a query itself. Default 5. */
  readonly statementTimeout?: number | undefined;
}

/** One query and how many parameters it takes. */
export interface Query {
  /** Its name in the configuration. */
  readonly setting: string;
  readonly text: string;
  readonly parameters: 1 | 2;
}

/** The options, checked and complete. */
export interface PostgresqlSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ssl: boolean;
  readonly ca: string | undefined;
  readonly passwordQuery: Query;
  readonly rulesQuery: Query | undefined;
  readonly rolesQuery: Query | undefined;
  readonly poolSize: number;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Seconds. */
  readonly statementTimeout: number;
}

/** @throws Error that says which setting cannot be used, why, and what to write; it never shows the password. */
export function checkPostgresqlOptions(options: PostgresqlOptions): PostgresqlSettings {
  const fromUrl = options.url === undefined ? {} : parseUrl(options.url);
  const given = { ...fromUrl, ...withoutUndefined(options) };
  const { host = 'localhost', port = 5432, user = userInfo().username, ca } = given;
  const ssl = given.ssl ?? !isThisMachine(host);
  if (ssl && host.startsWith('/')) throw new Error('postgresql: a Unix socket is not encrypted; leave ssl out.');
  if (!ssl && ca !== undefined) throw new Error('postgresql: ca is for encrypted connections; set ssl = true.');
  return {
    host,
    port: wholeNumber('port', port, 1, 65_535),
    database: given.database ?? user,
    user,
    password: given.password ?? '',
    ssl,
    ca,
    passwordQuery: checkQuery('passwordQuery', given.passwordQuery),
    rulesQuery: given.rulesQuery === undefined ? undefined : checkQuery('rulesQuery', given.rulesQuery),
    rolesQuery: given.rolesQuery === undefined ? undefined : checkQuery('rolesQuery', given.rolesQuery),
    poolSize: wholeNumber('poolSize', given.poolSize ?? 4, 1, 1000),
    connectTimeout: seconds('connectTimeout', given.connectTimeout ?? 5),
    statementTimeout: seconds('statementTimeout', given.statementTimeout ?? 5),
  };
}

/** The text to warn with where hashes would cross a network unencrypted; undefined = they do not. */
export function plainTextWarning({ ssl, host, port }: PostgresqlSettings): string | undefined {
  if (ssl || isThisMachine(host)) return undefined;
  return (
    `The connection to PostgreSQL at ${host}:${port} is not encrypted: stored hashes can be read, and answers forged, ` +
    'on the way. Set ssl = true.'
  );
}

/** The certificates of a PEM file. @throws Error naming the file */
export function readCertificates(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`postgresql: cannot read ca "${file}" (${code}).`, { cause: error });
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new Error(`postgresql: ca "${file}" holds no certificate in PEM form ("-----BEGIN CERTIFICATE-----").`);
}

type Place = Pick<PostgresqlOptions, 'host' | 'port' | 'database' | 'user' | 'password'>;

function parseUrl(text: string): Place {
  const url = URL.parse(text);
  if (url === null || !['postgresql:', 'postgres:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    // The text is not shown: a password may be in it.
    throw new Error(
      'postgresql: the url must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the ' +
        'password as %XX and nothing behind the database; ssl and ca are settings of their own.',
    );
  }
  const place: Place = {
    host: url.hostname === '' ? undefined : decode(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? undefined : Number(url.port),
    database: url.pathname.length > 1 ? decode(url.pathname.slice(1)) : undefined,
    user: url.username === '' ? undefined : decode(url.username),
    password: url.password === '' ? undefined : decode(url.password),
  };
  return withoutUndefined(place);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The cause would show the text.
    throw new Error('postgresql: the url holds a % that is not followed by two hexadecimal digits; write %25 for it.');
  }
}

/** @throws where a query could not do what it is for */
function checkQuery(setting: string, text: string): Query {
  // What stands in quotes or a comment is no parameter.
  const code = text.replace(/'[^']*'|--.*$|\/\*[\s\S]*?\*\//gm, ' ');
  const numbers = new Set(Array.from(code.matchAll(/\$(\d+)/g), (match) => Number(match[1])));
  if (!numbers.has(1)) {
    throw new Error(`postgresql: ${setting} must hold $1, the user name, without quotes: ... WHERE username = $1`);
  }
  for (const number of numbers) {
    if (number > 2)
      throw new Error(`postgresql: ${setting} holds $${number}; there are $1 (user name) and $2 (client).`);
  }
  return { setting, text, parameters: numbers.has(2) ? 2 : 1 };
}

function wholeNumber(setting: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`postgresql: ${setting} is a whole number from ${least} to ${most}.`);
}

function seconds(setting: string, value: number): number {
  if (value > 0 && value <= 3600) return value;
  throw new Error(`postgresql: ${setting} is more than 0 and at most 3600 seconds.`);
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}

function isThisMachine(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
