/** What clients may do: rules of the configuration, of ACL files and of logins, and who is meant by them. */
export type { AccessClient } from './directory.ts';
export { type Action, type Considered, describeExplanation, type Explanation, explain } from './explain.ts';
export { loadRuleSet } from './load.ts';
export type { Access, AuthorizationOptions, GroupOptions, OriginOf, RoleOptions, RuleOptions } from './options.ts';
export { AccessError, type AccessProblem } from './problem.ts';
export { describeRule, describeSource, type Rule, type RuleSource, type Tier } from './rule.ts';
export { RuleAuthorizer } from './rule-authorizer.ts';
export { RuleSet, type Ruling } from './rule-set.ts';
export { templateProblem } from './topic-template.ts';
