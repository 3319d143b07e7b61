import type { ClientInfo } from '@cauldron/core';
import type { AuthorizationOptions } from './options.ts';
import type { Standing } from './subject.ts';

/** What the rules need to know of a client. */
export type AccessClient = Pick<ClientInfo, 'clientId' | 'username' | 'verified' | 'rights'>;

/** Who has which roles, belongs to which groups and may do everything, beside what a login brings. */
export class Directory {
  readonly #superusers: ReadonlySet<string>;
  readonly #groupsOfUser = new Map<string, string[]>();
  readonly #rolesOfUser = new Map<string, string[]>();
  readonly #rolesOfGroup = new Map<string, string[]>();

  constructor({ superusers, roles, groups }: AuthorizationOptions) {
    this.#superusers = new Set(superusers);
    for (const { name, users } of groups ?? []) enter(this.#groupsOfUser, users, name);
    for (const { name, users, groups: members } of roles ?? []) {
      enter(this.#rolesOfUser, users, name);
      enter(this.#rolesOfGroup, members, name);
    }
  }

  /** Who a client is to the rules. Only a user name that was verified counts. */
  standingOf({ clientId, username, verified, rights }: AccessClient): Standing {
    const user = verified ? username : undefined;
    const groups = new Set([...(rights?.groups ?? []), ...listed(this.#groupsOfUser, user)]);
    const inherited = [...groups].flatMap((group) => listed(this.#rolesOfGroup, group));
    const roles = new Set([...(rights?.roles ?? []), ...listed(this.#rolesOfUser, user), ...inherited]);
    return { username: user, clientId, roles, groups };
  }

  isSuperuser({ username, verified, rights }: AccessClient): boolean {
    return rights?.superuser === true || (verified && username !== undefined && this.#superusers.has(username));
  }
}

function enter(lists: Map<string, string[]>, keys: readonly string[] | undefined, name: string): void {
  for (const key of keys ?? []) {
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [name]);
    else list.push(name);
  }
}

const listed = (lists: ReadonlyMap<string, string[]>, key: string | undefined): readonly string[] =>
  (key === undefined ? undefined : lists.get(key)) ?? [];
