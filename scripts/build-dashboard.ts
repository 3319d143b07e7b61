// npm run build [-- --out DIR]: builds the pages of the dashboard into packages/dashboard/dist, where the broker serves them
// from. npm runs it at the end of an installation (`prepare`).
import { parseArgs } from 'node:util';
import { dashboardDist } from './lib/dashboard-paths.ts';

const { values } = parseArgs({ options: { out: { type: 'string', default: dashboardDist } } });
const builder = await import('./lib/build-dashboard.ts').catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  // An installation without development dependencies: the broker works, and says at `/` what is missing.
  console.warn('the dashboard was not built: Vite is not installed; run `npm ci` and `npm run build` for it');
});
if (builder !== undefined) {
  const { files, firstPage } = await builder.buildDashboard(values.out);
  console.log(`dashboard: ${files} files, first page ${(firstPage / 1024).toFixed(1)} KiB gzip`);
}
