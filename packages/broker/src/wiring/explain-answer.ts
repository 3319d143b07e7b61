import { describeExplanation, describeRule, describeSource, type Explanation } from '../access/index.ts';
import type { Explanation as Answer } from '../admin/schema/index.ts';

/** An explanation in the form of the admin API. */
export function explainAnswer(explanation: Explanation): Answer {
  const { allowed, decidedBy, considered, roles, groups } = explanation;
  return {
    allowed,
    lines: describeExplanation(explanation).flatMap((line) => line.split('\n')),
    decidedBy: typeof decidedBy === 'string' ? decidedBy : 'rule',
    rules: considered.map(({ rule, relation }) => ({
      text: describeRule(rule),
      source: describeSource(rule.source),
      relation,
      decided: rule === decidedBy,
    })),
    roles: [...roles],
    groups: [...groups],
  };
}
