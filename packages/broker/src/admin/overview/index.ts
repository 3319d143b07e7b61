/** How the broker is, and how it was in the last minutes. */
export { OverviewMonitor, type OverviewParts } from './overview-monitor.ts';
export { ProcessProbe } from './process-probe.ts';
export { RecentTrouble } from './trouble.ts';
