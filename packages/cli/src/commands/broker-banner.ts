import { resolve } from 'node:path';
import type { Config, LoadedConfig } from '@cauldron/broker/config';

/** Where a running broker can be reached. */
export interface Address {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

const LABEL = 11;

/** What a user wants to know of a broker that has just started. */
export function bannerLines(addresses: readonly Address[], loaded: LoadedConfig): string[] {
  const isLocal = addresses.every(({ host }) => isLoopback(host));
  return [
    `Cauldron listens on ${addresses.map(({ url }) => url).join(' and ')}`,
    labelled(
      'open to',
      `${isLocal ? 'programs on this machine only' : 'other machines too'}; no password is asked for`,
    ),
    labelled('kept', kept(loaded)),
    labelled('configured', loaded.file ?? 'defaults (no configuration file found)'),
    labelled('try it', `npx cauldron sub -t 'hello/#' -v${target(addresses)}`),
    labelled('', `npx cauldron pub -t hello/world -m hi${target(addresses)}`),
    labelled('stop it', 'Ctrl-C'),
  ];
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

/** What an operator has to be told even where nobody reads the banner. */
export function startWarnings(addresses: readonly Address[]): string[] {
  const open = addresses.filter(({ host }) => !isLoopback(host)).map(({ url }) => url);
  if (open.length === 0) return [];
  return [
    `anyone who reaches ${open.join(' or ')} may read and publish everything: there is no authentication yet. ` +
      'Listen on 127.0.0.1 unless the network is yours alone.',
  ];
}

/** The flags that make `cauldron pub` and `sub` reach this broker where their defaults (localhost, 1883) do not. */
function target(addresses: readonly Address[]): string {
  const best = addresses.find(({ host }) => host === '127.0.0.1' || host === '0.0.0.0') ?? addresses[0];
  if (best === undefined) return '';
  const byDefault = ['localhost', '127.0.0.1', '0.0.0.0', '::'].includes(best.host);
  return `${byDefault ? '' : ` -h ${best.host}`}${best.port === 1883 ? '' : ` -p ${best.port}`}`;
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/i.test(host);
}
