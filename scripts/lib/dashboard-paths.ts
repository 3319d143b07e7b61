import { join } from 'node:path';
import { repositoryRoot } from './source-tree.ts';

/** Sources of the dashboard. */
export const dashboardRoot = join(repositoryRoot, 'packages', 'dashboard');
/** Where its built pages go, and the broker looks for them. */
export const dashboardDist = join(dashboardRoot, 'dist');
