import { resolve } from 'node:path';
import type { Config, LoadedConfig } from '@cauldron/broker/config';
import type { Exposure, ListenerExposure } from '@cauldron/broker/exposure';

/** Where a running broker can be reached. */
export interface Address {
  /** That of the listener in the {@link Exposure}. */
  readonly name: string;
  /** Absent = a Unix socket. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly url: string;
}

const LABEL = 11;

/**
 * What a user wants to know of a broker that has just started. The link comes last, where people look.
 *
 * @param dashboardUrl null = no listener serves the dashboard
 */
export function bannerLines(
  addresses: readonly Address[],
  loaded: LoadedConfig,
  exposure: Exposure,
  dashboardUrl: string | null = null,
): string[] {
  const mqtt = addresses.filter((address) => !isWebSocket(address));
  const webSocket = addresses.filter(isWebSocket);
  const [first, second] = mqtt.length === 0 ? [webSocket, []] : [mqtt, webSocket];
  return [
    `Cauldron listens on ${urlsOf(first)}`,
    ...(second.length === 0 ? [] : [labelled('WebSocket', urlsOf(second))]),
    ...openTo(addresses, exposure).map((text, index) => labelled(index === 0 ? 'open to' : '', text)),
    labelled('kept', kept(loaded)),
    labelled('configured', loaded.file ?? 'defaults (no configuration file found)'),
    ...(mqtt.length === 0 ? [] : tryIt(target(mqtt, exposure))),
    labelled('stop it', 'Ctrl-C'),
    ...(dashboardUrl === null ? [] : ['', `Dashboard: ${dashboardUrl}`]),
  ];
}

const isWebSocket = ({ url }: Address): boolean => /^wss?:/.test(url);

const urlsOf = (addresses: readonly Address[]): string => addresses.map(({ url }) => url).join(' and ');

const tryIt = (hint: string): string[] => [
  labelled('try it', `npx cauldron sub -t 'hello/#' -v${hint}`),
  labelled('', `npx cauldron pub -t hello/world -m hi${hint}`),
];

/** Who can reach it and what they are asked for: one line where that is the same everywhere, else with the addresses. */
function openTo(addresses: readonly Address[], { listeners }: Exposure): string[] {
  const byText = new Map<string, string[]>();
  for (const { name, url } of addresses) {
    const listener = listeners.find((one) => one.name === name);
    if (listener === undefined) continue;
    const text = openness(listener);
    byText.set(text, [...(byText.get(text) ?? []), url]);
  }
  return [...byText].map(([text, urls]) => (byText.size === 1 ? text : `${text} (${urls.join(', ')})`));
}

function openness(listener: ListenerExposure): string {
  const { reachable, encrypted, proxied } = listener;
  const who = reachable === 'network' ? 'other machines too' : 'programs on this machine only';
  const tls = encrypted ? ['encrypted (TLS)'] : reachable === 'network' && !proxied ? ['not encrypted'] : [];
  return [who, askedFor(listener), ...tls].join('; ');
}

const PROOFS = { login: 'a login', certificate: 'a client certificate', psk: 'a TLS key' } as const;

function askedFor({ anonymous, proofs }: ListenerExposure): string {
  const what = proofs.map((proof) => PROOFS[proof]).join(' or ');
  if (anonymous) return proofs.length === 0 ? 'no password is asked for' : `${what} is possible, not needed`;
  return proofs.length === 0 ? 'nobody can log in, because no provider is configured' : `${what} is needed`;
}

/** The folder of the durable store, as a whole path; undefined where everything is in memory. */
export function dataFolder({ data: { directory, memory } }: Config): string | undefined {
  return directory === undefined || memory ? undefined : resolve(directory);
}

function kept({ config, originOf }: LoadedConfig): string {
  const folder = dataFolder(config);
  if (folder === undefined) {
    const { source, file, line } = originOf(['data', 'memory']) ?? {};
    const why = source ?? (line === undefined ? file : `${file}:${line}`);
    return `in memory; sessions and retained messages are lost when it stops${why === undefined ? '' : ` (${why})`}`;
  }
  const promise = config.data.ack === 'disk' ? 'acknowledged means on disk' : 'acknowledged before it is on disk';
  return `in ${folder} (durable: ${promise})`;
}

const labelled = (label: string, text: string): string => `  ${label.padEnd(LABEL)} ${text}`;

/** The flags that make `cauldron pub` and `sub` reach this broker where their defaults (localhost, 1883) do not. */
function target(addresses: readonly Address[], { listeners }: Exposure): string {
  const listenerOf = ({ name }: Address) => listeners.find((one) => one.name === name);
  const isEasy = (address: Address) => address.host === '127.0.0.1' || address.host === '0.0.0.0';
  const best = addresses.find(isEasy) ?? addresses[0];
  if (best === undefined) return '';
  const listener = listenerOf(best);
  const login = listener?.anonymous === false ? loginFlags(listener) : '';
  if (best.path !== undefined) return ` --unix ${best.path}${login}`;
  const byDefault = ['localhost', '127.0.0.1', '0.0.0.0', '::', undefined].includes(best.host);
  const host = byDefault ? '' : ` -h ${best.host}`;
  const tls = listener?.encrypted === true ? ' --cafile FILE' : '';
  return `${host}${best.port === 1883 && tls === '' ? '' : ` -p ${best.port}`}${tls}${login}`;
}

function loginFlags({ proofs }: ListenerExposure): string {
  if (proofs.includes('login')) return ' -u USER --password-file FILE';
  return proofs.includes('certificate') ? ' --cert FILE --key FILE' : '';
}
