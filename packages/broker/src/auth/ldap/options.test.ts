import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LdapProvider } from './ldap-provider.ts';
import { checkLdapOptions, type LdapOptions } from './options.ts';

const base = { url: 'ldap://127.0.0.1', searchBase: 'dc=test' };

test('what is missing has its default', () => {
  const settings = checkLdapOptions(base);
  assert.deepEqual(
    [settings.port, settings.searchFilter, settings.usernameAttribute, settings.poolSize, settings.groups],
    [389, '(uid=%u)', 'uid', 8, undefined],
  );
  assert.equal(checkLdapOptions({ ...base, url: 'ldaps://[::1]' }).port, 636);
  assert.equal(checkLdapOptions({ ...base, url: 'ldaps://[::1]' }).host, '::1');
  assert.deepEqual(checkLdapOptions({ ...base, groupBase: 'ou=g' }).groups, {
    base: 'ou=g',
    filter: '(member=%d)',
    attribute: 'cn',
  });
});

test('the attribute of the name is the one that is compared with it', () => {
  const attribute = (more: LdapOptions): string | undefined => checkLdapOptions(more).usernameAttribute;
  assert.equal(attribute({ ...base, searchFilter: '(&(objectClass=user)(sAMAccountName=%u))' }), 'sAMAccountName');
  assert.equal(attribute({ url: base.url, userDn: 'cn=%u,ou=people' }), 'cn');
  assert.equal(attribute({ url: base.url, userDn: '%u@example.org' }), undefined);
  assert.equal(attribute({ ...base, usernameAttribute: 'mail' }), 'mail');
});

test('options that cannot work are refused with what to write instead, and no secret', () => {
  const cases: readonly [LdapOptions, RegExp][] = [
    [{ url: 'ldap://reader:hidden-secret@host', searchBase: 'x' }, /ldap:\/\/HOST.*bindDn and bindPassword/],
    [{ url: 'ldap://host/dc=test', searchBase: 'x' }, /searchBase/],
    [{ url: 'http://host', searchBase: 'x' }, /ldaps:\/\/HOST/],
    [{ url: 'host', searchBase: 'x' }, /ldap:\/\/HOST/],
    [{ url: 'ldaps://host', searchBase: 'x', startTls: true }, /startTls is for ldap:\/\/ only/],
    [{ url: 'ldap://host' }, /either userDn .* or searchBase/],
    [{ ...base, userDn: 'uid=%u' }, /either userDn .* or searchBase/],
    [{ url: base.url, userDn: 'uid=alice' }, /userDn must hold %u/],
    [{ ...base, searchFilter: '(uid=*)' }, /searchFilter must hold %u/],
    [{ ...base, searchFilter: '(uid=%u' }, /searchFilter "\(uid=%u" is no search filter/],
    [{ ...base, searchFilter: '(&(uid=%u)(x=%c))' }, /holds %c, which means nothing/],
    [{ ...base, groupBase: 'x', groupFilter: 'member' }, /groupFilter "member" is no search filter/],
    [{ ...base, bindDn: 'cn=reader' }, /bindDn and bindPassword go together/],
    [{ ...base, bindDn: 'cn=reader', bindPassword: '' }, /neither may be empty/],
    [{ ...base, bindPassword: 'hidden-secret' }, /bindDn and bindPassword go together/],
    [{ ...base, poolSize: 0 }, /poolSize/],
    [{ ...base, ca: '/no/such/file.pem' }, /cannot read ca "\/no\/such\/file.pem" \(ENOENT\)/],
  ];
  for (const [options, says] of cases) {
    assert.throws(
      () => new LdapProvider(options, { warn: () => {} }),
      (error: Error) => says.test(error.message) && !error.message.includes('hidden-secret'),
      String(says),
    );
  }
});

test('passwords that would cross a network unencrypted are warned of, and only those', () => {
  const warnings = (options: Partial<LdapOptions>): string[] => {
    const said: string[] = [];
    new LdapProvider({ ...base, ...options }, { warn: (text) => said.push(text) });
    return said;
  };
  assert.match(
    warnings({ url: 'ldap://ldap.example.org' }).join(),
    /^ldap:\/\/ldap\.example\.org:389 is not encrypted.*startTls/,
  );
  assert.equal(warnings({ url: 'ldap://127.example.org' }).length, 1);
  for (const url of ['ldap://127.0.0.1', 'ldap://localhost:1389', 'ldap://[::1]', 'ldaps://ldap.example.org']) {
    assert.deepEqual(warnings({ url }), [], url);
  }
  assert.deepEqual(warnings({ url: 'ldap://ldap.example.org', startTls: true }), []);
});

test('the name of a provider tells the directory from others', () => {
  const nameOf = (url: string): string => new LdapProvider({ ...base, url }, { warn: () => {} }).name;
  assert.equal(nameOf('ldaps://ldap.example.org'), 'ldap ldaps://ldap.example.org:636');
  assert.equal(nameOf('ldap://[::1]:1389'), 'ldap ldap://[::1]:1389');
});
