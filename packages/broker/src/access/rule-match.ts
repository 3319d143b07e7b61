import { filterCovers, filtersOverlap, matchTopic } from '@cauldron/protocol';
import type { Rule } from './rule.ts';
import { beginsWithName, isPlainLevel, type Names, resolveParts } from './topic-template.ts';

/** What a rule's topic filter comes to for one client; undefined = the rule says nothing to it. */
type Resolved = { readonly filter: string } | 'every topic' | undefined;

/**
 * The filter a rule means for one client. Names that cannot be a level turn an allowing rule off, and make a denying one deny
 * everything from that level on.
 */
function resolve({ levels, permission }: Rule, names: Names, dollar: boolean): Resolved {
  if (levels.length === 0) return 'every topic';
  const resolved: string[] = [];
  for (const level of levels) {
    if (typeof level === 'string') {
      resolved.push(level);
    } else if (!isPlainLevel(level, names)) {
      if (permission === 'allow') return undefined;
      return resolved.length === 0 ? 'every topic' : { filter: [...resolved, '+', '#'].join('/') };
    } else {
      const text = resolveParts(level, names);
      const reachesServer = resolved.length === 0 && dollar && permission === 'allow' && beginsWithName(level);
      if (text === undefined || reachesServer) return undefined;
      resolved.push(text);
    }
  }
  const filter = resolved.join('/');
  return filter === '' ? undefined : { filter }; // [MQTT-4.7.3-1]
}

/** Whether a rule speaks of a topic, for a client of these names. */
export function matchesRule(rule: Rule, topic: string, names: Names): boolean {
  const resolved = resolve(rule, names, topic.startsWith('$'));
  return resolved === 'every topic' || (resolved !== undefined && matchTopic(resolved.filter, topic));
}

/** How a rule relates to a topic filter, for a client of these names; undefined = not at all. */
export function relationTo(rule: Rule, filter: string, names: Names): 'covers' | 'overlaps' | undefined {
  const resolved = resolve(rule, names, filter.startsWith('$'));
  if (resolved === undefined) return undefined;
  if (resolved === 'every topic' || filterCovers(resolved.filter, filter)) return 'covers';
  return filtersOverlap(resolved.filter, filter) ? 'overlaps' : undefined;
}
