import { readFileSync } from 'node:fs';
import type { NodeClientOptions, WillOptions } from '@cauldron/client';
import type { Properties, ProtocolVersion, QoS } from '@cauldron/protocol';
import { topicNameProblem } from '@cauldron/protocol';
import { whereOf } from './broker-url.ts';
import type { Parsed } from './command.ts';
import { UsageError } from './command.ts';
import { type PropertiesByPacket, readProperties } from './property-flag.ts';
import { isSet, listOf, numberOf, textOf, toNumber } from './values.ts';

/** What the flags that `pub` and `sub` share come down to. */
export interface MqttSettings {
  readonly url: string;
  readonly connect: NodeClientOptions;
  readonly properties: PropertiesByPacket;
  /** The topic in `-L`. */
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
  const where = whereOf(parsed);
  const properties = readProperties(listOf(parsed, 'property'), ['CONNECT', ...packets, 'DISCONNECT', 'WILL']);
  const protocolVersion = versionOf(parsed);
  const username = textOf(parsed, 'username') ?? where.username;
  const password = passwordOf(parsed, env) ?? where.password;
  if (password !== undefined && username === undefined && protocolVersion < 5) {
    throw new UsageError('a password (-P) needs a user name (-u) before MQTT 5');
  }
  const connect: NodeClientOptions = {
    tls: where.tls,
    headers: where.headers,
    localAddress: textOf(parsed, 'bind'),
    protocolVersion,
    clientId: clientIdOf(parsed),
    cleanStart: !isSet(parsed, 'disable-clean-session'),
    keepAlive: numberOf(parsed, 'keepalive', { min: 0, max: 65_535 }) ?? 60,
    username,
    password,
    will: willOf(parsed, properties.WILL),
    sessionExpiry: sessionExpiryOf(parsed),
    properties: connectProperties(parsed, properties.CONNECT),
  };
  return { url: where.url, connect, properties, urlTopic: where.topic };
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

/** Undefined = the client makes one up. */
function clientIdOf(parsed: Parsed): string | undefined {
  const id = textOf(parsed, 'id');
  const prefix = textOf(parsed, 'id-prefix');
  if (id !== undefined && prefix !== undefined) throw new UsageError('-i and -I exclude each other; give one of them');
  if (id === undefined && isSet(parsed, 'disable-clean-session')) {
    throw new UsageError('-c keeps a session under a client identifier, so it needs one: add -i ID');
  }
  return prefix === undefined ? id : `${prefix}${process.pid}`;
}

/** `-x` counts more than `-D connect session-expiry-interval`, and that one more than what `-c` means. */
function connectProperties(parsed: Parsed, given: Properties | undefined): Properties | undefined {
  if (parsed.values['session-expiry'] === undefined) return given;
  return { ...given, sessionExpiryInterval: sessionExpiryOf(parsed) };
}

function sessionExpiryOf(parsed: Parsed): number {
  const text = textOf(parsed, 'session-expiry');
  if (text === undefined) return isSet(parsed, 'disable-clean-session') ? NEVER : 0;
  return text === '-1' || text === '∞' ? NEVER : toNumber(text, '-x', { min: -1, max: NEVER });
}

function willOf(parsed: Parsed, properties: Properties | undefined): WillOptions | undefined {
  const topic = textOf(parsed, 'will-topic');
  const others = ['will-payload', 'will-qos', 'will-retain'].filter((name) => parsed.values[name] !== undefined);
  if (topic === undefined) {
    if (others.length > 0) throw new UsageError(`--${others[0]} needs --will-topic TOPIC beside it`);
    if (properties !== undefined) throw new UsageError('-D will needs --will-topic TOPIC beside it');
    return undefined;
  }
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw new UsageError(`--will-topic: ${problem}`);
  return {
    topic,
    payload: textOf(parsed, 'will-payload'),
    qos: qosOf(parsed, 'will-qos'),
    retain: isSet(parsed, 'will-retain'),
    properties,
  };
}

/** A QoS flag; 0 when it was not given. */
export function qosOf(parsed: Parsed, long: string): QoS {
  return (numberOf(parsed, long, { min: 0, max: 2 }) ?? 0) as QoS;
}
