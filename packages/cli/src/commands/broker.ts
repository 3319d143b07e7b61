import { type ConfigInput, DEFAULT_DATA_DIRECTORY, type LoadedConfig, type Override } from '@cauldron/broker/config';
import { checkExposure, type Exposure, exposureWarnings } from '@cauldron/broker/exposure';
import { createLogger, type Logger } from '@cauldron/broker/log';
import { type Command, type Flag, type Io, type Parsed, UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { bannerLines, dataFolder } from './broker-banner.ts';
import { explained, type RunningBroker, type StartBroker, StartError } from './broker-start.ts';
import { closeInTime, type StopDeps, StopSignals } from './broker-stop.ts';
import { configFlag, loadCommandConfig, reportConfigError } from './config-file.ts';

/** What the command does to the world beside its Io, so that tests can stand in. */
export interface BrokerCommandDeps extends StopDeps {
  readonly start: StartBroker;
  /** Where a configuration is looked for without `-c`; default `CONFIG_FILES`. */
  readonly configFiles?: readonly string[];
}

const flags: readonly Flag[] = [
  configFlag,
  { long: 'host', short: 'h', value: 'HOST', help: 'Address to listen on. Default: 127.0.0.1 and ::1.' },
  {
    long: 'port',
    short: 'p',
    value: 'PORT',
    help: 'Port to listen on; 0 = any free one. Default: 1883, with --cert 8883.',
  },
  {
    long: 'ws-port',
    value: 'PORT',
    help: 'Port for MQTT over WebSocket beside it; 0 = any free one. Default: 8083, and none where --host, -p or --cert is given.',
  },
  { long: 'cert', value: 'FILE', help: 'Encrypt with TLS: certificate of the broker (PEM). Needs --key.' },
  { long: 'key', value: 'FILE', help: 'Its private key (PEM). Needs --cert.' },
  {
    long: 'password-file',
    value: 'FILE',
    help: 'Let in only users of this file, which cauldron passwd makes; mosquitto_passwd files will do.',
  },
  {
    long: 'acl-file',
    value: 'FILE',
    help: "What users may read and write, in the format of mosquitto's ACL files.",
  },
  {
    long: 'allow-anonymous',
    help: 'Let everybody in, also where other machines can reach the broker.',
  },
  { long: 'memory', help: 'Keep everything in memory: nothing is written, and nothing outlives the broker.' },
  {
    long: 'data',
    value: 'DIR',
    help: `Folder to keep sessions, messages and retained messages in. Default: ${DEFAULT_DATA_DIRECTORY}.`,
  },
  { long: 'verbose', short: 'v', help: 'Log every connection: the same as --log-level debug.' },
  { long: 'log-level', value: 'LEVEL', help: 'What is logged: silent, error, warn, info or debug. Default: info.' },
  { long: 'log-format', value: 'FORMAT', help: 'text for people, json for machines. Default: text.' },
];

/** `cauldron broker` with a given way to start brokers. */
export function brokerCommand(deps: BrokerCommandDeps): Command {
  return {
    name: 'broker',
    summary: 'start a broker',
    usage: [
      'cauldron broker [-c FILE] [-h HOST] [-p PORT] [--cert FILE --key FILE] [--memory | --data DIR] [-v]',
      '                [--ws-port PORT] [--password-file FILE] [--acl-file FILE] [--allow-anonymous]',
    ],
    flags,
    examples: [
      { does: 'Start a broker that only this machine can reach, on port 1883', command: 'cauldron broker' },
      {
        does: 'Start a second one beside it, with data of its own',
        command: 'cauldron broker -p 1884 --data second-data',
      },
      { does: 'Start one that keeps nothing', command: 'cauldron broker --memory' },
      { does: 'Take web pages on a port of your choice', command: 'cauldron broker -p 1884 --ws-port 8084' },
      {
        does: 'Let other machines in, with a password',
        command: 'cauldron passwd -c passwords ann && cauldron broker --host 0.0.0.0 --password-file passwords',
      },
      { does: 'Start with a configuration file', command: 'cauldron broker -c cauldron.toml' },
    ],
    run: async (parsed, io) => {
      let loaded: LoadedConfig;
      let exposure: Exposure;
      try {
        loaded = loadCommandConfig(parsed, io, overridesOf(parsed), deps.configFiles);
        exposure = checkExposure(loaded.config, loaded);
      } catch (error) {
        return reportConfigError(error, io);
      }
      const again = () => loadCommandConfig(parsed, io, overridesOf(parsed), deps.configFiles);
      return runBroker({ loaded, again, exposure }, io, deps);
    },
  };
}

/** `cauldron broker` */
export const broker = brokerCommand({
  start: async (config, options) => (await import('@cauldron/broker')).createBroker(config, options),
  exit: (code) => process.exit(code),
});

/** What the flags say, as layers over the configuration. */
export function overridesOf({ values, positionals }: Parsed): Override[] {
  if (positionals.length > 0)
    throw new UsageError(`"${positionals[0]}" is not understood; the broker takes flags only`);
  if (values.memory === true && values.data !== undefined)
    throw new UsageError('--memory and --data exclude each other');
  const overrides: Override[] = [];
  const add = (from: string, input: unknown) => overrides.push({ from, input: input as ConfigInput });
  const { data } = values;
  addListeners(values, add);
  if (values['password-file'] !== undefined) {
    const provider = { type: 'password-file', file: values['password-file'] };
    add('--password-file', { authentication: { providers: [provider] } });
  }
  if (values['acl-file'] !== undefined) add('--acl-file', { authorization: { aclFiles: [values['acl-file']] } });
  if (values['allow-anonymous'] === true) add('--allow-anonymous', { authentication: { allowAnonymous: true } });
  if (values.memory === true) add('--memory', { data: { memory: true } });
  if (data !== undefined) add('--data', { data: { directory: data, memory: false } });
  if (values.verbose === true) add('-v/--verbose', { log: { level: 'debug' } });
  if (values['log-level'] !== undefined) add('--log-level', { log: { level: values['log-level'] } });
  if (values['log-format'] !== undefined) add('--log-format', { log: { format: values['log-format'] } });
  return overrides;
}

/** Host, ports and certificate are about one listener, and one for WebSocket, which take the place of all others. */
function addListeners(values: Parsed['values'], add: (from: string, input: unknown) => void): void {
  const { host, port, cert, key, 'ws-port': wsPort } = values;
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key belong together; give both');
  if ([host, port, cert, wsPort].every((value) => value === undefined)) return;
  const tls = cert === undefined ? {} : { tls: { cert, key } };
  const number = port === undefined ? (cert === undefined ? 1883 : 8883) : numberOf(port);
  const on = (given: unknown): object[] => (host === undefined ? loopback(given) : [{ host, port: given }]);
  const listeners = [
    ...on(number),
    ...(wsPort === undefined
      ? []
      : on(numberOf(wsPort)).map((listener) => ({ ...listener, webSocket: { path: '/mqtt' } }))),
  ];
  const flags = [
    ...(host === undefined ? [] : ['--host']),
    ...(port === undefined ? [] : ['-p/--port']),
    ...(wsPort === undefined ? [] : ['--ws-port']),
    ...(cert === undefined ? [] : ['--cert', '--key']),
  ];
  add(flags.join(' and '), { listeners: listeners.map((listener) => ({ ...listener, ...tls })) });
}

/** Both loopback addresses; only one where any free port will do, for the two would get different ones. */
const loopback = (port: unknown) => (port === 0 ? ['127.0.0.1'] : ['127.0.0.1', '::1']).map((host) => ({ host, port }));

/** What is no number stays text, which the schema refuses with what it takes. */
const numberOf = (text: unknown): unknown => (typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : text);

/** What to run: the configuration, how to load it anew, and how far it opens the broker. */
interface Launch {
  readonly loaded: LoadedConfig;
  /** @throws {ConfigError} */
  readonly again: () => LoadedConfig;
  readonly exposure: Exposure;
}

async function runBroker({ loaded, again, exposure }: Launch, io: Io, deps: BrokerCommandDeps): Promise<number> {
  const { level, format } = loaded.config.log;
  const log = createLogger({ level, format, stream: io.stderr });
  const stop = new StopSignals(io, deps.exit);
  const reloads = new ReloadSignals(io, log);
  try {
    const running = await explained(deps.start)(loaded.config, { log, originOf: loaded.originOf });
    announce(running, loaded, exposure, log, io);
    reloads.begin(() => reload(running, again, log));
    const signal = await stop.first;
    reloads.end();
    if (format === 'text') io.stdout.write(`stopping (${signal})\n`);
    return await closeInTime('cauldron broker', running, io, deps);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    io.stderr.write(`cauldron broker: ${error.message}\n`);
    return exitCode.failure;
  } finally {
    reloads.dispose();
    stop.dispose();
  }
}

/** SIGHUP: what can be changed while the broker runs is; the rest, and what is wrong, is said. */
async function reload(running: RunningBroker, again: () => LoadedConfig, log: Logger): Promise<void> {
  let loaded: LoadedConfig;
  try {
    loaded = again();
  } catch (error) {
    const problems = (error as Error).message.replaceAll(/\s*\n\s*/g, '; ');
    log.error(`the configuration was not read again, and what was there before holds on: ${problems}`);
    return;
  }
  const report = await running.reload(loaded.config, { by: 'signal', originOf: loaded.originOf });
  if (report.needsRestart.length > 0) {
    log.warn(`changes of ${report.needsRestart.join(', ')} need a restart of the broker; the rest holds from now on`);
  }
  if (report.failures.length === 0) log.info('users, rules and certificates were read again');
}

/** In text to people; in JSON only log lines, so that a machine can read everything. */
function announce(running: RunningBroker, loaded: LoadedConfig, exposure: Exposure, log: Logger, io: Io): void {
  const { addresses, dashboardUrl = null } = running;
  const warnings = exposureWarnings(exposure, addresses);
  if (loaded.config.log.format === 'json') {
    const data = dataFolder(loaded.config) ?? 'memory';
    const configuration = loaded.file ?? 'defaults';
    const dashboard = dashboardUrl ?? undefined;
    log.info('listening', { addresses: addresses.map(({ url }) => url), dashboard, configuration, data });
    for (const warning of warnings) log.warn(warning);
    return;
  }
  io.stdout.write(`${bannerLines(addresses, loaded, exposure, dashboardUrl).join('\n')}\n`);
  for (const warning of warnings) io.stderr.write(`WARNING: ${warning}\n`);
}

/**
 * SIGHUP from the first moment to the last: without a listener it would end the process. One that comes while the broker
 * starts, or while it reloads, has it reload once that is done; one that comes while it stops does nothing.
 */
class ReloadSignals {
  readonly dispose: () => void;
  readonly #log: Logger;
  #reload: (() => Promise<void>) | null = null;
  #wanted = false;
  #isBusy = false;

  constructor(io: Io, log: Logger) {
    this.#log = log;
    this.dispose =
      io.onReload?.(() => {
        this.#wanted = true;
        void this.#work();
      }) ?? (() => {});
  }

  /** The broker runs. */
  begin(reload: () => Promise<void>): void {
    this.#reload = reload;
    void this.#work();
  }

  /** The broker stops. */
  end(): void {
    this.#reload = null;
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#wanted && this.#reload !== null) {
        this.#wanted = false;
        await this.#reload();
      }
    } catch (error) {
      this.#log.error(`the configuration was not read again: ${(error as Error).message}`);
    } finally {
      this.#isBusy = false;
    }
  }
}
