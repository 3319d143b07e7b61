import type { Entry } from 'ldapts';
import { plainestName } from '../plainest-name.ts';
import type { Verdict } from '../provider.ts';
import type { DirectoryConnection } from './connection.ts';
import { escapeFilterValue, fillTemplate } from './escape.ts';
import { DirectoryProblem, describeDirectoryFailure, ResultCode, resultCodeOf } from './failure.ts';
import { type LdapSettings, userDnFor } from './options.ts';

/** A user as the directory has it. */
interface Found {
  readonly dn: string;
  /** undefined = it was not looked for. */
  readonly entry: Entry | undefined;
}

/** Asks for no attribute at all (RFC 4511 section 4.5.1.8). */
const NO_ATTRIBUTES = ['1.1'];

/**
 * One login over a fresh connection: find the user, prove its password, read its name and its groups.
 *
 * @throws where the directory cannot say
 */
export async function logInOver(
  connection: DirectoryConnection,
  settings: LdapSettings,
  username: string,
  password: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const found =
    settings.userDn === undefined
      ? await findUser(connection, settings, username)
      : byTemplate(settings.userDn, username);
  if ('outcome' in found) return found;
  const refusal = await provePassword(connection, found.dn, password);
  if (refusal !== undefined) return refusal;
  // What the account for searches may read, its users often may not.
  if (settings.service !== undefined) await bindService(connection, settings.service);
  const name = await nameInRules(connection, settings, found, username);
  if (name === undefined) return { outcome: 'refuse', reason: UNCLEAR_NAME };
  const groups =
    settings.groups === undefined ? undefined : await groupsOf(connection, settings.groups, found.dn, name);
  signal.throwIfAborted();
  return {
    outcome: 'accept',
    ...(name === username ? {} : { username: name }),
    ...(groups === undefined ? {} : { rights: { groups } }),
  };
}

const UNCLEAR_NAME =
  'the directory does not tell how the user name is spelled, and it does not tell "Ann" from "ann" as rules do: ' +
  'log in with the name in lower case, or let the directory show the attribute that usernameAttribute names';

function byTemplate(template: string, username: string): Found {
  return { dn: userDnFor(template, username), entry: undefined };
}

async function findUser(
  connection: DirectoryConnection,
  settings: LdapSettings,
  username: string,
): Promise<Found | Verdict> {
  if (settings.service !== undefined) await bindService(connection, settings.service);
  const { usernameAttribute } = settings;
  const entries = await searchOrSay(connection, 'searchBase', settings.searchBase, {
    filter: fillTemplate(settings.searchFilter, { u: username }, escapeFilterValue),
    attributes: usernameAttribute === undefined ? NO_ATTRIBUTES : [usernameAttribute],
    // Two tell already that it is not the only one.
    sizeLimit: 2,
  });
  const [entry, another] = entries;
  if (entry === undefined) return { outcome: 'unknown' };
  if (another !== undefined) {
    return { outcome: 'refuse', reason: 'searchFilter fits more than one entry, and it must fit one only' };
  }
  if (entry.dn === '') return { outcome: 'refuse', reason: 'searchFilter fits the root of the directory' };
  return { dn: entry.dn, entry };
}

async function bindService(
  connection: DirectoryConnection,
  { dn, password }: { dn: string; password: string },
): Promise<void> {
  try {
    await connection.bind(dn, password);
  } catch (error) {
    if (resultCodeOf(error) === undefined) throw error;
    const said = describeDirectoryFailure(error, new AbortController().signal);
    throw new DirectoryProblem(`bindDn cannot log in: ${said}. Check bindDn and bindPassword.`, { cause: error });
  }
}

/** Answers of a directory that say no to this user, and not that something is wrong with the directory. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [ResultCode.invalidCredentials, 'wrong password'],
  [ResultCode.inappropriateAuthentication, 'the entry has no password'],
  [ResultCode.insufficientAccessRights, 'the entry may not log in'],
  [ResultCode.constraintViolation, 'the account is locked or its password has expired'],
  [ResultCode.unwillingToPerform, 'the directory does not let this account log in'],
]);

/** Logs in as the user. */
async function provePassword(
  connection: DirectoryConnection,
  dn: string,
  password: string,
): Promise<Verdict | undefined> {
  try {
    await connection.bind(dn, password);
    return undefined;
  } catch (error) {
    const code = resultCodeOf(error);
    // Nobody has a name that is none in a directory.
    if (code === ResultCode.noSuchObject || code === ResultCode.invalidDnSyntax) return { outcome: 'unknown' };
    const reason = code === undefined ? undefined : REFUSALS.get(code);
    if (reason === undefined) throw error;
    return { outcome: 'refuse', reason };
  }
}

/**
 * The name the user goes by in rules. A directory finds `ann` by `ANN` and `Ann ` as well, and a rule that denies
 * `ann` something must not be passed by those: so it is the directory's spelling that counts.
 *
 * @returns undefined where that is not to be known
 */
async function nameInRules(
  connection: DirectoryConnection,
  { usernameAttribute }: LdapSettings,
  found: Found,
  username: string,
): Promise<string | undefined> {
  if (usernameAttribute !== undefined) {
    const entry = found.entry ?? (await readEntry(connection, found.dn, usernameAttribute));
    const names = entry === undefined ? [] : valuesOf(entry, usernameAttribute);
    if (names.includes(username)) return username;
    if (names.length > 0) return names.length === 1 ? names[0] : undefined;
  }
  return username === plainestName(username) ? username : undefined;
}

/** The user's own entry; undefined = it may not be read. */
async function readEntry(connection: DirectoryConnection, dn: string, attribute: string): Promise<Entry | undefined> {
  try {
    return (await connection.search(dn, { scope: 'base', attributes: [attribute] }))[0];
  } catch (error) {
    if (resultCodeOf(error) === undefined) throw error;
    return undefined;
  }
}

async function groupsOf(
  connection: DirectoryConnection,
  { base, filter, attribute }: NonNullable<LdapSettings['groups']>,
  dn: string,
  username: string,
): Promise<string[]> {
  const entries = await searchOrSay(connection, 'groupBase', base, {
    filter: fillTemplate(filter, { d: dn, u: username }, escapeFilterValue),
    attributes: [attribute],
  });
  return [...new Set(entries.flatMap((entry) => valuesOf(entry, attribute)))];
}

/** A search whose base must exist. A part of what was asked for is no answer: what is missing might deny something. */
async function searchOrSay(
  connection: DirectoryConnection,
  setting: string,
  base: string,
  options: Parameters<DirectoryConnection['search']>[1],
): Promise<Entry[]> {
  try {
    return await connection.search(base, { scope: 'sub', ...options });
  } catch (error) {
    if (resultCodeOf(error) !== ResultCode.noSuchObject) throw error;
    throw new DirectoryProblem(
      `${setting} "${base}" is not in the directory, or may not be searched. Check it, and what bindDn may read.`,
      { cause: error },
    );
  }
}

/** The values of an attribute that are text, however the directory writes the attribute's name. */
function valuesOf(entry: Entry, attribute: string): string[] {
  const key = Object.keys(entry).find((name) => name.toLowerCase() === attribute.toLowerCase());
  const values = key === undefined ? [] : [entry[key]].flat();
  return values.filter((value) => typeof value === 'string');
}
