/** What is installed here and how it is called. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrokerKind, commandBroker } from './launch.ts';
import { outputOf } from './machine.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export interface CauldronBin {
  readonly bin: string;
  readonly version: string;
}

/** The command that is given, or the one of this clone; null where there is none. */
export function findCauldron(given: string | null): CauldronBin | null {
  const bin = given ?? path.join(root, 'packages/cli/bin/cauldron.js');
  if (!existsSync(bin)) return null;
  const { version } = JSON.parse(readFileSync(findManifest(bin), 'utf8')) as { version: string };
  return { bin, version: given === null ? `${version} (sources)` : version };
}

/** The package.json above a resolved module. */
export function findManifest(file: string): string {
  const folder = path.dirname(file);
  const candidate = path.join(folder, 'package.json');
  return existsSync(candidate) ? candidate : findManifest(folder);
}

/** Debian puts it in /usr/sbin, which is not on every PATH. */
const MOSQUITTO_PLACES = ['mosquitto', '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'];

function findMosquitto(): { program: string; version: string } | null {
  for (const program of MOSQUITTO_PLACES) {
    const version = /version ([\d.]+)/.exec(outputOf(program, ['-h']) ?? '')?.[1];
    if (version !== undefined) return { program, version };
  }
  return null;
}

/** Mosquitto with further lines of configuration; null where it is not installed. `settings` may write files. */
export function mosquittoWith(name: string, how: string, settings: (folder: string) => string[]): BrokerKind | null {
  const found = findMosquitto();
  if (found === null) return null;
  const about = `${name} ${found.version}, ${how}`;
  return commandBroker(name, about, (port, folder) => {
    const file = path.join(folder, 'mosquitto.conf');
    const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'log_type error', ...settings(folder), ''];
    writeFileSync(file, lines.join('\n'));
    return { command: [found.program, '-c', file] };
  });
}

/** Started by root, mosquitto would become a user of its own, who may not read or write here. */
export const asRoot = (): string[] => (process.getuid?.() === 0 ? ['user root'] : []);
