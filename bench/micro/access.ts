import type { AccessClient, RuleOptions } from '../../packages/broker/src/access/index.ts';
import { loadRuleSet, type RuleSet } from '../../packages/broker/src/access/index.ts';
import type { MicroCase, MicroGroup } from './runner.ts';

const SIZES = [10, 1000, 10_000];
const TOPICS = 1024;

/** As configurations are written: a place of its own for each, some with wildcards, names of clients, and denials. */
function rule(index: number): RuleOptions {
  const site = `site-${index % 97}/line-${index}`;
  if (index % 10 === 0) return { deny: 'write', topic: `${site}/+/alarm` };
  if (index % 10 === 1) return { allow: 'readwrite', topic: `${site}/%u/#` };
  if (index % 10 === 2) return { allow: 'readwrite', topic: `${site}/%c/state` };
  return { allow: 'readwrite', topic: index % 2 === 0 ? `${site}/+/temperature` : `${site}/#` };
}

const client: AccessClient = { clientId: 'c1', username: 'ann', verified: true, rights: undefined };

/** Topics that a rule is about, and every fourth one that none is about. */
function topicsOf(rules: number): string[] {
  return Array.from({ length: TOPICS }, (_, at) => {
    const index = (at * 7919) % rules;
    return at % 4 === 3 ? `other/line-${index}/x/temperature` : `site-${index % 97}/line-${index}/ann/temperature`;
  });
}

function decisions(name: string, set: RuleSet, topics: readonly string[]): MicroCase {
  return {
    name,
    run: (times) => {
      let allowed = 0;
      for (let i = 0; i < times; i++) if (set.allows(client, 'write', topics[i % TOPICS]!)) allowed++;
      return allowed;
    },
  };
}

/** One client after another asks for the first time, so that its rules are found for each. */
function firstDecisions(name: string, set: RuleSet, topics: readonly string[]): MicroCase {
  return {
    name,
    run: (times) => {
      let allowed = 0;
      for (let i = 0; i < times; i++) if (set.allows({ ...client }, 'write', topics[i % TOPICS]!)) allowed++;
      return allowed;
    },
  };
}

function subscriptions(name: string, set: RuleSet, filters: readonly string[]): MicroCase {
  return {
    name,
    run: (times) => {
      let allowed = 0;
      for (let i = 0; i < times; i++) if (set.subscribeRuling(client, filters[i % filters.length]!).allowed) allowed++;
      return allowed;
    },
  };
}

/** What a decision costs that nobody remembered, by how many rules are for everybody. */
export function accessGroups(): MicroGroup[] {
  const sets = SIZES.map((size) => {
    const set = loadRuleSet({ rules: Array.from({ length: size }, (_, at) => rule(at)) });
    // Rules are compiled when somebody first needs them, which is not what is timed.
    set.allows(client, 'write', 'a');
    set.allows(client, 'read', 'a');
    return { size, set };
  });
  const each = (make: (size: number, set: RuleSet) => MicroCase): MicroCase[] =>
    sets.map(({ size, set }) => make(size, set));
  return [
    {
      name: 'may a client publish',
      cases: each((size, set) => decisions(`${size} rules for everybody`, set, topicsOf(size))),
    },
    {
      name: 'a client that asks for the first time',
      cases: each((size, set) => firstDecisions(`${size} rules for everybody`, set, topicsOf(size))),
    },
    {
      name: 'may it subscribe to one topic',
      cases: each((size, set) => subscriptions(`${size} rules for everybody`, set, topicsOf(size))),
    },
    {
      name: 'may it subscribe where wildcards lead to many rules and none fits',
      cases: each((size, set) => subscriptions(`${size} rules for everybody`, set, ['+/nowhere/#'])),
    },
  ];
}
