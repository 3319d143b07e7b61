/** One thing that is wrong with the rules; the same shape as a problem of the configuration. */
export interface AccessProblem {
  /** The key of the configuration, for example `authorization.rules[2].topic`; empty where a line of an ACL file is meant. */
  readonly path: string;
  /** What was found, why it cannot be used, and what to write instead. */
  readonly message: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** The flag or environment variable it came from, where it was not a file. */
  readonly source?: string;
}

/** Rules that cannot be used as they are. The message holds every problem, one a line. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code = 'ACCESS_RULES_INVALID';
  readonly problems: readonly AccessProblem[];

  constructor(problems: readonly AccessProblem[], options?: ErrorOptions) {
    super(problems.map(formatAccessProblem).join('\n'), options);
    this.problems = problems;
  }
}

/** `acl:3: 'reed' is no access; write read, write, readwrite or deny` */
function formatAccessProblem({ path, message, file, line, source }: AccessProblem): string {
  const place = file === undefined ? source : line === undefined ? file : `${file}:${line}`;
  return [place, path, message].filter((part) => part !== undefined && part !== '').join(': ');
}
