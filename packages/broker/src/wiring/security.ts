import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Authenticator, Authorizer, BrokerCore, ClientInfo } from '@cauldron/core';
import {
  type Action,
  type AuthorizationOptions,
  describeRule,
  describeSource,
  type Explanation,
  explain,
  loadRuleSet,
  type OriginOf,
  RuleAuthorizer,
} from '../access/index.ts';
import { AuditLog } from '../audit/audit-log.ts';
import { LoginCounters } from '../auth/authentication-options.ts';
import { ProviderChain } from '../auth/provider-chain.ts';
import type { Config } from '../config/index.ts';
import { allowsAnonymous, type Exposure } from '../exposure.ts';
import { FileWatcher } from '../file-watcher.ts';
import type { HealthMonitor } from '../health.ts';
import type { Logger } from '../log.ts';
import { Enforcement } from './enforcement.ts';
import { openProviders } from './providers.ts';
import { ReloadHealth } from './reload-health.ts';
import { SecurityLog } from './security-log.ts';

/** Who did something, for the audit log. */
export type Actor = 'api' | 'signal' | 'file';

export interface SecurityParts {
  readonly log: Logger;
  readonly health: HealthMonitor;
  readonly exposure: Exposure;
  /** Milliseconds since 1970, never going back. */
  readonly now: () => number;
  /** The program's own, in place of what the configuration says. */
  readonly authenticator?: Authenticator | undefined;
  readonly authorizer?: Authorizer | undefined;
  /** Where values of the configuration were given. */
  readonly originOf?: OriginOf | undefined;
}

/**
 * Who may come in and what they may do, from the configuration to the core, and back when users or rules change while the
 * broker runs.
 */
export class Security {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly log: SecurityLog;
  readonly #chain: ProviderChain | null;
  readonly #rules: RuleAuthorizer | null;
  readonly #watcher = new FileWatcher();
  readonly #reloads: ReloadHealth;
  #authorization: AuthorizationOptions;
  #originOf: OriginOf | undefined;
  #core: BrokerCore | null = null;
  #enforcement: Enforcement | null = null;
  #watchedRules: readonly string[] = [];
  #stopWatching: () => void = () => {};
  #usersListener: (provider: string, users: readonly string[]) => void = () => {};

  private constructor(
    chain: ProviderChain | null,
    rules: RuleAuthorizer | null,
    config: Config,
    log: SecurityLog,
    parts: SecurityParts,
  ) {
    this.#chain = chain;
    this.#rules = rules;
    this.#authorization = config.authorization;
    this.#originOf = parts.originOf;
    this.log = log;
    this.#reloads = new ReloadHealth(parts.health, parts.now);
    this.authenticator = parts.authenticator ?? chain!;
    this.authorizer = parts.authorizer ?? rules!;
  }

  /**
   * Reads rules and users, and opens the audit log.
   *
   * @throws {AccessError} rules or ACL files that cannot be used
   * @throws {Error} a provider, or the audit log, that cannot be used; nothing is left open then
   */
  static async open(config: Config, parts: SecurityParts): Promise<Security> {
    const ownRules = parts.authorizer === undefined;
    const rules = ownRules ? new RuleAuthorizer(loadRuleSet(config.authorization, parts.originOf)) : null;
    const log = new SecurityLog(parts.log, await openAudit(config, parts), parts.now);
    try {
      const chain = parts.authenticator === undefined ? await openChain(config, parts, log) : null;
      const security = new Security(chain, rules, config, log, parts);
      chain?.onUserChanged((provider, users) => security.usersChanged(provider, users));
      await security.#watch(config);
      return security;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** What was counted of logins; zeros where the program decides itself. */
  get logins(): LoginCounters {
    return this.#chain?.counters ?? new LoginCounters();
  }

  /** Changes hold for the clients of this core from here on. */
  attach(core: BrokerCore): void {
    const kicked = (client: ClientInfo, reason: string, code: number) =>
      this.log.kicked(client, reason, code, 'broker');
    this.#enforcement = new Enforcement(core, kicked);
    this.#core = core;
  }

  // ---- changes

  /** Reads users again. Never rejects: what went wrong is told, and what was there holds on. */
  async reloadUsers(by: Actor): Promise<Error | null> {
    if (this.#chain === null) return null;
    const chain = this.#chain;
    return this.#told('users', by, () => (by === 'file' ? chain.reloadChanged() : chain.reload()));
  }

  /**
   * Reads rules again, and applies them to whoever is connected.
   *
   * @param authorization in place of the ones before
   */
  async reloadRules(
    by: Actor,
    authorization: AuthorizationOptions = this.#authorization,
    originOf: OriginOf | undefined = this.#originOf,
  ): Promise<Error | null> {
    const rules = this.#rules;
    if (rules === null) return null;
    return this.#told('rules', by, async () => {
      rules.replace(loadRuleSet(authorization, originOf));
      this.#authorization = authorization;
      this.#originOf = originOf;
      await this.#watchRules();
      this.log.rulesChanged('read again', by);
      this.#core?.rulesChanged();
      await this.#enforcement?.recheck();
    });
  }

  /** Goes on in a new audit log of the same name. */
  async reopenAudit(by: Actor): Promise<Error | null> {
    const { audit } = this.log;
    return audit === null ? null : this.#told('audit log', by, () => audit.reopen());
  }

  async #told(what: string, by: Actor, work: () => Promise<void>): Promise<Error | null> {
    const error = await work().then(
      () => null,
      (reason: Error) => reason,
    );
    this.reloaded(what, error, by);
    return error;
  }

  /** Something was read again, or could not be: told to the log, the audit log and the health. */
  reloaded(what: string, error: Error | null, by: Actor): void {
    this.log.reloaded(what, error, by);
    this.#reloads.note(what, error);
  }

  /** Disconnects whoever logged in as a user. Returns how many. */
  kickUser(username: string, reason: string): number {
    return this.#enforcement?.kickUsers(undefined, [username], reason) ?? 0;
  }

  /** Users were removed or have other credentials: whoever is connected as one of them is not any longer. */
  usersChanged(provider: string, users: readonly string[]): void {
    this.log.usersChanged(provider, users, 'provider');
    const reason = 'the user was removed or has other credentials; log in again';
    this.#enforcement?.kickUsers(provider, users, reason);
    this.#usersListener(provider, users);
  }

  /** Has `listener` called with users who were removed or have other credentials, and the provider that says so. */
  onUsersChanged(listener: (provider: string, users: readonly string[]) => void): void {
    this.#usersListener = listener;
  }

  /** Users and rules are read again when their files change. */
  async #watch(config: Config): Promise<void> {
    const users = config.authentication.providers.flatMap((one) => (one.type === 'password-file' ? [one.file] : []));
    if (this.#chain !== null && users.length > 0) {
      await this.#watcher.watch(users, () => void this.reloadUsers('file'));
    }
    await this.#watchRules();
  }

  /** Watches the ACL files there are now, in place of those before. */
  async #watchRules(): Promise<void> {
    const { aclFiles = [] } = this.#authorization;
    if (this.#rules === null || isDeepStrictEqual(aclFiles, this.#watchedRules)) return;
    this.#watchedRules = aclFiles;
    this.#stopWatching();
    this.#stopWatching = await this.#watcher.watch(aclFiles, () => void this.reloadRules('file'));
  }

  /**
   * What a client may do and which rule says so; undefined where the program decides itself.
   *
   * @param topic a topic name, or a topic filter for `subscribe`
   */
  explain(client: Parameters<typeof explain>[1], action: Action, topic: string): Explanation | undefined {
    return this.#rules === null ? undefined : explain(this.#rules.rules, client, action, topic);
  }

  /** Who a client is to the rules; undefined where the program decides itself. */
  standingOf(client: Parameters<typeof explain>[1]): ReturnType<RuleAuthorizer['rules']['standingOf']> | undefined {
    return this.#rules?.rules.standingOf(client);
  }

  /** The rule that denies something, for the log; undefined where the program decides itself. */
  ruleOf(client: ClientInfo, action: 'publish' | 'subscribe', topic: string): string | undefined {
    const rules = this.#rules?.rules;
    if (rules === undefined) return undefined;
    // Nobody may publish below $SYS, whatever the rules say.
    if (action === 'publish' && /^\$SYS(\/|$)/.test(topic)) return undefined;
    const { allowed, rule } =
      action === 'publish' ? rules.ruling(client, 'write', topic) : rules.subscribeRuling(client, topic);
    if (allowed) return undefined;
    return rule === undefined || rule === null
      ? 'no rule allows it'
      : `denied by ${describeRule(rule)}, ${describeSource(rule.source)}`;
  }

  tick(now: number): void {
    this.log.tick(now);
  }

  /** Waits no longer than `within` milliseconds for providers and the disk. */
  async close(within: number): Promise<void> {
    this.#watcher.close();
    const closing = Promise.all([this.#chain?.close(), this.log.close()]);
    await Promise.race([closing, setTimeout(within, undefined, { ref: false })]);
  }
}

async function openAudit(config: Config, { now, health, log }: SecurityParts): Promise<AuditLog | null> {
  const { file, events } = config.audit;
  if (file === undefined) return null;
  return AuditLog.open({
    file,
    events,
    now,
    failing: (error) => {
      log.error(error.message);
      health.report('audit-failing', error.message, now());
    },
    recovered: () => health.clear('audit-failing'),
  });
}

async function openChain(config: Config, parts: SecurityParts, told: SecurityLog): Promise<ProviderChain> {
  const { now, log, health, exposure } = parts;
  const configured = await openProviders(config, { clock: now, warn: (message) => log.warn(message) });
  const failing = new Map<string, string>();
  const report = () => {
    if (failing.size === 0) health.clear('provider-unavailable');
    else {
      const which = [...failing].map(([provider, reason]) => `${provider}: ${reason}`).join('; ');
      health.report('provider-unavailable', `logins that need them are refused: ${which}`, now());
    }
  };
  return new ProviderChain(configured, config.authentication, {
    anonymous: (listener) => allowsAnonymous(exposure, listener),
    clock: now,
    events: {
      accepted: (request, login) => told.loginAccepted(request, login),
      refused: (request, refusal) => told.loginRefused(request, refusal),
      providerUnavailable: (provider, reason) => {
        log.error(`${provider} cannot say who users are, so their logins are refused: ${reason}`);
        failing.set(provider, reason);
        report();
      },
      providerRecovered: (provider) => {
        log.warn(`${provider} answers again`);
        failing.delete(provider);
        report();
      },
    },
  });
}
