import type { IncomingMessage, ServerResponse } from 'node:http';
import { Access } from './http/access.ts';
import { API, type App, createApp, Visitors } from './http/app.ts';
import { type AdminAudit, tellAudit } from './http/audit.ts';
import { builtPages } from './http/pages.ts';
import { Sessions } from './http/sessions.ts';
import type { AdminUser, AdminUsers } from './http/users.ts';
import type { Visitor } from './http/visitor.ts';
import { LiveHub } from './live/live-hub.ts';
import type { DashboardCounters } from './ports.ts';
import { routes } from './routes/index.ts';
import { liveRoutes } from './routes/live.ts';
import { sessionRoutes } from './routes/session.ts';
import type { AdminServices } from './services.ts';

/** `dashboard` of the configuration. */
export interface AdminSettings {
  readonly adminRole: string;
  readonly viewerRole: string;
  /** Seconds. */
  readonly sessionTimeout: number;
  readonly idleTimeout: number;
  readonly maxStreams: number;
  readonly maxStreamsPerAddress: number;
}

export interface AdminParts {
  readonly version: string;
  readonly settings: AdminSettings;
  /** Folder of the built pages; undefined = where the package of the dashboard has them. */
  readonly pages: string | undefined;
  readonly users: AdminUsers;
  readonly services: AdminServices;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly audit: AdminAudit;
  readonly log: { error(message: string): void };
}

/** The dashboard of a broker: pages, API and live data, for requests that its listeners hand on. */
export class Admin {
  readonly #app: App;
  readonly #visitors: Visitors;
  readonly #sessions: Sessions;
  readonly #live: LiveHub;

  private constructor(app: App, visitors: Visitors, sessions: Sessions, live: LiveHub) {
    this.#app = app;
    this.#visitors = visitors;
    this.#sessions = sessions;
    this.#live = live;
  }

  static async open(parts: AdminParts): Promise<Admin> {
    const { settings, users, now, version, services, audit } = parts;
    const visitors = new Visitors();
    const sessions = new Sessions({ timeout: settings.sessionTimeout, idleTimeout: settings.idleTimeout, now });
    const roles = { admin: settings.adminRole, viewer: settings.viewerRole };
    const access = new Access({
      users,
      sessions,
      roles,
      now,
      visitorOf: (request) => visitors.of(request),
      refused: (request, user, reason) => {
        const { address, listener } = visitors.of(request);
        audit.refused({ user: user?.username ?? null, address, listener: listener.name, reason });
      },
    });
    const { maxStreams, maxStreamsPerAddress } = settings;
    const report = (error: unknown) => parts.log.error(`live data of the dashboard failed: ${describe(error)}`);
    const live = new LiveHub({ services, maxStreams, maxStreamsPerAddress, now, report });
    const context = {
      services,
      operatorOf: (request: Parameters<Access['operatorOf']>[0]) => access.operatorOf(request),
    };
    const app = await createApp({
      version,
      access,
      pages: parts.pages ?? builtPages(),
      routes: (api) => {
        sessionRoutes(api, access, version);
        liveRoutes(api, access, live);
        for (const add of routes) add(api, context);
      },
      addressOf: (request) => visitors.of(request).address,
      answered: (request, status) =>
        tellAudit(audit, request, { access, visitor: visitors.of(request), status, prefix: API }),
      report: (error, reference, { method, url }) => {
        parts.log.error(`the dashboard failed at ${method} ${url.slice(0, 200)} (${reference}): ${describe(error)}`);
      },
    });
    return new Admin(app, visitors, sessions, live);
  }

  handle(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void {
    this.#visitors.note(request, visitor);
    this.#app.handle(request, response);
  }

  /** Logins and streams of live data, now and those that found no room. */
  get counters(): DashboardCounters {
    return {
      sessions: this.#sessions.size,
      sessionsRefused: this.#sessions.refused,
      streams: this.#live.size,
      streamsRefused: this.#live.refused,
    };
  }

  /** Ends what has lasted too long. */
  tick(): void {
    this.#sessions.tick();
  }

  /** Users were removed or have other credentials: whoever is logged in as one of them is not any longer. */
  usersChanged(provider: string, usernames: readonly string[]): void {
    const names = new Set(usernames);
    const fits = ({ username, rights }: AdminUser) =>
      names.has(username) && (rights?.provider ?? provider) === provider;
    this.#endWhere(fits, 'the user was removed or has other credentials; log in again');
  }

  /** Ends the logins of a user, and what it watches. */
  logOut(username: string, reason: string): void {
    this.#endWhere((user) => user.username === username, reason);
  }

  #endWhere(fits: (user: AdminUser) => boolean, reason: string): void {
    this.#sessions.endWhere(fits, reason);
    this.#live.endWhere(fits, reason);
  }

  async close(): Promise<void> {
    this.#live.close();
    await this.#app.app.close();
  }
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
