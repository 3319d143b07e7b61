import type { AuthenticationRequest, ClientInfo, DisconnectReason, Refusal } from '@cauldron/core';
import type { AuditLog } from '../audit/audit-log.ts';
import { auditedEvents, auditedLogins } from '../audit/audit-record.ts';
import { RefusalLog } from '../audit/refusal-log.ts';
import type { LoginAccepted, LoginRefused } from '../auth/authentication-options.ts';
import type { Logger } from '../log.ts';

/** Who a client is in a line of the audit log. */
const peerOf = ({ username, clientId, remoteAddress, listener }: ClientInfo) => ({
  user: username,
  client: clientId,
  address: remoteAddress,
  listener,
});

/** The host of an address, which repeated refusals are told apart by: a new connection has another port. */
const hostOf = (address: string): string => address.replace(/:\d+$/, '');

/** What somebody did with the dashboard. */
export interface Deed {
  /** null = this machine, where nobody has to log in. */
  readonly user: string | null;
  readonly address: string;
  readonly what: string;
  /** False: it failed. */
  readonly ok: boolean;
}

/** Why the dashboard is not for somebody. */
export interface DashboardRefusal {
  /** null = it said nobody. */
  readonly user: string | null;
  readonly address: string;
  readonly listener: string;
  readonly reason: string;
}

/** What the core does not say of a denial. */
export interface DenialContext {
  /** It may be every message, and why was said: the line is for whoever looks closely. */
  readonly expected: boolean;
  /** What decided it, where rules did. */
  readonly rule: string | undefined;
}

/**
 * What happens to clients, told to those who have to know: refusals to the log, each once and rate limited; everything
 * that matters later to the audit log, where there is one.
 */
export class SecurityLog {
  readonly #log: Logger;
  readonly #audit: AuditLog | null;
  readonly #logins: ReturnType<typeof auditedLogins> | null;
  readonly #events: ReturnType<typeof auditedEvents> | null;
  readonly #now: () => number;
  readonly #refusals: RefusalLog;

  /** @param now milliseconds since 1970, never going back */
  constructor(log: Logger, audit: AuditLog | null, now: () => number) {
    this.#log = log;
    this.#audit = audit;
    this.#logins = audit === null ? null : auditedLogins(audit);
    this.#events = audit === null ? null : auditedEvents(audit);
    this.#now = now;
    this.#refusals = new RefusalLog(log);
  }

  get audit(): AuditLog | null {
    return this.#audit;
  }

  // ---- logins

  loginAccepted(request: AuthenticationRequest, login: LoginAccepted): void {
    this.#logins?.accepted(request, login);
  }

  loginRefused(request: AuthenticationRequest, refusal: LoginRefused): void {
    const { kind, reason, reasonCode: code, provider } = refusal;
    this.#logins?.refused(request, refusal);
    const who = request.username === undefined ? 'an anonymous client' : `user '${request.username}'`;
    const by = provider === undefined ? '' : ` (${provider})`;
    this.#refusals.note(
      {
        kind: 'login',
        party: `${hostOf(request.remoteAddress)} ${request.username ?? ''}`,
        why: kind,
        level: 'warn',
        message: `refused ${who} from ${request.remoteAddress}: ${reason}${by}`,
        fields: { clientId: request.clientId, reasonCode: code },
      },
      this.#now(),
    );
  }

  // ---- what the core refuses

  /** A connection that did not become a client, for whatever is no matter of its login. */
  refused(address: string, clientId: string | undefined, refusal: Refusal, username: string | undefined): void {
    if (refusal.noted === true) return;
    const { reasonCode: code, reason } = refusal;
    this.#events?.refused(address, clientId, refusal, username);
    const message = `refused ${address}: ${reason}`;
    const fields = { clientId, reasonCode: code };
    const party = hostOf(address);
    this.#refusals.note({ kind: 'connection', party, why: code, level: 'warn', message, fields }, this.#now());
  }

  denied(
    client: ClientInfo,
    action: 'publish' | 'subscribe',
    topic: string,
    refusal: Refusal,
    { expected, rule }: DenialContext,
  ): void {
    const { reasonCode: code, reason } = refusal;
    this.#events?.denied(client, action, topic, refusal);
    const by = rule === undefined ? '' : ` (${rule})`;
    const message = `'${client.clientId}' may not ${action} '${topic}': ${reason}${by}`;
    if (expected) this.#log.debug(message);
    else {
      const party = `${client.clientId} ${action}`;
      this.#refusals.note({ kind: 'denied', party, why: `${code} ${topic}`, level: 'info', message }, this.#now());
    }
  }

  throttled(client: ClientInfo, limit: string): void {
    this.#events?.throttled(client, limit);
    const message = `'${client.clientId}' (${client.remoteAddress}) sends more than its ${limit} allows and is read from more slowly`;
    this.#refusals.note({ kind: 'throttled', party: client.clientId, why: limit, level: 'warn', message }, this.#now());
  }

  banned(clientId: string, address: string, seconds: number): void {
    this.#events?.banned(clientId, address, seconds);
    const message = `'${clientId}' (${address}) connects too often and is refused for ${seconds} s (limits.maxReconnects)`;
    this.#refusals.note({ kind: 'banned', party: clientId, why: hostOf(address), level: 'warn', message }, this.#now());
  }

  disconnected(client: ClientInfo, reason: DisconnectReason): void {
    this.#events?.disconnected(client, reason);
  }

  // ---- what operators do

  kicked(client: ClientInfo, reason: string, code: number, by: string): void {
    this.#log.info(`disconnected '${client.clientId}': ${reason}`, { by });
    this.#audit?.record('kicked', { ...peerOf(client), reason, code, by });
  }

  discarded(clientId: string, client: ClientInfo | null, by: string): void {
    this.#log.info(`discarded the session of '${clientId}'`, { by });
    const { username: user, remoteAddress: address } = client ?? {};
    this.#audit?.record('discarded', { user, client: clientId, address, by });
  }

  /** Somebody did something with the dashboard or its API. */
  operated({ user, address, what, ok }: Deed): void {
    this.#log.debug(`dashboard: ${user ?? 'somebody on this machine'} from ${address}: ${what}`, { ok });
    this.#audit?.record('admin', { user: user ?? undefined, address, what, ok, by: 'dashboard' });
  }

  /** Somebody may not use the dashboard, or not do that with it. */
  dashboardRefused({ user, address, listener, reason }: DashboardRefusal): void {
    this.#audit?.record('refused', { user: user ?? undefined, address, listener, kind: 'dashboard', reason });
    const who = user === null ? '' : ` (user '${user}')`;
    const message = `refused ${address}${who} at the dashboard: ${reason}`;
    const party = `${hostOf(address)} ${user ?? ''}`;
    this.#refusals.note({ kind: 'dashboard', party, why: reason, level: 'warn', message }, this.#now());
  }

  usersChanged(provider: string, users: readonly string[], by: string): void {
    this.#log.info(`${users.length} users were removed or have other credentials`, { provider });
    this.#audit?.record('users', { provider, users, by });
  }

  rulesChanged(reason: string, by: string): void {
    this.#log.info(`the rules have changed: ${reason}`, { by });
    this.#audit?.record('rules', { reason, by });
  }

  reloaded(what: string, error: unknown, by: string): void {
    const ok = error === null;
    const reason = ok ? undefined : (error as Error).message;
    if (!ok) this.#log.error(`${what} could not be read again, and stay as they were: ${reason}`, { by });
    this.#audit?.record('reload', { what, ok, reason, by });
  }

  started(version: string, listeners: readonly string[]): void {
    this.#audit?.record('start', { version, listeners });
  }

  /** Sums up what repeats itself. */
  tick(now: number): void {
    this.#refusals.tick(now);
    this.#audit?.tick();
  }

  async close(): Promise<void> {
    this.#refusals.close(this.#now());
    this.#audit?.record('stop', { reason: 'the broker was told to stop' });
    await this.#audit?.close();
  }
}
