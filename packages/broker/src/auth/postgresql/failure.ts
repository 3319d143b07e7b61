import { DatabaseError } from 'pg';

/** The database, or a query, is not as it must be. The message is fit for the log. */
export class DatabaseProblem extends Error {
  override readonly name = 'DatabaseProblem';
}

/** What a SQLSTATE means here, the longest beginning first (PostgreSQL, appendix A). */
const MEANINGS: readonly (readonly [string, string])[] = [
  ['28', 'it does not let the broker in: check user and password, and pg_hba.conf'],
  ['3D000', 'there is no such database'],
  ['42501', 'the broker may not read what the query names: GRANT SELECT on it'],
  ['53300', 'it has no connection free: lower poolSize, or raise max_connections'],
  ['57014', 'the query took longer than statementTimeout'],
  ['57P', 'it is starting up or shutting down'],
];

/**
 * Why the database could not say, for the log.
 *
 * Only codes are taken from errors of others, since their texts may hold what was sent; except for a query that is
 * wrong in itself, where the text names tables and columns.
 */
export function describeDatabaseFailure(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'the database did not answer in time';
  if (error instanceof DatabaseProblem) return error.message;
  if (error instanceof DatabaseError) return `the database answered: ${describeState(error)}`;
  if (!(error instanceof Error)) return 'the database cannot be asked';
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return `no connection to the database: ${code}`;
  if (/timeout/i.test(error.message)) return 'no connection to the database within connectTimeout';
  if (/does not support SSL/.test(error.message)) return 'the database does not encrypt, and ssl is set';
  if (/password must be a/.test(error.message)) return 'the database asks for a password, and none is set';
  return 'the connection to the database ended';
}

/** `SQLSTATE 42P01, relation "users" does not exist`. */
export function describeState(error: DatabaseError): string {
  const state = error.code ?? 'unknown';
  const meaning = MEANINGS.find(([prefix]) => state.startsWith(prefix))?.[1];
  const text = meaning ?? (state.startsWith('42') ? error.message : undefined);
  return `SQLSTATE ${state}${text === undefined ? '' : `, ${text}`}`;
}

/** Whether a connection broke, or the server ended it, rather than that something is wrong with what was asked. */
export function isBrokenConnection(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.code?.startsWith('57P') === true;
  return !(error instanceof DatabaseProblem);
}

/**
 * Whether a value was not one that the query can compare with: a name with letters where users are numbers, or with
 * U+0000, which no text in PostgreSQL holds.
 */
export function isUnfitValue(error: unknown): boolean {
  return error instanceof DatabaseError && ['22P02', '22003', '22021', '22007', '22008'].includes(error.code ?? '');
}
