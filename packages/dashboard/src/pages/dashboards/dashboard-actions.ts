import type { Dashboard, DashboardDocumentInput, DashboardUpdate } from '@cauldron/broker/admin-api';
import { get, post, put, remove } from '../../data/api.ts';
import { documentText, fileName } from './documents.ts';
import type { Contents } from './draft.ts';

const path = (id: string): string => `/dashboards/${encodeURIComponent(id)}`;

/** What the page asks of the broker. All reject with {@link ApiFailure}. */
export const readDashboard = (id: string): Promise<Dashboard> => get(path(id));
export const createDashboard = (document: DashboardDocumentInput): Promise<Dashboard> => post('/dashboards', document);
export const removeDashboard = (id: string): Promise<void> => remove(path(id));

/** @param revision the one that was changed; another one there is a conflict */
export function saveDashboard(
  id: string,
  revision: number,
  { name, description, widgets }: Contents,
): Promise<Dashboard> {
  const update: DashboardUpdate = { revision, name, description, widgets };
  return put(path(id), update);
}

/** The same under another name, which a broker takes only so long. */
export const copyDocument = ({ name, description, widgets }: Contents, suffix = 'copy'): DashboardDocumentInput => ({
  name: `${name.slice(0, 90)} (${suffix})`,
  description,
  widgets,
});

/** Gives it to the user as a file. */
export function exportDashboard(dashboard: Contents): void {
  const url = URL.createObjectURL(new Blob([documentText(dashboard)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName(dashboard.name);
  link.click();
  URL.revokeObjectURL(url);
}
