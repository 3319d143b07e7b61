import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { NodeClientOptions } from '@cauldron/client';
import type { Parsed } from './command.ts';
import { UsageError } from './command.ts';
import { tlsOptions } from './tls-options.ts';
import { listOf, numberOf, textOf } from './values.ts';

/** Where the broker is, and what `-L` said beside. */
export interface Where {
  /** As `connect` of the client takes it, without user and password. */
  readonly url: string;
  readonly tls: NodeClientOptions['tls'];
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The topic in an mqtt URL. */
  readonly topic: string | undefined;
}

/** The path of WebSockets where the URL names none. */
const WEB_SOCKET_PATH = '/mqtt';

interface UrlParts {
  readonly kind: 'mqtt' | 'ws' | 'unix';
  readonly secure: boolean;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  /** The topic, the path and query of a WebSocket, or the path of a Unix socket. */
  readonly rest: string;
}

/**
 * Puts together `-L`, `-h`, `-p`, `--unix`, `--header` and the TLS flags; the single ones override the URL.
 *
 * @throws {UsageError} what makes no sense
 */
export function whereOf(parsed: Parsed): Where {
  const given = readUrl(textOf(parsed, 'url'));
  const unix = textOf(parsed, 'unix') ?? (given.kind === 'unix' ? given.rest : undefined);
  const host = textOf(parsed, 'host') ?? given.host ?? 'localhost';
  const port = numberOf(parsed, 'port', { min: 1, max: 65_535 }) ?? given.port;
  const kind = unix === undefined ? given.kind : 'unix';
  const tls = tlsOptions(parsed, { secure: given.secure, port: kind === 'ws' ? undefined : port });
  const headers = headersOf(parsed, kind);
  const { username, password } = given;
  const topic = given.kind === 'mqtt' && given.rest !== '' ? given.rest : undefined;
  const common = { tls, headers, username, password, topic };
  if (unix !== undefined)
    return { ...common, url: `unix://${encodeURI(resolve(unix)).replaceAll(/[?#]/g, encodeURIComponent)}` };
  const scheme = kind === 'ws' ? 'ws' : 'mqtt';
  const authority = `${hostInUrl(host)}${port === undefined ? '' : `:${port}`}`;
  return {
    ...common,
    url: `${scheme}${tls === undefined ? '' : 's'}://${authority}${kind === 'ws' ? given.rest : ''}`,
  };
}

function hostInUrl(host: string): string {
  const shown = isIP(host) === 6 ? `[${host.replace('%', '%25')}]` : host;
  if (!URL.canParse(`http://${shown.replace(/%25.*\]/, ']')}`) || /[/?#@]/.test(host)) {
    throw new UsageError(`-h must be a host name or an IP address, not "${host}"`);
  }
  return shown;
}

/** @throws {UsageError} when it is no URL of a broker */
function readUrl(text: string | undefined): UrlParts {
  if (text === undefined) return { kind: 'mqtt', secure: false, rest: '' };
  const found = /^(mqtts?|wss?|(?:mqtts?\+)?unix):\/\/([^/]*)(.*)$/i.exec(text);
  if (found === null) throw wrongUrl(text);
  const scheme = found[1]!.toLowerCase();
  const [authority, rest] = [found[2]!, found[3]!];
  if (scheme.endsWith('unix')) {
    if (authority !== '' || rest === '') throw wrongUrl(text);
    return { kind: 'unix', secure: scheme.startsWith('mqtts'), rest: decode(rest, 'the path') };
  }
  const http = `http://${authority}`;
  if (authority === '' || !URL.canParse(http)) throw wrongUrl(text);
  const url = new URL(http);
  const isWebSocket = scheme.startsWith('ws');
  // The parser leaves out port 80 as the usual one of http.
  const port = authority.endsWith(':80') ? 80 : Number(url.port);
  return {
    kind: isWebSocket ? 'ws' : 'mqtt',
    secure: scheme === 'mqtts' || scheme === 'wss',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port === 0 ? {} : { port }),
    ...(url.username === '' ? {} : { username: decode(url.username, 'the user name') }),
    ...(url.password === '' ? {} : { password: decode(url.password, 'the password') }),
    // A topic may hold ? and #, which a URL would cut off: it is everything behind the host.
    rest: isWebSocket ? rest || WEB_SOCKET_PATH : rest.slice(1),
  };
}

const wrongUrl = (text: string): UsageError =>
  new UsageError(
    `-L must look like mqtt://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC (or mqtts://), ws://HOST[:PORT]/PATH (or wss://) or unix:///PATH, not "${text}"`,
  );

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(`-L: ${what} must be percent-encoded; "${text}" is not (write % as %25)`);
  }
}

function headersOf(parsed: Parsed, kind: UrlParts['kind']): Readonly<Record<string, string>> | undefined {
  const given = listOf(parsed, 'header');
  if (given.length === 0) return undefined;
  if (kind !== 'ws') throw new UsageError('--header is for WebSockets; add -L ws://HOST[:PORT]/PATH (or wss://)');
  return Object.fromEntries(given.map(readHeader));
}

function readHeader(text: string): [name: string, value: string] {
  const found = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/i.exec(text);
  if (found === null) throw new UsageError(`--header must look like NAME:VALUE, not "${text}"`);
  return [found[1]!, found[2]!];
}
