import type { BrokerOptions, ConfigInput } from '@cauldron/broker';
import { createLogger } from '@cauldron/broker/log';
import { type Command, type Flag, type Io, type Parsed, UsageError } from '../command.ts';
import { type Opener, openerFor, startOpener } from '../demo/browser.ts';
import { DEMO_DASHBOARD, demoDashboard } from '../demo/dashboard.ts';
import { Demo } from '../demo/demo.ts';
import { exitCode } from '../exit-codes.ts';
import type { Address } from './broker-banner.ts';
import { inWords, StartError, takenPort } from './broker-start.ts';
import { closeInTime, type StopDeps, StopSignals } from './broker-stop.ts';

/** What the demo needs of a broker. */
export interface DemoBroker {
  readonly addresses: readonly Address[];
  /** Ends in `/`; null = it serves no dashboard. */
  readonly dashboardUrl: string | null;
  close(): Promise<void>;
}

/** What the command does to the world beside its Io, so that tests can stand in. */
export interface DemoCommandDeps extends StopDeps {
  /** Rejects as `createBroker` does. */
  readonly start: (config: ConfigInput, options: Pick<BrokerOptions, 'log' | 'dashboards'>) => Promise<DemoBroker>;
  readonly open: (opener: Opener) => void;
  readonly platform: NodeJS.Platform;
}

const HOST = '127.0.0.1';
/** Ports that other programs expect; another one where they are taken. */
const PORT = 1883;
const WS_PORT = 8083;

const flags: readonly Flag[] = [
  {
    long: 'port',
    short: 'p',
    value: 'PORT',
    help: 'Port to listen on; 0 = any free one. Default: 1883, or any free one where that is taken.',
  },
  {
    long: 'ws-port',
    value: 'PORT',
    help: 'Port for the dashboard and MQTT over WebSocket; 0 = any free one. Default: 8083, or any free one where that is taken.',
  },
  {
    long: 'data',
    value: 'DIR',
    help: 'Folder to keep messages and dashboards in. Default: none, everything is gone when the demo stops.',
  },
  { long: 'no-open', help: 'Do not open the dashboard in the browser.' },
  { long: 'verbose', short: 'v', help: 'Log every connection.' },
];

/** `cauldron demo` with a given way to start brokers. */
export function demoCommand(deps: DemoCommandDeps): Command {
  return {
    name: 'demo',
    summary: 'start a broker with two simulated devices, and open their dashboard',
    usage: ['cauldron demo [-p PORT] [--ws-port PORT] [--data DIR] [--no-open]'],
    flags,
    examples: [
      { does: 'See it', command: 'cauldron demo' },
      {
        does: 'Keep what happens, on ports of your choice',
        command: 'cauldron demo -p 1884 --ws-port 8084 --data demo-data',
      },
    ],
    run: (parsed, io) => runDemo(parsed, io, deps),
  };
}

/** `cauldron demo` */
export const demo = demoCommand({
  start: async (config, options) => (await import('@cauldron/broker')).createBroker(config, options),
  exit: (code) => process.exit(code),
  open: startOpener,
  platform: process.platform,
});

async function runDemo(parsed: Parsed, io: Io, deps: DemoCommandDeps): Promise<number> {
  const ports = portsOf(parsed);
  const { data, verbose } = parsed.values as { data?: string; verbose?: boolean };
  const log = createLogger({ level: verbose === true ? 'debug' : 'warn', format: 'text', stream: io.stderr });
  const dashboards = [{ id: DEMO_DASHBOARD, ...demoDashboard }];
  const stop = new StopSignals(io, deps.exit);
  try {
    const broker = await startWhereFree(ports, data, (config) => deps.start(config, { log, dashboards }));
    const running = await withDevices(broker, (problem) => void io.stderr.write(`cauldron demo: ${problem}\n`));
    announce(broker, ports, data, io);
    if (parsed.values['no-open'] !== true) openLink(broker, io, deps);
    io.stdout.write(`stopping (${await stop.first})\n`);
    return await closeInTime('cauldron demo', running, io, deps);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    io.stderr.write(`cauldron demo: ${error.message}\n`);
    return exitCode.failure;
  } finally {
    stop.dispose();
  }
}

/** A port that was asked for, or may be another one. */
interface Port {
  readonly wanted: number;
  readonly isGiven: boolean;
}

interface Ports {
  readonly mqtt: Port;
  readonly webSocket: Port;
}

function portsOf({ values, positionals }: Parsed): Ports {
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is not understood; the demo takes flags only`);
  const portOf = (name: string, usual: number): Port => {
    const text = values[name];
    if (text === undefined) return { wanted: usual, isGiven: false };
    const wanted = Number(text);
    if (!/^\d+$/.test(String(text)) || wanted > 65_535)
      throw new UsageError(`--${name} takes 0 to 65535, not "${text}"`);
    return { wanted, isGiven: true };
  };
  return { mqtt: portOf('port', PORT), webSocket: portOf('ws-port', WS_PORT) };
}

/** A usual port that somebody else has is replaced by a free one; a given one is not. @throws {StartError} */
async function startWhereFree(
  { mqtt, webSocket }: Ports,
  data: string | undefined,
  start: (config: ConfigInput) => Promise<DemoBroker>,
): Promise<DemoBroker> {
  const now = { mqtt: mqtt.wanted, webSocket: webSocket.wanted };
  for (;;) {
    const config: ConfigInput = {
      listeners: [
        { host: HOST, port: now.mqtt },
        { host: HOST, port: now.webSocket, webSocket: {} },
      ],
      data: data === undefined ? { memory: true } : { directory: data },
    };
    try {
      return await start(config);
    } catch (error) {
      const taken = takenPort(error);
      if (taken === now.mqtt && !mqtt.isGiven) now.mqtt = 0;
      else if (taken === now.webSocket && !webSocket.isGiven) now.webSocket = 0;
      else throw inWords(error, config);
    }
  }
}

/** What has to be closed: the devices first, so that they can say goodbye. */
async function withDevices(broker: DemoBroker, report: (problem: string) => void): Promise<{ close(): Promise<void> }> {
  try {
    const devices = await Demo.start({ url: urlOf(broker, 'mqtt:'), report });
    return {
      close: async () => {
        await devices.close();
        await broker.close();
      },
    };
  } catch (error) {
    await broker.close();
    throw error;
  }
}

const urlOf = ({ addresses }: DemoBroker, scheme: string): string =>
  addresses.find(({ url }) => url.startsWith(scheme))?.url ?? '';

const portOfUrl = (url: string): number => Number(new URL(url).port || PORT);

/** The link comes last, where people look. */
function announce(broker: DemoBroker, ports: Ports, data: string | undefined, io: Io): void {
  const mqtt = urlOf(broker, 'mqtt:');
  const webSocket = urlOf(broker, 'ws:');
  const port = portOfUrl(mqtt);
  const to = port === PORT ? '' : ` -p ${port}`;
  const lines = [
    `Cauldron listens on ${mqtt}${insteadOf(ports.mqtt, mqtt)}`,
    labelled('WebSocket', `${webSocket}${insteadOf(ports.webSocket, webSocket)}`),
    labelled('devices', 'a thermometer and a lamp, both simulated; their topics are below demo/'),
    labelled('kept', data === undefined ? 'in memory; everything is gone when it stops' : `in ${data}`),
    labelled('try it', `npx cauldron sub -t 'demo/#' -v${to}`),
    labelled('', `npx cauldron pub -t demo/lamp/led/set -m on -r${to}`),
    labelled('stop it', 'Ctrl-C'),
    '',
    `Look at it: ${linkOf(broker) ?? 'this broker serves no dashboard'}`,
  ];
  io.stdout.write(`${lines.join('\n')}\n`);
}

function insteadOf({ wanted, isGiven }: Port, url: string): string {
  if (isGiven || portOfUrl(url) === wanted) return '';
  return ` (port ${wanted} is taken, perhaps by another broker)`;
}

const labelled = (label: string, text: string): string => `  ${label.padEnd(11)} ${text}`;

const linkOf = ({ dashboardUrl }: DemoBroker): string | null =>
  dashboardUrl === null ? null : `${dashboardUrl}#/dashboards/${DEMO_DASHBOARD}`;

function openLink(broker: DemoBroker, io: Io, deps: DemoCommandDeps): void {
  const link = linkOf(broker);
  const isTerminal = (io.stdout as { isTTY?: boolean }).isTTY === true;
  const opener = link === null ? null : openerFor(link, deps.platform, io.env, isTerminal);
  if (opener !== null) deps.open(opener);
}
