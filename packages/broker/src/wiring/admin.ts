import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import { Admin } from '../admin/admin.ts';
import type { AdminAudit } from '../admin/http/audit.ts';
import type { AdminLogin, AdminLoginResult, AdminUser, AdminUsers } from '../admin/http/users.ts';
import type { ListenerPlace } from '../admin/http/visitor.ts';
import type { DashboardCounters } from '../admin/ports.ts';
import { allowsAnonymous, type Exposure } from '../exposure.ts';
import type { HttpHost } from '../http/http-host.ts';
import type { Logger } from '../log.ts';
import { version } from '../version.ts';
import { type AdminServicesParts, openServices, type RunningServices } from './admin-services.ts';
import { describeError } from './describe-error.ts';
import type { SecurityLog } from './security-log.ts';

/** Milliseconds between two lines about what fails again and again. */
const SAY_EVERY = 60_000;

/** What the dashboard is made of. */
export interface DashboardParts extends AdminServicesParts {
  readonly exposure: Exposure;
  /** The program decides itself who may connect. */
  readonly ownAuthenticator: boolean;
  /** Folder of the built pages, in place of those of the package. */
  readonly pages: string | undefined;
}

/** The dashboard with all its parts, between the broker's start and its end. */
export class DashboardServer {
  readonly #admin: Admin;
  readonly #services: RunningServices;
  readonly #log: Logger;
  #saidAt = Number.NEGATIVE_INFINITY;

  private constructor(admin: Admin, services: RunningServices, log: Logger) {
    this.#admin = admin;
    this.#services = services;
    this.#log = log;
  }

  /** @throws {TypeError} an initial dashboard is none */
  static async open(parts: DashboardParts): Promise<DashboardServer> {
    const { config, security, log, now, pages } = parts;
    const services = await openServices(parts);
    const users = usersOf(parts);
    const audit = auditOf(security.log);
    const admin = await Admin.open({ version, settings: config.dashboard, pages, users, services, now, log, audit });
    security.onUsersChanged((provider, users) => admin.usersChanged(provider, users));
    return new DashboardServer(admin, services, log);
  }

  /** Answers the requests of a listener. */
  serve(http: HttpHost, listener: ListenerPlace): void {
    http.serve((request, response, address) => this.#admin.handle(request, response, { address, listener }));
  }

  get counters(): DashboardCounters {
    return this.#admin.counters;
  }

  /** Ends the logins of a user. */
  logOut(username: string, reason: string): void {
    this.#admin.logOut(username, reason);
  }

  /** Moves on in time; to be called every few hundred milliseconds. */
  tick(now: number): void {
    try {
      this.#services.tick(now);
      this.#admin.tick();
    } catch (error) {
      // Who looks at the broker must not bring it down.
      if (now - this.#saidAt < SAY_EVERY) return;
      this.#saidAt = now;
      this.#log.error(`the dashboard failed: ${describeError(error)}`);
    }
  }

  /** Ends live streams and waits for what is being written. */
  async close(): Promise<void> {
    await this.#admin.close();
    await this.#services.close();
  }
}

const auditOf = (log: SecurityLog): AdminAudit => ({
  did: (deed) => log.operated(deed),
  refused: (refusal) => log.dashboardRefused(refusal),
});

/** The broker's own users, as the dashboard asks for them. */
function usersOf({ config, security, exposure, ownAuthenticator }: DashboardParts): AdminUsers {
  const { adminRole, viewerRole } = config.dashboard;
  return {
    exist: ownAuthenticator || config.authentication.providers.length > 0,
    isOpen: (listener) => allowsAnonymous(exposure, listener),
    login: async (login) => loginResult(login, await security.authenticator.authenticate(requestOf(login))),
    roleOf: (user: AdminUser) => {
      const { username, rights } = user;
      const standing = security.standingOf({ clientId: '', username, verified: true, rights });
      const { roles, superuser } = standing ?? { roles: new Set(rights?.roles), superuser: rights?.superuser === true };
      if (superuser || roles.has(adminRole)) return 'admin';
      return roles.has(viewerRole) ? 'viewer' : null;
    },
  };
}

const requestOf = ({ username, password, address, listener }: AdminLogin): AuthenticationRequest => ({
  clientId: 'cauldron-dashboard',
  username,
  password: new TextEncoder().encode(password),
  protocolVersion: 5,
  remoteAddress: address,
  listener,
  method: undefined,
  data: undefined,
  exchange: undefined,
  reauthentication: false,
  peer: undefined,
});

const LATER: ReadonlySet<number> = new Set([ReasonCode.serverUnavailable, ReasonCode.serverBusy]);

function loginResult({ username }: AdminLogin, result: AuthenticationResult): AdminLoginResult {
  if (result.outcome === 'accept' && result.anonymous !== true) {
    const user = { username: result.username ?? username, rights: result.rights };
    return { outcome: 'accept', user, expiresAt: result.expiresAt };
  }
  if (result.outcome !== 'refuse') {
    return { outcome: 'wrong', reason: 'this user cannot log in with a password' };
  }
  const outcome = LATER.has(result.reasonCode) ? 'later' : 'wrong';
  return { outcome, reason: result.reasonString ?? 'the login was refused' };
}
