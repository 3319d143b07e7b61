import type { Config, ListenerConfig } from '../config/index.ts';
import type { ListenerAddress } from '../transport/listener.ts';

/** Whether a listener of the configuration serves the dashboard, where there is one. */
export const servesDashboard = ({ webSocket }: ListenerConfig): boolean => webSocket?.dashboard === true;

/** Whether any listener serves it. */
export const needsDashboard = ({ dashboard, listeners }: Config): boolean =>
  dashboard.enabled && listeners.some(servesDashboard);

/** Where a browser finds it. An address that stands for all of a machine is none that a browser can ask for. */
export function dashboardUrlOf({ host, port }: ListenerAddress, { tls }: ListenerConfig): string {
  const named = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tls === undefined ? 'http' : 'https'}://${named}:${port}/`;
}
