import type { Routes } from '../http/typed.ts';
import { clientsRoutes } from './clients.ts';
import { dashboardsRoutes } from './dashboards.ts';
import { explainRoutes } from './explain.ts';
import { graphRoutes } from './graph.ts';
import { overviewRoutes } from './overview.ts';
import { retainedRoutes } from './retained.ts';
import { topicsRoutes } from './topics.ts';

/** All routes of the API that need nothing but the services. */
export const routes: readonly Routes[] = [
  overviewRoutes,
  topicsRoutes,
  retainedRoutes,
  graphRoutes,
  clientsRoutes,
  explainRoutes,
  dashboardsRoutes,
];
