import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import { Admin } from '../admin/admin.ts';
import type { AdminLogin, AdminLoginResult, AdminUser, AdminUsers } from '../admin/http/users.ts';
import type { AdminServices } from '../admin/services.ts';
import type { Config } from '../config/index.ts';
import { allowsAnonymous, type Exposure } from '../exposure.ts';
import type { Logger } from '../log.ts';
import { version } from '../version.ts';
import type { Security } from './security.ts';

/** What the dashboard is made of beside its services. */
export interface DashboardParts {
  readonly config: Config;
  readonly security: Security;
  readonly exposure: Exposure;
  readonly log: Logger;
  /** Milliseconds since 1970, never going back. */
  readonly now: () => number;
  /** The program decides itself who may connect. */
  readonly ownAuthenticator: boolean;
  /** Folder of the built pages, in place of those of the package. */
  readonly pages: string | undefined;
  readonly services: Partial<AdminServices>;
}

/** Opens the dashboard; {@link Admin.handle} is for the listeners. */
export function openDashboard(parts: DashboardParts): Promise<Admin> {
  const { config, log, now, pages, services } = parts;
  return Admin.open({ version, settings: config.dashboard, pages, users: usersOf(parts), services, now, log });
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
