/** A name a rule is for: exactly this one, or a pattern in which `*` stands for any characters. */
export interface NamePattern {
  readonly text: string;
  readonly exact: boolean;
}

/** Exactly this name. */
export const exactName = (text: string): NamePattern => ({ text, exact: true });

/** A name in which `*` stands for any characters. */
export const namePattern = (text: string): NamePattern => ({ text, exact: !text.includes('*') });

/** Whom a rule is for. What is there has to hold, all of it; of the names in one list any will do. */
export interface Subject {
  readonly users?: readonly NamePattern[];
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  readonly clients?: readonly NamePattern[];
  readonly anonymous?: true;
}

/** Everybody, anonymous clients included. */
export const EVERYBODY: Subject = {};

/** What rules look at in a client. */
export interface Standing {
  /** Undefined where nobody verified it. */
  readonly username: string | undefined;
  readonly clientId: string;
  readonly roles: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/** Whether a rule for `subject` is for this client. */
export function isFor(subject: Subject, client: Standing): boolean {
  const { users, roles, groups, clients, anonymous } = subject;
  if (anonymous && client.username !== undefined) return false;
  if (users !== undefined && !users.some((user) => matchesName(user, client.username))) return false;
  if (roles !== undefined && !roles.some((role) => client.roles.has(role))) return false;
  if (groups !== undefined && !groups.some((group) => client.groups.has(group))) return false;
  return clients === undefined || clients.some((pattern) => matchesName(pattern, client.clientId));
}

/** Whether a name is the one meant. It takes time proportional to the lengths, whatever the pattern. */
export function matchesName({ text, exact }: NamePattern, name: string | undefined): boolean {
  if (name === undefined) return false;
  if (exact) return text === name;
  const pieces = text.split('*');
  const last = pieces.pop()!;
  const first = pieces.shift()!;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = name.indexOf(piece, at);
    if (found === -1 || found + piece.length > name.length - last.length) return false;
    at = found + piece.length;
  }
  return true;
}

/** For explanations: `role devices, client sensor-*`, or `everybody`. */
export function describeSubject({ users, roles, groups, clients, anonymous }: Subject): string {
  const parts = [
    anonymous ? 'anonymous clients' : '',
    named(
      'user',
      users?.map(({ text }) => text),
    ),
    named('role', roles),
    named('group', groups),
    named(
      'client',
      clients?.map(({ text }) => text),
    ),
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'everybody' : parts.join(', ');
}

const named = (what: string, names: readonly string[] | undefined): string =>
  names === undefined ? '' : `${what} ${names.join(' or ')}`;
