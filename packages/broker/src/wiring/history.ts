import { EventHistory } from '../admin/clients/event-history.ts';
import { RecentTrouble } from '../admin/overview/trouble.ts';
import type { Config } from '../config/index.ts';
import { needsDashboard } from './dashboard-listeners.ts';

/** What the dashboard has to have heard since the start. Both are observers of the core. */
export interface History {
  readonly events: EventHistory;
  readonly trouble: RecentTrouble;
}

/** null = nobody will look. */
export const historyOf = (config: Config, now: () => number): History | null =>
  needsDashboard(config) ? { events: new EventHistory(now), trouble: new RecentTrouble(now) } : null;
