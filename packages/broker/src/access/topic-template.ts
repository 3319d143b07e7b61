import { topicFilterProblem, topicLevels } from '@cauldron/protocol';

/** More levels than any rule needs; deeper ones would make looking them up too deep for the stack. */
const MAXIMUM_LEVELS = 1000;

/** Stands in a level for the user name. */
export const USER = 0;
/** Stands in a level for the client identifier. */
export const CLIENT = 1;

/** A piece of a level with placeholders: text, or what is put in its place. */
export type Part = string | typeof USER | typeof CLIENT;

/** One level of a rule's topic filter: `+`, `#`, any other text, or pieces of which at least one is a placeholder. */
export type Level = string | readonly Part[];

/** The names a client is known by, as rules use them. */
export interface Names {
  /** Undefined where nobody verified it. */
  readonly username: string | undefined;
  readonly clientId: string;
}

/**
 * The levels of a rule's topic filter.
 *
 * @param substitute whether `%u` and `%c` are placeholders
 */
export const templateLevels = (topic: string, substitute: boolean): readonly Level[] =>
  topic.split('/').map((level) => (substitute && /%[uc]/.test(level) ? partsOf(level) : level));

const partsOf = (level: string): readonly Part[] =>
  level
    .split(/(%[uc])/)
    .filter((piece) => piece !== '')
    .map((piece): Part => (piece === '%u' ? USER : piece === '%c' ? CLIENT : piece));

/** Why a rule cannot have this topic filter, and what to write; undefined where it can. */
export function templateProblem(topic: string): string | undefined {
  if (topic.startsWith('$share/')) {
    return "rules are about topics, not about shared subscriptions; leave '$share/GROUP/' out";
  }
  return filterProblem(topic);
}

/** The same where `$share/` is a level as any other, as it is in ACL files: a rule about it is about no subscription. */
export function filterProblem(topic: string): string | undefined {
  const problem = topicFilterProblem(topic.startsWith('$share/') ? topic.slice(1) : topic);
  if (problem === undefined && topicLevels(topic) > MAXIMUM_LEVELS) {
    return `the topic filter has ${topicLevels(topic)} levels; at most ${MAXIMUM_LEVELS} are allowed`;
  }
  return problem === undefined ? undefined : `${problem}; write a topic filter such as 'home/+/state' or 'home/#'`;
}

const textFor = (part: Part, names: Names): string | undefined =>
  part === USER ? names.username : part === CLIENT ? names.clientId : part;

/** Whether a level of a topic is what the pieces say for this client. */
export function matchesParts(parts: readonly Part[], level: string, names: Names): boolean {
  let at = 0;
  for (const part of parts) {
    const value = textFor(part, names);
    if (value === undefined || !level.startsWith(value, at)) return false;
    at += value.length;
  }
  return at === level.length;
}

/** The text that stands for the pieces; undefined where the client has no such name. */
export function resolveParts(parts: readonly Part[], names: Names): string | undefined {
  let text = '';
  for (const part of parts) {
    const value = textFor(part, names);
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

/**
 * Whether what stands for the pieces is one level that a topic can have. A user or client called `+` would turn a rule
 * for one place into a rule for all (CVE-2017-7650), and one called `alice/x` would reach into what is Alice's.
 */
export const isPlainLevel = (parts: readonly Part[], names: Names): boolean =>
  !parts.some((part) => typeof part === 'number' && isUnsafe(textFor(part, names) ?? ''));

const isUnsafe = (value: string): boolean => /[+#/]/.test(value);

/** Whether the client itself chose how the level begins: it must not thereby reach topics that start with `$`. */
export const beginsWithName = (parts: readonly Part[]): boolean => typeof parts[0] === 'number';
