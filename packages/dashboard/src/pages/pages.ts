import type { PageComponent } from '../app.tsx';
import type { IconName } from '../ui/icon.tsx';

/** One entry of the navigation. */
export interface PageEntry {
  /** First segment of its address. */
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  /** Fetches its code. */
  readonly load: () => Promise<{ readonly default: PageComponent }>;
}

/** The pages, the first one where the address names none. */
export const pages: readonly PageEntry[] = [
  { path: 'overview', title: 'Overview', icon: 'overview', load: () => import('./overview/overview-page.tsx') },
  { path: 'topics', title: 'Topics', icon: 'topics', load: () => import('./topics/topics-page.tsx') },
  { path: 'clients', title: 'Clients', icon: 'clients', load: () => import('./clients/clients-page.tsx') },
  { path: 'graph', title: 'Graph', icon: 'graph', load: () => import('./graph/graph-page.tsx') },
  {
    path: 'dashboards',
    title: 'Dashboards',
    icon: 'dashboards',
    load: () => import('./dashboards/dashboards-page.tsx'),
  },
  { path: 'connect', title: 'Client', icon: 'connect', load: () => import('./connect/connect-page.tsx') },
];
