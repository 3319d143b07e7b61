import { topicFilterProblem } from '@cauldron/protocol';
import { ApiProblem } from '../problem.ts';

/** @throws {ApiProblem} FILTER_INVALID */
export function checkFilter(filter: string): void {
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) throw new ApiProblem(400, 'FILTER_INVALID', `${problem}. Send another filter.`);
}
