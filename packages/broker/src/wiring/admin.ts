import { resolve } from 'node:path';
import type { AuthenticationRequest, AuthenticationResult, BrokerCore } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import { Admin } from '../admin/admin.ts';
import { Dashboards, type InitialDashboard } from '../admin/dashboards/index.ts';
import type { AdminLogin, AdminLoginResult, AdminUser, AdminUsers } from '../admin/http/users.ts';
import type { ListenerPlace } from '../admin/http/visitor.ts';
import { Traffic } from '../admin/traffic/traffic.ts';
import type { Config } from '../config/index.ts';
import { allowsAnonymous, type Exposure } from '../exposure.ts';
import type { HealthMonitor } from '../health.ts';
import type { HttpHost } from '../http/http-host.ts';
import type { Logger } from '../log.ts';
import { version } from '../version.ts';
import type { Security } from './security.ts';

/** What the dashboard is made of. */
export interface DashboardParts {
  readonly core: BrokerCore;
  readonly config: Config;
  readonly security: Security;
  readonly exposure: Exposure;
  readonly health: HealthMonitor;
  readonly log: Logger;
  /** Milliseconds since 1970, never going back. */
  readonly now: () => number;
  /** The program decides itself who may connect. */
  readonly ownAuthenticator: boolean;
  /** Folder of the built pages, in place of those of the package. */
  readonly pages: string | undefined;
  /** Dashboards that are made where there are none of their identifiers. */
  readonly initial: readonly InitialDashboard[] | undefined;
}

/** The dashboard with all its parts, between the broker's start and its end. */
export class DashboardServer {
  readonly #admin: Admin;
  readonly #traffic: Traffic;
  readonly #dashboards: Dashboards;

  private constructor(admin: Admin, traffic: Traffic, dashboards: Dashboards) {
    this.#admin = admin;
    this.#traffic = traffic;
    this.#dashboards = dashboards;
  }

  /** @throws {TypeError} an initial dashboard is none */
  static async open(parts: DashboardParts): Promise<DashboardServer> {
    const { core, config, security, log, now, pages } = parts;
    const { maxTopics } = config.dashboard;
    const traffic = new Traffic(core, now, { maxTopics });
    const dashboards = await openDashboards(parts);
    const services = { traffic, dashboards };
    const admin = await Admin.open({
      version,
      settings: config.dashboard,
      pages,
      users: usersOf(parts),
      services,
      now,
      log,
    });
    security.onUsersChanged((provider, users) => admin.usersChanged(provider, users));
    return new DashboardServer(admin, traffic, dashboards);
  }

  /** Answers the requests of a listener. */
  serve(http: HttpHost, listener: ListenerPlace): void {
    http.serve((request, response, address) => this.#admin.handle(request, response, { address, listener }));
  }

  /** Moves on in time; to be called every few hundred milliseconds. */
  tick(now: number): void {
    this.#traffic.tick(now);
    this.#admin.tick();
  }

  /** Ends live streams and waits for what is being written. */
  async close(): Promise<void> {
    await this.#admin.close();
    this.#traffic.close();
    await this.#dashboards.close();
  }
}

function openDashboards({ config, health, log, now, initial }: DashboardParts): Promise<Dashboards> {
  const { directory, memory } = config.data;
  const folder = directory === undefined || memory ? null : resolve(directory);
  return Dashboards.open(folder, {
    log,
    now,
    initial,
    report: (problem) => {
      if (problem === null) health.clear('dashboards-failing');
      else health.report('dashboards-failing', problem, now());
    },
  });
}

/** The broker's own users, as the dashboard asks for them. */
function usersOf({ config, security, exposure, ownAuthenticator }: DashboardParts): AdminUsers {
  const { adminRole, viewerRole } = config.dashboard;
  return {
    exist: ownAuthenticator || config.authentication.providers.length > 0,
    isOpen: (listener) => allowsAnonymous(exposure, listener),
    login: async (login) => loginResult(login, await security.authenticator.authenticate(requestOf(login))),
    roleOf: (user: AdminUser) => {
      const { roles, superuser } = security.standingOf(user.username, user.rights);
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
