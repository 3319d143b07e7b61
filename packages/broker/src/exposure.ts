import { type Config, ConfigError, type ConfigProblem, type ListenerConfig, type Origin } from './config/index.ts';

/**
 * The start policy: who can reach each listener, whether anybody is asked who they are there, and that a broker which other
 * machines can reach lets everybody in only where that was said aloud.
 */

/** What a listener wants to see of a client that is not anonymous. */
export type Proof = 'login' | 'certificate' | 'psk';

/** How far one listener is open. */
export interface ListenerExposure {
  /** {@link listenerName} */
  readonly name: string;
  /** {@link listenerUrl}, with the configured port. */
  readonly url: string;
  /** Only this machine where it is a loopback address or a Unix socket, and no proxy hands on what comes from elsewhere. */
  readonly reachable: 'this machine' | 'network';
  /** Clients that do not show who they are may come in. */
  readonly anonymous: boolean;
  /** What a client can show who it is by; empty = nobody would know. */
  readonly proofs: readonly Proof[];
  /** By this listener itself, with TLS. */
  readonly encrypted: boolean;
  /** A proxy stands before it, which may do the encryption. */
  readonly proxied: boolean;
  /** Why the broker must not start with it, and the three ways out. */
  readonly refusal?: ConfigProblem;
}

/** How far a broker is open, a listener at a time, in the order of the configuration. */
export interface Exposure {
  readonly listeners: readonly ListenerExposure[];
  /** What those may do who come in without a name: `everything`, or what the rules give them. */
  readonly anonymousRights: 'everything' | 'rules';
}

export interface ExposureOptions {
  /** The program decides itself who may connect, whatever the configuration says. */
  readonly hasAuthenticator?: boolean;
  /** Where a value was given, for error texts: that of a `LoadedConfig`. */
  readonly originOf?: (path: readonly (string | number)[]) => Origin | undefined;
}

/** The name of a listener in logs and events: its own, else its address. */
export const listenerName = (listener: ListenerConfig): string =>
  listener.name ?? listener.path ?? `${listener.host}:${listener.port}`;

/**
 * How clients reach a listener: `mqtt://host:port`, `mqtts://host:port` with TLS, `mqtt+unix:///path`, `ws://host:port/path`,
 * `wss://host:port/path` with TLS.
 *
 * @param port the port it got, where the configured one is 0
 */
export function listenerUrl(listener: ListenerConfig, port: number | undefined = listener.port): string {
  const scheme = listener.tls === undefined ? 'mqtt' : 'mqtts';
  if (listener.path !== undefined) return `${scheme}+unix://${listener.path}`;
  const host = listener.host.includes(':') ? `[${listener.host}]` : listener.host;
  if (listener.webSocket === undefined) return `${scheme}://${host}:${port}`;
  return `${listener.tls === undefined ? 'ws' : 'wss'}://${host}:${port}${listener.webSocket.path}`;
}

/** Whether only this machine can reach an address; of other names than `localhost` nobody knows. */
export function isLoopback(host: string): boolean {
  return (
    host.toLowerCase() === 'localhost' || host === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(host)
  );
}

/** How far a configuration opens the broker. Listeners that must not be opened carry a `refusal`. */
export function exposureOf(config: Config, options: ExposureOptions = {}): Exposure {
  const { rules, aclFiles, default: preset } = config.authorization;
  const hasRules = rules.length > 0 || aclFiles.length > 0 || preset === 'deny';
  return {
    listeners: config.listeners.map((_, index) => exposureAt(config, index, options)),
    anonymousRights: hasRules ? 'rules' : 'everything',
  };
}

/**
 * How far a configuration opens the broker, where that is allowed.
 *
 * @throws {ConfigError} CONFIG_UNSAFE: other machines can reach a listener, nobody is asked who they are, and nobody said that
 * this is wanted
 */
export function checkExposure(config: Config, options: ExposureOptions = {}): Exposure {
  const exposure = exposureOf(config, options);
  const refusals = exposure.listeners.flatMap(({ refusal }) => (refusal === undefined ? [] : [refusal]));
  if (refusals.length > 0) throw new ConfigError('CONFIG_UNSAFE', refusals);
  return exposure;
}

/**
 * Whether anonymous clients may come in through the listeners of a name. Listeners on "any free port" may share one: then
 * only where all of them say so.
 */
export function allowsAnonymous({ listeners }: Exposure, name: string): boolean {
  const named = listeners.filter((listener) => listener.name === name);
  return named.length > 0 && named.every(({ anonymous }) => anonymous);
}

function exposureAt(config: Config, index: number, options: ExposureOptions): ListenerExposure {
  const listener = config.listeners[index]!;
  const { allowAnonymous: saidForAll, providers } = config.authentication;
  const proxied = listener.proxyProtocol !== undefined;
  const isLocal = listener.path !== undefined || isLoopback(listener.host);
  const reachable = isLocal && !proxied ? 'this machine' : 'network';
  const hasUsers = providers.length > 0 || options.hasAuthenticator === true;
  const said = listener.allowAnonymous ?? saidForAll;
  const proofs: Proof[] = [...(hasUsers ? (['login'] as const) : []), ...transportProofs(listener)];
  const exposed = {
    name: listenerName(listener),
    url: listenerUrl(listener),
    reachable,
    anonymous: said ?? (reachable === 'this machine' && proofs.length === 0),
    proofs,
    encrypted: listener.tls !== undefined,
    proxied,
  } as const;
  if (reachable === 'this machine' || said === true || proofs.length > 0) return exposed;
  return { ...exposed, refusal: refusalOf(listener, index, said, options) };
}

/** What the transport itself proves. A certificate that may be left out proves nothing of those who leave it out. */
function transportProofs({ tls }: ListenerConfig): Proof[] {
  if (tls === undefined) return [];
  const byCertificate = tls.clientCertificate === 'require' && tls.usernameFrom !== 'none';
  return [...(byCertificate ? (['certificate'] as const) : []), ...(tls.psk === undefined ? [] : (['psk'] as const))];
}

function refusalOf(
  listener: ListenerConfig,
  index: number,
  said: boolean | undefined,
  { originOf }: ExposureOptions,
): ConfigProblem {
  const path = ['listeners', index];
  const origin = originOf?.([...path, 'host']) ?? originOf?.(path) ?? {};
  const proxied = listener.proxyProtocol !== undefined;
  const local = proxied ? 'leave its proxyProtocol out' : 'host = "127.0.0.1"';
  const problem =
    said === false
      ? 'nobody could log in there: allowAnonymous is false, and there is no provider of users'
      : 'nobody would be asked who they are there';
  const lines = [
    `${listenerUrl(listener)} can be reached from other machines, and ${problem}. The broker does not start like that; ` +
      'choose one of three:',
    '  1. only this machine can reach it; in its [[listeners]]:',
    `       ${local}`,
    '  2. clients log in; make the file with "cauldron passwd -c passwords USER", and add:',
    '       [[authentication.providers]]',
    '       type = "password-file"',
    '       file = "passwords"',
    '  3. anybody who reaches it may come in; in its [[listeners]]:',
    '       allowAnonymous = true',
    ...(originOf === undefined || proxied
      ? []
      : ['  As flags: 1. --host 127.0.0.1   2. --password-file passwords   3. --allow-anonymous']),
  ];
  return { path: `listeners[${index}]`, message: lines.join('\n'), ...origin };
}

/** A listener that runs: its name, and how clients reach it. */
export interface OpenListener {
  readonly name: string;
  readonly url: string;
}

/** What the health of a broker has to say of how open it is. */
export interface ExposureFinding {
  readonly code: 'anonymous-exposed';
  /** What it means and what to do about it. */
  readonly message: string;
}

/**
 * That other machines can reach a listener which lets everybody in.
 *
 * @param open where it listens, by now; the ports are then those it got
 */
export function anonymousFinding(exposure: Exposure, open: readonly OpenListener[] = []): ExposureFinding | undefined {
  const exposed = exposure.listeners.filter(({ reachable, anonymous }) => reachable === 'network' && anonymous);
  if (exposed.length === 0) return undefined;
  const what =
    exposure.anonymousRights === 'everything'
      ? 'read and publish everything'
      : 'come in without a user name, and do what the rules let such clients do';
  return {
    code: 'anonymous-exposed',
    message:
      `anyone who reaches ${urls(exposed, open)} may ${what}, because allowAnonymous says so. ` +
      'Let clients log in (cauldron passwd) unless the network is yours alone.',
  };
}

/**
 * What an operator has to be told at the start, a sentence each: who may come in, and whether passwords can be overheard.
 *
 * @param open where it listens, by now
 */
export function exposureWarnings(exposure: Exposure, open: readonly OpenListener[] = []): string[] {
  const finding = anonymousFinding(exposure, open);
  const audible = exposure.listeners.filter(
    ({ reachable, encrypted, proxied, proofs }) =>
      reachable === 'network' && !encrypted && !proxied && proofs.includes('login'),
  );
  return [
    ...(finding === undefined ? [] : [finding.message]),
    ...(audible.length === 0
      ? []
      : [
          `user names and passwords come over ${urls(audible, open)} unencrypted: whoever is on the way can read them. ` +
            'Give the listener a certificate ([listeners.tls], or --cert and --key).',
        ]),
  ];
}

function urls(listeners: readonly ListenerExposure[], open: readonly OpenListener[]): string {
  return listeners.map(({ name, url }) => open.find((one) => one.name === name)?.url ?? url).join(' or ');
}
