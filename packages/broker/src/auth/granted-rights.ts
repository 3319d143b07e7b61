import { hash } from 'node:crypto';
import type { Rights } from '@cauldron/core';

/**
 * The rights of a login, with a key that is equal where they are: the order of roles and groups means nothing, that of
 * rules is kept.
 *
 * @param provider who vouched for it
 */
export function grantedRights(provider: string, granted: Omit<Rights, 'key' | 'provider'> = {}): Rights {
  const { roles, groups, rules, superuser } = granted;
  const said = [
    provider,
    [...new Set(roles)].sort(),
    [...new Set(groups)].sort(),
    (rules ?? []).map(({ permission, access, topic, source }) => [permission, access, topic, source]),
    superuser === true,
  ];
  return { ...granted, key: hash('sha256', JSON.stringify(said), 'base64url'), provider };
}
