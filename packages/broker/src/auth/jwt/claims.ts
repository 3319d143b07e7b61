import type { Rights } from '@cauldron/core';
import { claimedNames, claimedRules, isRecord, RightsProblem } from '../claimed-rights.ts';
import type { ClaimNames } from './options.ts';

type Claims = Readonly<Record<string, unknown>>;

/** The claim of a name, or where there is none the one at the end of the path that its dots describe. */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (!isRecord(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** The user a token is for. @throws RightsProblem where it names none */
export function usernameOf(claims: Claims, { username: name }: ClaimNames): string {
  const username = claimAt(claims, name);
  if (typeof username === 'string' && username !== '') return username;
  throw new RightsProblem(`the token has no claim "${name}" that names a user`);
}

/** What a token lets its user do, as far as it says. @throws RightsProblem where that makes no sense */
export function rightsOf(claims: Claims, names: ClaimNames): Omit<Rights, 'key' | 'provider'> {
  const source = (name: string): string => `claim "${name}" of the token`;
  const roles = claimAt(claims, names.roles);
  const groups = names.groups === undefined ? undefined : claimAt(claims, names.groups);
  const rules = claimAt(claims, names.rules);
  return {
    ...(roles !== undefined && { roles: claimedNames(roles, source(names.roles)) }),
    ...(groups !== undefined && { groups: claimedNames(groups, source(names.groups!)) }),
    ...(rules !== undefined && { rules: claimedRules(rules, source(names.rules)) }),
  };
}
