import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblem } from '../problem.ts';
import type { Role } from '../schema/index.ts';
import type { Operator } from '../services.ts';
import { type AdminSession, isCsrfToken, type Sessions } from './sessions.ts';
import type { AdminLogin, AdminUser, AdminUsers } from './users.ts';
import { hostOf, isCrossSite, isEncrypted, isFromHere, type Visitor } from './visitor.ts';

/** The header pages send the token of their session in. */
const CSRF_HEADER = 'x-cauldron-csrf';

/** Who asks. */
export interface Identity {
  /** null = this machine, where nobody has to log in. */
  readonly user: AdminUser | null;
  /** null = neither. */
  readonly role: Role | null;
  /** null = it showed user name and password, or needs none. */
  readonly session: AdminSession | null;
  /** When what it showed with this request expires, milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
}

/** Who opened a live stream. */
export interface Viewer {
  /** The host of its address. */
  readonly host: string;
  /** null = this machine, where nobody has to log in. */
  readonly user: AdminUser | null;
  /** Equal for requests of the same login: only who opened a stream says what it shows. */
  readonly key: unknown;
  /** Why it may not look any longer; null = it may, and its session counts as used. */
  stillThere(): string | null;
}

export interface AccessParts {
  readonly users: AdminUsers;
  readonly sessions: Sessions;
  readonly visitorOf: (request: FastifyRequest) => Visitor;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Somebody who is known may not do what was asked. */
  readonly refused: (request: FastifyRequest, user: AdminUser | null, reason: string) => void;
  /** The names of the roles, for what is said to who has none. */
  readonly roles: { readonly admin: string; readonly viewer: string };
}

/**
 * Who may use the API, asked once for each request, before its body is read:
 *
 * ```
 *  from another site? --> 403      who? Basic login, cookie, or this machine      token of the session, unless GET
 *                                   |                                              |
 *                                   +--> nobody: 401, or 403 where nobody can      +--> 403      role of the route --> 403
 * ```
 */
export class Access {
  readonly sessions: Sessions;
  readonly #parts: AccessParts;
  readonly #identities = new WeakMap<FastifyRequest, Identity>();

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.sessions = parts.sessions;
  }

  /** Lets a request through, or throws. @throws {ApiProblem} */
  async check(request: FastifyRequest): Promise<void> {
    try {
      await this.#check(request);
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 403) {
        this.#parts.refused(request, this.identityOf(request)?.user ?? null, `${error.code}: ${error.message}`);
      }
      throw error;
    }
  }

  async #check(request: FastifyRequest): Promise<void> {
    if (isCrossSite(request.raw)) throw CROSS_SITE;
    const { config } = request.routeOptions;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const needed = config.role ?? (isRead ? 'viewer' : 'admin');
    const identity = config.isLogin === true ? null : await this.#identify(request);
    if (identity !== null) this.#identities.set(request, identity);
    if (identity?.session && !isRead && !isCsrfToken(identity.session, request.headers[CSRF_HEADER])) throw WRONG_TOKEN;
    if (needed === 'anybody') return;
    if (identity === null) throw this.#nobody(request);
    if (identity.role === null) throw this.#noRole(identity);
    if (needed === 'admin' && identity.role !== 'admin') throw this.#onlyLooks();
  }

  /** Who asks; null = nobody that is known. */
  identityOf(request: FastifyRequest): Identity | null {
    return this.#identities.get(request) ?? null;
  }

  /** Who asks, for the audit log. */
  operatorOf(request: FastifyRequest): Operator {
    return this.identityOf(request)?.user?.username ?? null;
  }

  /** Who asks, for as long as its live stream is open. To be called after {@link Access.check} let it through. */
  viewerOf(request: FastifyRequest): Viewer {
    const { user = null, session = null, expiresAt = Number.POSITIVE_INFINITY } = this.identityOf(request) ?? {};
    return {
      host: hostOf(this.#visitor(request).address),
      user,
      key: session ?? user?.username ?? null,
      stillThere: () => {
        if (session?.ended.aborted) return String(session.ended.reason);
        if (this.#parts.now() >= expiresAt) return 'the login has expired; log in again';
        if (user !== null && this.#parts.users.roleOf(user) === null)
          return 'the user may not use the dashboard any longer';
        if (session !== null) this.sessions.touch(session);
        return null;
      },
    };
  }

  get loginRequired(): boolean {
    return this.#parts.users.exist;
  }

  /** Why nobody gets in this way, and what to do; null = one can. */
  refusal(request: FastifyRequest): string | null {
    const { users } = this.#parts;
    if (users.exist || this.#isOpen(request)) return null;
    return NOT_FROM_HERE;
  }

  /**
   * Logs somebody in; what was the session of this browser before is over.
   *
   * @throws {ApiProblem} LOGIN_FAILED, LOGIN_UNAVAILABLE, NO_ROLE, TOO_MANY_SESSIONS, NO_USERS
   */
  async login(
    login: Pick<AdminLogin, 'username' | 'password'>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Identity> {
    if (!this.#parts.users.exist) throw new ApiProblem(403, 'NO_USERS', NO_USERS);
    const { user, expiresAt } = await this.#askUsers(login, request);
    const role = this.#parts.users.roleOf(user);
    if (role === null) {
      const problem = this.#noRole({ user, role, session: null });
      this.#parts.refused(request, user, `${problem.code}: ${problem.message}`);
      throw problem;
    }
    const opened = this.sessions.open(user, expiresAt);
    if (opened === null) throw TOO_MANY_SESSIONS;
    this.#forget(request, reply, 'the browser logged in again');
    reply.setCookie(this.#cookieName(request, isEncrypted(request.raw, this.#visitor(request))), opened.id, {
      ...COOKIE,
      secure: isEncrypted(request.raw, this.#visitor(request)),
    });
    const identity = { user, role, session: opened.session };
    this.#identities.set(request, identity);
    return identity;
  }

  /** Ends the session of whoever asks. */
  logout(request: FastifyRequest, reply: FastifyReply): void {
    this.#forget(request, reply, 'you logged out');
  }

  async #identify(request: FastifyRequest): Promise<Identity | null> {
    const basic = basicLogin(request.headers.authorization);
    if (basic !== undefined) {
      if (!this.#parts.users.exist) throw new ApiProblem(403, 'NO_USERS', NO_USERS);
      const { user, expiresAt } = await this.#askUsers(basic, request);
      return { user, role: this.#parts.users.roleOf(user), session: null, expiresAt };
    }
    for (const id of this.#cookies(request)) {
      const session = this.sessions.use(id);
      if (session !== null) return { user: session.user, role: this.#parts.users.roleOf(session.user), session };
    }
    return this.#isOpen(request) ? { user: null, role: 'admin', session: null } : null;
  }

  async #askUsers(login: Pick<AdminLogin, 'username' | 'password'>, request: FastifyRequest) {
    const { address, listener } = this.#visitor(request);
    const result = await this.#parts.users.login({ ...login, address, listener: listener.name });
    if (result.outcome === 'accept') return result;
    if (result.outcome === 'wrong') throw new ApiProblem(401, 'LOGIN_FAILED', sentence(result.reason));
    throw new ApiProblem(503, 'LOGIN_UNAVAILABLE', sentence(result.reason));
  }

  #isOpen(request: FastifyRequest): boolean {
    const { users } = this.#parts;
    const visitor = this.#visitor(request);
    return !users.exist && users.isOpen(visitor.listener.name) && isFromHere(request.raw, visitor);
  }

  #visitor(request: FastifyRequest): Visitor {
    return this.#parts.visitorOf(request);
  }

  /** Cookies know no ports: two brokers of a machine must not take each other's. */
  #cookieName(request: FastifyRequest, secure: boolean): string {
    return `${secure ? '__Host-' : ''}cauldron-${this.#visitor(request).listener.port}`;
  }

  #cookies(request: FastifyRequest): string[] {
    // Over TLS only a cookie that nobody can plant without: its prefix says so. A proxy may do the TLS, so both come else.
    const kinds = this.#visitor(request).listener.secure ? [true] : [true, false];
    const names = kinds.map((secure) => this.#cookieName(request, secure));
    return names.flatMap((name) => request.cookies[name] ?? []);
  }

  #forget(request: FastifyRequest, reply: FastifyReply, reason: string): void {
    for (const secure of [true, false]) {
      const name = this.#cookieName(request, secure);
      const id = request.cookies[name];
      if (id === undefined) continue;
      this.sessions.close(id, reason);
      reply.clearCookie(name, { ...COOKIE, secure });
    }
  }

  #nobody(request: FastifyRequest): ApiProblem {
    const refusal = this.refusal(request);
    if (refusal !== null) return new ApiProblem(403, 'NOT_FROM_HERE', refusal);
    return new ApiProblem(
      401,
      'LOGIN_REQUIRED',
      'You are not logged in, or not any more. Log in first (POST /api/v1/session, or HTTP Basic).',
    );
  }

  #noRole({ user }: Identity): ApiProblem {
    const { admin, viewer } = this.#parts.roles;
    const name = JSON.stringify(user?.username ?? '');
    return new ApiProblem(
      403,
      'NO_ROLE',
      `User ${name} may not use the dashboard: it has neither the role "${admin}" (everything) nor "${viewer}" (look only). ` +
        `Give it one in the configuration: [[authorization.roles]] name = "${viewer}" users = [${name}].`,
    );
  }

  #onlyLooks(): ApiProblem {
    const { admin, viewer } = this.#parts.roles;
    return new ApiProblem(
      403,
      'FORBIDDEN',
      `Only users with the role "${admin}" may do this; yours is "${viewer}", which looks. Ask whoever runs the broker for it.`,
    );
  }
}

const COOKIE = { path: '/', httpOnly: true, sameSite: 'strict' } as const;

const NO_USERS =
  'There are no users to log in as, because no authentication is configured. Leave the login out on the machine of the ' +
  'broker, or add users: cauldron passwd -c passwords USER, and [[authentication.providers]].';

const NOT_FROM_HERE =
  'No authentication is configured, so only the machine of the broker itself may use its dashboard, asked for as localhost ' +
  'and without a proxy. Open it there, or have users log in: cauldron passwd -c passwords USER, [[authentication.providers]] ' +
  'type = "password-file" file = "passwords", and a role for them in [[authorization.roles]].';

const CROSS_SITE = new ApiProblem(
  403,
  'CROSS_SITE',
  'A page of another site asks. Only pages of this broker may use its API from a browser.',
);

const WRONG_TOKEN = new ApiProblem(
  403,
  'CSRF_TOKEN',
  'The header X-Cauldron-CSRF is missing or not that of the session. Send csrfToken of GET /api/v1/session with everything but GET.',
);

const TOO_MANY_SESSIONS = new ApiProblem(503, 'TOO_MANY_SESSIONS', 'Too many people are logged in. Try again later.');

/** A reason as a sentence of its own. */
const sentence = (reason: string): string => `${reason.charAt(0).toUpperCase()}${reason.slice(1).replace(/\.?$/, '.')}`;

/** @throws {ApiProblem} BASIC_LOGIN */
function basicLogin(header: string | undefined): Pick<AdminLogin, 'username' | 'password'> | undefined {
  if (header === undefined) return undefined;
  const [, encoded] = /^Basic +([A-Za-z\d+/=]+)$/i.exec(header) ?? [];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon > 0) return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  throw new ApiProblem(
    400,
    'BASIC_LOGIN',
    'The header Authorization is no HTTP Basic login with a user name and a password. Send one, or none.',
  );
}
