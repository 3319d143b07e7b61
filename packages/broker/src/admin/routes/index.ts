import type { Routes } from '../http/typed.ts';
import { dashboardsRoutes } from './dashboards.ts';

/** All routes of the API that need nothing but the services. */
export const routes: readonly Routes[] = [dashboardsRoutes];
