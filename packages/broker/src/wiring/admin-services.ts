import { resolve } from 'node:path';
import type { BrokerCore } from '@cauldron/core';
import { ClientsInspector } from '../admin/clients/index.ts';
import { Dashboards, type InitialDashboard } from '../admin/dashboards/index.ts';
import { OverviewMonitor, ProcessProbe } from '../admin/overview/index.ts';
import { RetainedAdmin } from '../admin/retained/retained-admin.ts';
import type { ListenerInfo } from '../admin/schema/index.ts';
import type { AdminServices } from '../admin/services.ts';
import { Traffic } from '../admin/traffic/traffic.ts';
import type { Config } from '../config/index.ts';
import type { HealthMonitor } from '../health.ts';
import type { Logger } from '../log.ts';
import type { StoreKeeper } from '../store-keeper.ts';
import type { Listener } from '../transport/listener.ts';
import { version } from '../version.ts';
import { explainAnswer } from './explain-answer.ts';
import type { History } from './history.ts';
import type { Security } from './security.ts';

/** What the dashboard looks at. */
export interface AdminServicesParts {
  readonly core: BrokerCore;
  readonly config: Config;
  readonly security: Security;
  readonly health: HealthMonitor;
  readonly history: History;
  /** null = everything is in memory. */
  readonly keeper: StoreKeeper | null;
  /** Those that are open. */
  readonly listeners: () => readonly Listener[];
  /** Bytes the broker may use. */
  readonly maxMemory: number;
  readonly log: Logger;
  /** Milliseconds since 1970, never going back. */
  readonly now: () => number;
  /** Dashboards that are made where there are none of their identifiers. */
  readonly initial: readonly InitialDashboard[] | undefined;
}

/** The services with what they need to go on: time, and an end. */
export interface RunningServices extends AdminServices {
  tick(now: number): void;
  close(): Promise<void>;
}

/** @throws {TypeError} an initial dashboard is none */
export async function openServices(parts: AdminServicesParts): Promise<RunningServices> {
  const { core, config, now } = parts;
  const dashboards = await openDashboards(parts);
  const traffic = new Traffic(core, now, { maxTopics: config.dashboard.maxTopics });
  const retained = new RetainedAdmin(core, now);
  const overview = openOverview(parts);
  return {
    dashboards,
    traffic,
    retained,
    overview,
    clients: openClients(parts),
    tick: (time) => {
      traffic.tick(time);
      retained.tick(time);
      overview.tick(time);
    },
    close: async () => {
      traffic.close();
      overview.close();
      await dashboards.close();
    },
  };
}

function openDashboards({ config, health, log, now, initial }: AdminServicesParts): Promise<Dashboards> {
  const folder = folderOf(config);
  return Dashboards.open(folder, {
    log,
    now,
    initial,
    report: (problem) => {
      if (problem === null) health.clear('dashboards-failing');
      else health.report('dashboards-failing', problem, now());
    },
  });
}

function openOverview({ core, config, health, history, keeper, listeners, maxMemory, now }: AdminServicesParts) {
  return new OverviewMonitor({
    core,
    now,
    version,
    health,
    process: new ProcessProbe(),
    trouble: history.trouble,
    listeners: () => listeners().map(infoOf),
    store: keeper && {
      folder: folderOf(config) ?? '',
      get stats() {
        return keeper.stats;
      },
    },
    memoryLimit: maxMemory,
  });
}

function openClients({ core, history, security }: AdminServicesParts): ClientsInspector {
  return new ClientsInspector({
    core,
    events: history.events,
    access: {
      standing: (client) => {
        const standing = security.standingOf(client);
        return standing && { roles: [...standing.roles], groups: [...standing.groups] };
      },
      explain: (client, action, topic) => {
        const explanation = security.explain(client, action, topic);
        return explanation && explainAnswer(explanation);
      },
    },
    actions: {
      disconnecting: (client, reason, code, by) => security.log.kicked(client, reason, code, by ?? 'dashboard'),
      discarding: (clientId, client, by) => security.log.discarded(clientId, client, by ?? 'dashboard'),
    },
  });
}

/** The folder of the durable store, as a whole path; null where everything is in memory. */
function folderOf({ data: { directory, memory } }: Config): string | null {
  return directory === undefined || memory ? null : resolve(directory);
}

const infoOf = ({ name, url, connections, http }: Listener): ListenerInfo => ({
  name,
  url,
  connections,
  tls: /^(mqtts|wss)\b/.test(url),
  webSocket: http !== null,
});
