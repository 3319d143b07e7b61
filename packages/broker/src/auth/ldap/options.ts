import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { FilterParser } from 'ldapts';
import { escapeDnValue, escapeFilterValue, fillTemplate, placeholdersOf } from './escape.ts';

/**
 * Where the directory is, and how its users are found: by a template for their names (`userDn`), or by a search
 * (`searchBase`), which then mostly needs an account of its own (`bindDn`).
 *
 * In templates `%u` stands for the user name, `%%` for a percent sign, and `%d` (in `groupFilter`) for the
 * distinguished name of the user.
 */
export interface LdapOptions {
  /** `ldap://host:389` or `ldaps://host:636`; the port may be missing. */
  readonly url: string;
  /** Encrypts an `ldap://` connection before anything is said over it. Default false. */
  readonly startTls?: boolean | undefined;
  /** File of the certificates (PEM) that the server's must lead to; absent = those that Node knows. */
  readonly ca?: string | undefined;
  /** The account that searches; absent = searches are anonymous. */
  readonly bindDn?: string | undefined;
  readonly bindPassword?: string | undefined;
  /** Where users are searched for. */
  readonly searchBase?: string | undefined;
  /** Which entry is the user's; exactly one may fit. Default `(uid=%u)`. */
  readonly searchFilter?: string | undefined;
  /** The users' distinguished name, where no search is needed: `uid=%u,ou=people,dc=example,dc=org`. */
  readonly userDn?: string | undefined;
  /**
   * The attribute that holds the name a user has in rules. Absent = the one that `searchFilter` or `userDn` compares
   * with `%u`.
   */
  readonly usernameAttribute?: string | undefined;
  /** Where groups are searched for; absent = groups are not asked for. */
  readonly groupBase?: string | undefined;
  /** Which groups are the user's. Default `(member=%d)`. */
  readonly groupFilter?: string | undefined;
  /** The attribute that holds a group's name. Default `cn`. */
  readonly groupAttribute?: string | undefined;
  /** Connections at the same time, one for each login that is being decided; further logins wait. Default 8. */
  readonly poolSize?: number | undefined;
}

/** The options, checked and complete. */
export interface LdapSettings {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly startTls: boolean;
  /** File of certificates. */
  readonly ca: string | undefined;
  readonly service: { readonly dn: string; readonly password: string } | undefined;
  readonly userDn: string | undefined;
  readonly searchBase: string;
  readonly searchFilter: string;
  readonly usernameAttribute: string | undefined;
  readonly groups: { readonly base: string; readonly filter: string; readonly attribute: string } | undefined;
  readonly poolSize: number;
}

/** @throws Error that says which setting cannot be used, why, and what to write; it never shows the password. */
export function checkLdapOptions(options: LdapOptions): LdapSettings {
  const { secure, host, port } = parseUrl(options.url);
  const { userDn, searchBase, searchFilter = '(uid=%u)', poolSize = 8 } = options;
  if (secure && options.startTls === true) {
    throw new Error('ldap: startTls is for ldap:// only; ldaps:// is encrypted from the start. Remove one of the two.');
  }
  if ((userDn === undefined) === (searchBase === undefined)) {
    throw new Error('ldap: say either userDn (a template) or searchBase (where users are searched for).');
  }
  if (userDn !== undefined) checkPlaceholders('userDn', userDn, ['u'], ['u']);
  else checkFilter('searchFilter', searchFilter, ['u'], ['u']);
  if (!Number.isInteger(poolSize) || poolSize < 1) throw new Error('ldap: poolSize is a whole number of at least 1.');
  return {
    host,
    port,
    secure,
    startTls: options.startTls ?? false,
    ca: options.ca,
    service: serviceAccount(options),
    userDn,
    searchBase: searchBase ?? '',
    searchFilter,
    usernameAttribute: options.usernameAttribute ?? comparedAttribute(userDn, searchFilter),
    groups: groupSearch(options),
    poolSize,
  };
}

/** The text to warn with where passwords would cross a network unencrypted; undefined = they do not. */
export function plainTextWarning({ secure, startTls, host, port }: LdapSettings): string | undefined {
  if (secure || startTls || isLoopback(host)) return undefined;
  return (
    `ldap://${host}:${port} is not encrypted: every password that is checked there can be read on the way. ` +
    'Use ldaps://, or set startTls = true.'
  );
}

/** The certificates of a PEM file. @throws Error naming the file */
export function readCertificates(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`ldap: cannot read ca "${file}" (${(error as NodeJS.ErrnoException).code}).`, { cause: error });
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new Error(`ldap: ca "${file}" holds no certificate in PEM form ("-----BEGIN CERTIFICATE-----").`);
  }
  return text;
}

function parseUrl(text: string): { secure: boolean; host: string; port: number } {
  const url = URL.parse(text);
  const plain = url !== null && url.username === '' && url.password === '' && /^\/?$/.test(url.pathname + url.search);
  if (url === null || !plain || !['ldap:', 'ldaps:'].includes(url.protocol) || url.hostname === '') {
    // The text is not shown: somebody may have written a password into it.
    throw new Error(
      'ldap: the url must be ldap://HOST, ldaps://HOST or the same with :PORT, and nothing else; ' +
        'accounts are named by bindDn and bindPassword, and where to search by searchBase.',
    );
  }
  const secure = url.protocol === 'ldaps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { secure, host, port: url.port === '' ? (secure ? 636 : 389) : Number(url.port) };
}

function serviceAccount({ bindDn, bindPassword }: LdapOptions): LdapSettings['service'] {
  if (bindDn === undefined && bindPassword === undefined) return undefined;
  // RFC 4513 section 5.1.2: with an empty name or password the server would answer as if nobody had logged in.
  if (!bindDn || !bindPassword) {
    throw new Error(
      'ldap: bindDn and bindPassword go together, and neither may be empty; leave both out to search anonymously.',
    );
  }
  return { dn: bindDn, password: bindPassword };
}

function groupSearch(options: LdapOptions): LdapSettings['groups'] {
  const { groupBase: base, groupFilter: filter = '(member=%d)', groupAttribute: attribute = 'cn' } = options;
  if (base === undefined) return undefined;
  checkFilter('groupFilter', filter, [], ['u', 'd']);
  return { base, filter, attribute };
}

function checkPlaceholders(
  setting: string,
  template: string,
  needed: readonly string[],
  known: readonly string[],
): void {
  const found = placeholdersOf(template);
  for (const letter of needed) {
    if (!found.has(letter)) throw new Error(`ldap: ${setting} must hold %${letter}, which stands for the user name.`);
  }
  for (const letter of found) {
    if (!known.includes(letter))
      throw new Error(`ldap: ${setting} holds %${letter}, which means nothing; write %%${letter} for the text.`);
  }
}

function checkFilter(setting: string, template: string, needed: readonly string[], known: readonly string[]): void {
  checkPlaceholders(setting, template, needed, known);
  try {
    FilterParser.parseString(fillTemplate(template, { u: 'u', d: 'd' }, escapeFilterValue));
  } catch (error) {
    throw new Error(`ldap: ${setting} "${template}" is no search filter (RFC 4515), such as (uid=%u).`, {
      cause: error,
    });
  }
}

/** What `%u` is compared with: `uid` in `(&(objectClass=person)(uid=%u))` and in `uid=%u,ou=people`. */
function comparedAttribute(userDn: string | undefined, searchFilter: string): string | undefined {
  if (userDn !== undefined) return /^\s*([A-Za-z][\w-]*)=%u(?:,|$)/.exec(userDn)?.[1];
  return /\(([A-Za-z][\w-]*)=%u\)/.exec(searchFilter)?.[1];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The distinguished name of a user by the template. */
export function userDnFor(template: string, username: string): string {
  return fillTemplate(template, { u: username }, escapeDnValue);
}
