import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The command that brings the tools this suite needs; named in every error about a missing one. */
export const INSTALL_COMMAND = 'node scripts/ensure-tools.ts';

/** A Debian package, and how to see that what the tests take from it is there. */
export interface RequiredTool {
  readonly debianPackage: string;
  readonly isPresent: () => boolean;
}

/** Everything the tests need that npm does not bring. */
export const REQUIRED_TOOLS: readonly RequiredTool[] = [
  {
    debianPackage: 'mosquitto',
    isPresent: () => lookUp('mosquitto', SYSTEM_FOLDERS) !== null && lookUp('mosquitto_passwd') !== null,
  },
  {
    debianPackage: 'mosquitto-clients',
    isPresent: () => lookUp('mosquitto_pub') !== null && lookUp('mosquitto_sub') !== null,
  },
  { debianPackage: 'python3-paho-mqtt', isPresent: () => lookUpPython() !== null },
  { debianPackage: 'slapd', isPresent: () => lookUp('slapd', SYSTEM_FOLDERS) !== null },
  { debianPackage: 'postgresql', isPresent: () => lookUp('postgres', postgresqlFolders()) !== null },
  { debianPackage: 'openssl', isPresent: () => lookUp('openssl') !== null },
  { debianPackage: 'chromium', isPresent: () => lookUp('chromium') !== null },
];

/**
 * The full path of an executable: on PATH, among the system's daemons, or PostgreSQL's (newest version first).
 *
 * @throws Error naming the command that installs it; a test never passes because a tool is missing.
 */
export function findTool(name: string): string {
  const path = lookUp(name, [...SYSTEM_FOLDERS, ...postgresqlFolders()]);
  if (path === null) throw missing(`${name} is not on PATH`);
  return path;
}

/**
 * The full path of a Python 3 that can `import paho.mqtt.client`: not always the first `python3` on PATH, since the
 * Debian package serves the system's interpreter only.
 *
 * @throws Error naming the command that installs it.
 */
export function findPython(): string {
  const path = lookUpPython();
  if (path === null) throw missing('no python3 here can import paho.mqtt.client');
  return path;
}

let knownPython: string | null = null;

function lookUpPython(): string | null {
  if (knownPython !== null) return knownPython;
  const candidates = new Set(['/usr/bin/python3', ...everyOnPath('python3')]);
  for (const candidate of candidates) {
    const probe = spawnSync(candidate, ['-c', 'import paho.mqtt.client'], { stdio: 'ignore' });
    if (probe.status === 0) {
      knownPython = candidate;
      return candidate;
    }
  }
  return null;
}

/** Where Debian puts daemons; not on every user's PATH. */
const SYSTEM_FOLDERS: readonly string[] = ['/usr/sbin', '/sbin'];

/** Debian keeps each version's programs in a folder of its own and puts only the clients on PATH. */
function postgresqlFolders(): string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, 'bin'));
}

function lookUp(name: string, alsoIn: readonly string[] = []): string | null {
  return everyOnPath(name)[0] ?? alsoIn.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function everyOnPath(name: string): string[] {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Absent or not executable: either way it cannot be run, which is the answer.
  }
}

function missing(what: string): Error {
  return new Error(`${what}: run "${INSTALL_COMMAND}", which installs what the tests need or says how to.`);
}
