import type { LoadedConfig } from '@cauldron/broker/config';

/** Where a running broker can be reached. */
export interface Address {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

const LABEL = 11;

/** What a user wants to know of a broker that has just started. */
export function bannerLines(addresses: readonly Address[], { file }: LoadedConfig): string[] {
  const isLocal = addresses.every(({ host }) => isLoopback(host));
  return [
    `Cauldron listens on ${addresses.map(({ url }) => url).join(' and ')}`,
    labelled(
      'open to',
      `${isLocal ? 'programs on this machine only' : 'other machines too'}; no password is asked for`,
    ),
    labelled('kept', 'in memory; sessions and retained messages are lost when it stops'),
    labelled('configured', file ?? 'defaults (no configuration file found)'),
    labelled('try it', `npx cauldron sub -t 'hello/#' -v${target(addresses)}`),
    labelled('', `npx cauldron pub -t hello/world -m hi${target(addresses)}`),
    labelled('stop it', 'Ctrl-C'),
  ];
}

const labelled = (label: string, text: string): string => `  ${label.padEnd(LABEL)} ${text}`;

/** What an operator has to be told even where nobody reads the banner. */
export function startWarnings(addresses: readonly Address[], { config }: LoadedConfig): string[] {
  const open = addresses.filter(({ host }) => !isLoopback(host)).map(({ url }) => url);
  const { directory, memory } = config.data;
  return [
    ...(open.length > 0
      ? [
          `anyone who reaches ${open.join(' or ')} may read and publish everything: there is no authentication yet. ` +
            'Listen on 127.0.0.1 unless the network is yours alone.',
        ]
      : []),
    ...(directory !== undefined && !memory
      ? [
          `nothing is written to ${directory} yet: the durable store comes with the next version, and until then everything is kept in memory.`,
        ]
      : []),
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
