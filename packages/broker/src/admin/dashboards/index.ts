export { MAX_DASHBOARD_BYTES, MAX_DASHBOARDS } from './dashboard-folder.ts';
export { Dashboards, type DashboardsOptions, type InitialDashboard } from './dashboards.ts';
export { DASHBOARDS_FOLDER } from './names.ts';
