import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectOptions } from '@cauldron/client';
import type { Properties, ProtocolVersion, QoS, Will } from '@cauldron/protocol';
import { topicNameProblem } from '@cauldron/protocol';
import type { Parsed } from './command.ts';
import { UsageError } from './command.ts';
import { type PropertiesByPacket, readProperties } from './property-flag.ts';
import { tlsOptions } from './tls-options.ts';
import { isSet, listOf, numberOf, textOf, toNumber } from './values.ts';

/** What the flags that `pub` and `sub` share come down to. */
export interface MqttSettings {
  readonly connect: ConnectOptions;
  readonly properties: PropertiesByPacket;
  /** The topic in `--url`. */
  readonly urlTopic: string | undefined;
}

const versions: Readonly<Record<string, ProtocolVersion>> = {
  5: 5,
  mqttv5: 5,
  311: 4,
  mqttv311: 4,
  31: 3,
  mqttv31: 3,
};
const NEVER = 4_294_967_295;

/**
 * Reads the shared flags.
 *
 * @param packets the packets that `-D` may name besides CONNECT, WILL and DISCONNECT
 * @param env the environment, of which `--password-env` names a variable
 * @throws {UsageError} whatever makes no sense, before anything is tried
 */
export function mqttSettings(parsed: Parsed, packets: readonly string[], env: NodeJS.ProcessEnv): MqttSettings {
  const url = readUrl(textOf(parsed, 'url'));
  const properties = readProperties(listOf(parsed, 'property'), ['CONNECT', ...packets, 'DISCONNECT', 'WILL']);
  const protocolVersion = versionOf(parsed);
  const host = textOf(parsed, 'host') ?? url.host;
  const port = numberOf(parsed, 'port', { min: 1, max: 65_535 }) ?? url.port;
  const username = textOf(parsed, 'username') ?? url.username;
  const password = passwordOf(parsed, env) ?? url.password;
  if (password !== undefined && username === undefined && protocolVersion < 5) {
    throw new UsageError('a password (-P) needs a user name (-u) before MQTT 5');
  }
  const connect: ConnectOptions = {
    host,
    port,
    path: textOf(parsed, 'unix'),
    tls: tlsOptions(parsed, { secure: url.secure, port }),
    localAddress: textOf(parsed, 'bind'),
    protocolVersion,
    clientId: clientIdOf(parsed, protocolVersion),
    cleanStart: !isSet(parsed, 'disable-clean-session'),
    keepAlive: numberOf(parsed, 'keepalive', { min: 0, max: 65_535 }) ?? 60,
    username,
    password,
    will: willOf(parsed, properties.WILL),
    properties: connectProperties(parsed, properties.CONNECT, protocolVersion),
  };
  return { connect, properties, urlTopic: url.topic };
}

/** The password by whichever flag names it; undefined = none does. */
function passwordOf(parsed: Parsed, env: NodeJS.ProcessEnv): string | undefined {
  const [literal, file, name] = [textOf(parsed, 'pw'), textOf(parsed, 'password-file'), textOf(parsed, 'password-env')];
  if ([literal, file, name].filter((given) => given !== undefined).length > 1) {
    throw new UsageError('-P, --password-file and --password-env exclude each other');
  }
  if (file !== undefined) return firstLine(file);
  if (name === undefined) return literal;
  const value = env[name];
  if (value === undefined)
    throw new UsageError(`--password-env: there is no environment variable ${name}; set it first`);
  return value;
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0]!;
  } catch (error) {
    throw new UsageError(`--password-file: cannot read ${file}: ${(error as Error).message}`);
  }
}

function versionOf(parsed: Parsed): ProtocolVersion {
  const text = textOf(parsed, 'protocol-version');
  const needs5 = parsed.values.property !== undefined || parsed.values['session-expiry'] !== undefined;
  if (text === undefined) return needs5 ? 5 : 4;
  const version = versions[text];
  if (version === undefined)
    throw new UsageError(`-V must be 5, 311 or 31 (or mqttv5, mqttv311, mqttv31), not "${text}"`);
  if (needs5 && version < 5) throw new UsageError(`-D and -x exist only in MQTT 5; leave out -V ${text} or them`);
  return version;
}

function clientIdOf(parsed: Parsed, version: ProtocolVersion): string {
  const id = textOf(parsed, 'id');
  const prefix = textOf(parsed, 'id-prefix');
  if (id !== undefined && prefix !== undefined) throw new UsageError('-i and -I exclude each other; give one of them');
  if (id === undefined && isSet(parsed, 'disable-clean-session')) {
    throw new UsageError('-c keeps a session under a client identifier, so it needs one: add -i ID');
  }
  if (id !== undefined) return id;
  if (prefix !== undefined) return `${prefix}${process.pid}`;
  // In MQTT 5 the broker chooses one and says which; before, a broker may refuse an empty one.
  return version === 5 ? '' : `cauldron-${randomBytes(6).toString('hex')}`;
}

function connectProperties(
  parsed: Parsed,
  given: Properties | undefined,
  version: ProtocolVersion,
): Properties | undefined {
  if (version < 5) return undefined;
  const text = textOf(parsed, 'session-expiry');
  if (text === undefined && !isSet(parsed, 'disable-clean-session')) return given;
  if (text === undefined) return { sessionExpiryInterval: NEVER, ...given };
  const endless = text === '-1' || text === '∞';
  const seconds = endless ? NEVER : toNumber(text, '-x', { min: -1, max: NEVER });
  return { ...given, sessionExpiryInterval: seconds };
}

function willOf(parsed: Parsed, properties: Properties | undefined): Will | undefined {
  const topic = textOf(parsed, 'will-topic');
  const others = ['will-payload', 'will-qos', 'will-retain'].filter((name) => parsed.values[name] !== undefined);
  if (topic === undefined) {
    if (others.length > 0) throw new UsageError(`--${others[0]} needs --will-topic TOPIC beside it`);
    if (properties !== undefined) throw new UsageError('-D will needs --will-topic TOPIC beside it');
    return undefined;
  }
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw new UsageError(`--will-topic: ${problem}`);
  const payload = new TextEncoder().encode(textOf(parsed, 'will-payload') ?? '');
  return { topic, payload, qos: qosOf(parsed, 'will-qos'), retain: isSet(parsed, 'will-retain'), properties };
}

/** A QoS flag; 0 when it was not given. */
export function qosOf(parsed: Parsed, long: string): QoS {
  return (numberOf(parsed, long, { min: 0, max: 2 }) ?? 0) as QoS;
}

interface UrlParts {
  readonly secure: boolean;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly topic?: string;
}

/** @throws {UsageError} when it is no mqtt:// or mqtts:// URL */
function readUrl(text: string | undefined): UrlParts {
  if (text === undefined) return { secure: false };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'mqtt:' && url.protocol !== 'mqtts:') || url.hostname === '') {
    throw new UsageError(`-L must look like mqtt://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC (or mqtts://), not "${text}"`);
  }
  // A topic may hold ? and #, which a URL would cut off: take everything behind the host.
  const slash = text.indexOf('/', text.indexOf('//') + 2);
  const topic = slash < 0 ? '' : text.slice(slash + 1);
  return {
    secure: url.protocol === 'mqtts:',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(url.username === '' ? {} : { username: decode(url.username) }),
    ...(url.password === '' ? {} : { password: decode(url.password) }),
    ...(topic === '' ? {} : { topic }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(`-L: user name and password must be percent-encoded; "${text}" is not (write % as %25)`);
  }
}
