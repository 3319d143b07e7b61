import { routeTo } from '../../routing/routes.ts';

/** Where in the dashboard one sees more of what a finding is about. */
export interface FindingLink {
  readonly href: string;
  readonly text: string;
}

const refusals: FindingLink = { href: routeTo(['clients'], { tab: 'refusals' }), text: 'Show recent refusals' };
const sortedBy = (sort: string, text: string): FindingLink => ({ href: routeTo(['clients'], { sort }), text });
const queues = sortedBy('queued', 'Show the longest queues');
const drops = sortedBy('dropped', 'Show who misses most');

/** By the code of the finding. */
const LINKS: Readonly<Record<string, FindingLink>> = {
  'growing-queues': queues,
  'full-queues': queues,
  'slow-consumers': drops,
  'shed-messages': drops,
  denied: refusals,
  'refused-logins': refusals,
  'refused-connections': refusals,
  'banned-clients': refusals,
};

/** undefined = there is no such place. */
export const linkOf = (code: string): FindingLink | undefined => LINKS[code];
