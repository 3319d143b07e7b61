import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AdminUser } from './users.ts';

/** Sessions at the same time; a login beyond is told to come later. */
export const MAX_SESSIONS = 1000;
/** Sessions of one user; a login beyond ends the one that was not used for longest. */
export const MAX_SESSIONS_PER_USER = 20;

export interface SessionsOptions {
  /** Seconds a session lasts. */
  readonly timeout: number;
  /** Seconds it lasts without a request. */
  readonly idleTimeout: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One login of somebody in a browser. */
export interface AdminSession {
  readonly user: AdminUser;
  /** What pages send with everything but GET. */
  readonly csrfToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Aborted, with the reason as text, when the session ends. */
  readonly ended: AbortSignal;
}

interface Kept extends AdminSession {
  readonly abort: AbortController;
  usedAt: number;
}

/** Who is logged in. Kept in memory only, and by the hash of the identifier: what leaks from here opens nothing. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Kept>();
  /** Logins that found no room. */
  refused = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Begins one.
   *
   * @param until when the login expires, milliseconds since 1970; undefined = never
   * @returns its identifier, which is told to nobody but its browser; null = there are too many
   */
  open(user: AdminUser, until: number | undefined): { readonly id: string; readonly session: AdminSession } | null {
    this.tick();
    this.#makeRoomFor(user.username);
    if (this.#sessions.size >= MAX_SESSIONS) {
      this.refused += 1;
      return null;
    }
    const { now, timeout } = this.#options;
    const id = randomBytes(32).toString('base64url');
    const abort = new AbortController();
    const session: Kept = {
      user,
      csrfToken: randomBytes(32).toString('base64url'),
      expiresAt: Math.min(now() + timeout * 1000, until ?? Number.POSITIVE_INFINITY),
      usedAt: now(),
      abort,
      ended: abort.signal,
    };
    this.#sessions.set(hashOf(id), session);
    return { id, session };
  }

  /** The session of an identifier, which is used with that; null = there is none, or none any more. */
  use(id: string): AdminSession | null {
    const hash = hashOf(id);
    const session = this.#sessions.get(hash);
    if (session === undefined) return null;
    const over = this.#overdue(session);
    if (over !== null) {
      this.#end(hash, session, over);
      return null;
    }
    session.usedAt = this.#options.now();
    return session;
  }

  /** Its page is being looked at. */
  touch(session: AdminSession): void {
    (session as Kept).usedAt = this.#options.now();
  }

  /** Ends the one of an identifier, where there is one. */
  close(id: string, reason: string): void {
    const hash = hashOf(id);
    const session = this.#sessions.get(hash);
    if (session !== undefined) this.#end(hash, session, reason);
  }

  /** Ends those that fit. Returns how many. */
  endWhere(fits: (user: AdminUser) => boolean, reason: string): number {
    const found = [...this.#sessions].filter(([, { user }]) => fits(user));
    for (const [hash, session] of found) this.#end(hash, session, reason);
    return found.length;
  }

  /** Ends what is over. */
  tick(): void {
    for (const [hash, session] of this.#sessions) {
      const over = this.#overdue(session);
      if (over !== null) this.#end(hash, session, over);
    }
  }

  #makeRoomFor(username: string): void {
    const own = [...this.#sessions].filter(([, { user }]) => user.username === username);
    if (own.length < MAX_SESSIONS_PER_USER) return;
    const [hash, session] = own.reduce((oldest, one) => (one[1].usedAt < oldest[1].usedAt ? one : oldest));
    this.#end(hash, session, `the user logged in ${MAX_SESSIONS_PER_USER} times more; log in again`);
  }

  #overdue({ expiresAt, usedAt }: Kept): string | null {
    const now = this.#options.now();
    if (now >= expiresAt) return 'the session has lasted as long as it may; log in again';
    if (now - usedAt >= this.#options.idleTimeout * 1000) return 'nobody used the session for long; log in again';
    return null;
  }

  #end(hash: string, session: Kept, reason: string): void {
    this.#sessions.delete(hash);
    session.abort.abort(reason);
  }
}

/** Whether what came is the token of a session, in a time that tells nothing of where they differ. */
export function isCsrfToken(session: AdminSession, given: unknown): boolean {
  if (typeof given !== 'string') return false;
  const [one, other] = [Buffer.from(given), Buffer.from(session.csrfToken)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const hashOf = (id: string): string => createHash('sha256').update(id).digest('base64');
