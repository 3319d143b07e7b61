import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DirectoryConnection } from './connection.ts';
import { logInOver } from './login.ts';
import { checkLdapOptions } from './options.ts';

/** A directory that lets everybody in and shows nothing of them. */
const directory = { bind: async () => {}, search: async () => [] } as unknown as DirectoryConnection;

test("without the directory's own spelling a name that directories take for another one is refused", async () => {
  const settings = checkLdapOptions({ url: 'ldaps://ldap.example.org', userDn: 'uid=%u,ou=people,dc=example,dc=org' });
  const names: [name: string, outcome: string][] = [
    ['ann', 'accept'],
    ['Ann', 'refuse'],
    ['ann ', 'refuse'],
    ['\uff41nn', 'refuse'],
    // Left out before directories compare (RFC 4518 section 2.2).
    ['an\u00adn', 'refuse'],
    ['an\u200bn', 'refuse'],
    ['ann\ufe0f', 'refuse'],
    ['an\u0000n', 'refuse'],
    ['an\ufeffn', 'refuse'],
  ];
  for (const [name, outcome] of names) {
    const verdict = await logInOver(directory, settings, name, 'soup', new AbortController().signal);
    assert.equal(verdict.outcome, outcome, JSON.stringify(name));
  }
});
