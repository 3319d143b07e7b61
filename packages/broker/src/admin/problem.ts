/** A request that cannot be done, with what its answer says: {@link apiError}. */
export class ApiProblem extends Error {
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;

  /**
   * @param status HTTP status, 400 and above
   * @param message what happened, why, and what to do next
   */
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
  }
}

/** The cursor of a list is none that this broker gave. */
export const invalidCursor = (): ApiProblem =>
  new ApiProblem(400, 'INVALID_CURSOR', 'The cursor is none that this list gave. Begin again without one.');
