import { ResultCodeError } from 'ldapts';

/** The directory, or the account that searches it, is not as it must be. The message is fit for the log. */
export class DirectoryProblem extends Error {
  override readonly name = 'DirectoryProblem';
}

/** Result codes of RFC 4511 section 4.1.9 that decisions depend on. */
export const ResultCode = {
  noSuchObject: 32,
  invalidDnSyntax: 34,
  constraintViolation: 19,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unwillingToPerform: 53,
} as const;

/** The result code a directory answered with; undefined = it did not answer. */
export function resultCodeOf(error: unknown): number | undefined {
  return error instanceof ResultCodeError ? error.code : undefined;
}

/**
 * Why a login could not be decided, for the log.
 *
 * Only names and codes are taken from errors of others: their texts may hold what was sent.
 */
export function describeDirectoryFailure(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'the directory did not answer in time';
  if (error instanceof DirectoryProblem) return error.message;
  if (error instanceof ResultCodeError) return `the directory answered ${describeResult(error)}`;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (typeof code === 'string') return `no connection to the directory: ${code}`;
  return 'the directory closed the connection';
}

/** `InvalidCredentials (49)`. */
export function describeResult(error: ResultCodeError): string {
  return `${error.name.replace(/Error$/, '')} (${error.code})`;
}
