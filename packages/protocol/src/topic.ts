/**
 * Topic names and topic filters (MQTT 5.0 section 4.7) and shared subscriptions (section 4.8).
 * Strings are compared unit by unit and never normalised [MQTT-4.7.3-4].
 */
import { holdsHalfPair, holdsNull, utf8Length } from './codec/utf8.ts';

const maximumTopicBytes = 65_535;
const sharePrefix = '$share/';
const slash = 0x2f;
const plus = 0x2b;
const hash = 0x23;
const dollar = 0x24;

/**
 * Why `topic` is no valid topic name; undefined where it is valid.
 *
 * @example topicNameProblem('a/+') // "the topic name contains the wildcard '+'; ..."
 */
export function topicNameProblem(topic: string): string | undefined {
  const problem = textProblem(topic, 'topic name');
  if (problem !== undefined) return problem;
  // [MQTT-4.7.0-1] [MQTT-3.3.2-2]
  for (const wildcard of ['+', '#']) {
    if (topic.includes(wildcard)) {
      return `the topic name contains the wildcard '${wildcard}'; wildcards are only for subscriptions`;
    }
  }
  return undefined;
}

/**
 * Why `filter` is no valid topic filter; undefined where it is valid. Knows `$share/GROUP/FILTER` and checks its parts.
 *
 * @example topicFilterProblem('a/#/b') // "'#' must be the last level of the topic filter"
 */
export function topicFilterProblem(filter: string): string | undefined {
  const problem = textProblem(filter, 'topic filter');
  if (problem !== undefined) return problem;
  return filter.startsWith(sharePrefix) ? sharedProblem(filter) : wildcardProblem(filter);
}

function textProblem(text: string, what: string): string | undefined {
  if (text.length === 0) return `the ${what} is empty; it needs at least one character`; // [MQTT-4.7.3-1]
  if (text.includes('\0')) return `the ${what} ${holdsNull}`; // [MQTT-4.7.3-2]
  // Three bytes a UTF-16 unit at most: only long texts need counting.
  if (text.length * 3 > maximumTopicBytes && utf8Length(text) > maximumTopicBytes) {
    return `the ${what} takes ${utf8Length(text)} bytes; at most ${maximumTopicBytes} are allowed`; // [MQTT-4.7.3-3]
  }
  return text.isWellFormed() ? undefined : `the ${what} ${holdsHalfPair}`;
}

function wildcardProblem(filter: string): string | undefined {
  for (let at = 0; at < filter.length; at++) {
    const unit = filter.charCodeAt(at);
    if (unit !== plus && unit !== hash) continue;
    const startsLevel = at === 0 || filter.charCodeAt(at - 1) === slash;
    const endsLevel = at === filter.length - 1 || filter.charCodeAt(at + 1) === slash;
    if (!startsLevel || !endsLevel) {
      // [MQTT-4.7.1-1] [MQTT-4.7.1-2]
      return `'${filter[at]}' must be a whole level of the topic filter, with nothing beside it but '/'`;
    }
    // [MQTT-4.7.1-1]
    if (unit === hash && at !== filter.length - 1) return "'#' must be the last level of the topic filter";
  }
  return undefined;
}

function sharedProblem(shared: string): string | undefined {
  const end = shared.indexOf('/', sharePrefix.length);
  const group = end === -1 ? shared.slice(sharePrefix.length) : shared.slice(sharePrefix.length, end);
  // [MQTT-4.8.2-1]
  if (group.length === 0) return 'the shared subscription names no group; write $share/GROUP/FILTER';
  // [MQTT-4.8.2-2]
  if (hasWildcard(group)) return `the group '${group}' of the shared subscription contains '+' or '#'`;
  if (end === -1 || end === shared.length - 1) {
    return `the shared subscription has no topic filter after its group '${group}'; write $share/GROUP/FILTER`;
  }
  return wildcardProblem(shared.slice(end + 1));
}

/** True where the filter contains `+` or `#`, so that it can match more than one topic. */
export function hasWildcard(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

/** True where the filter asks for a shared subscription, rightly written or not. */
export function isShared(filter: string): boolean {
  return filter.startsWith(sharePrefix);
}

/** A shared subscription's two parts (section 4.8.2). */
export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

/**
 * The parts of `$share/GROUP/FILTER`; undefined where the filter is not shared.
 * Expects a filter without problems: ask `topicFilterProblem` first. Of a shared one with problems it says undefined too.
 *
 * @example parseSharedFilter('$share/workers/jobs/#') // { group: 'workers', filter: 'jobs/#' }
 */
export function parseSharedFilter(filter: string): SharedFilter | undefined {
  if (!isShared(filter) || sharedProblem(filter) !== undefined) return undefined;
  const end = filter.indexOf('/', sharePrefix.length);
  return { group: filter.slice(sharePrefix.length, end), filter: filter.slice(end + 1) };
}

/** How many levels a topic or filter has: one more than it has slashes. */
export function topicLevels(topic: string): number {
  let levels = 1;
  for (let at = topic.indexOf('/'); at !== -1; at = topic.indexOf('/', at + 1)) levels++;
  return levels;
}

/**
 * Whether a topic name matches a topic filter. Both must be valid; of a shared subscription pass the filter part.
 * `#` stands for the parent level too.
 *
 * @example matchTopic('a/#', 'a') // true
 */
export function matchTopic(filter: string, topic: string): boolean {
  const first = filter.charCodeAt(0);
  // [MQTT-4.7.2-1]
  if ((first === plus || first === hash) && topic.charCodeAt(0) === dollar) return false;
  let f = 0;
  let t = 0;
  while (f < filter.length) {
    const unit = filter.charCodeAt(f);
    if (unit === hash) return true;
    if (unit === plus) {
      f++;
      while (t < topic.length && topic.charCodeAt(t) !== slash) t++;
    } else if (t < topic.length && unit === topic.charCodeAt(t)) {
      f++;
      t++;
    } else {
      // What is left of the filter is '/#' and the topic is the parent level.
      return t === topic.length && unit === slash && f + 2 === filter.length && filter.charCodeAt(f + 1) === hash;
    }
  }
  return t === topic.length;
}
