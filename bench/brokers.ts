import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep } from './load/meter.ts';
import { Failures, Peer } from './load/peer.ts';
import { outputOf, pinned } from './machine.ts';
import type { External } from './options.ts';

const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5000;
const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);

/** A broker that can be measured. */
export interface BrokerKind {
  readonly name: string;
  /** Version and settings, for the head of the report. */
  readonly about: string;
  /** Starts it on a free port of 127.0.0.1 and waits until it answers a CONNECT. */
  start(core: number | null): Promise<RunningBroker>;
}

export interface RunningBroker {
  readonly port: number;
  readonly pid: number;
  /** Answers SIGUSR2 with its heap size in this file; null when it has no such probe. */
  readonly probeFile: string | null;
  stop(): Promise<void>;
}

interface Launch {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly probeFile?: string;
}

/** Brokers by name in the order of the table; `null`: not installed here. */
export function findBrokers(): Map<string, BrokerKind | null> {
  return new Map([
    ['cauldron', cauldron()],
    ['mosquitto', mosquitto()],
    ['aedes', aedes()],
  ]);
}

function cauldron(): BrokerKind | null {
  const bin = path.join(root, 'packages/cli/bin/cauldron.js');
  if (!existsSync(bin)) return null;
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  return nodeBroker('cauldron', `cauldron ${version}, \`broker --memory\``, (port) => [
    bin,
    ...['broker', '--host', '127.0.0.1', '-p', String(port), '--memory'],
  ]);
}

function aedes(): BrokerKind | null {
  let manifest: string;
  try {
    manifest = findManifest(createRequire(import.meta.url).resolve('aedes'));
  } catch {
    // Not installed: aedes is no dependency, bench/README.md says how to add it.
    return null;
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const script = path.join(here, 'brokers/aedes.ts');
  return nodeBroker('aedes', `aedes ${version}, in-memory persistence`, (port) => [script, String(port)]);
}

/** The package.json above a resolved module. */
function findManifest(file: string): string {
  const folder = path.dirname(file);
  const candidate = path.join(folder, 'package.json');
  return existsSync(candidate) ? candidate : findManifest(folder);
}

function nodeBroker(name: string, about: string, args: (port: number) => string[]): BrokerKind {
  const probe = path.join(here, 'brokers/gc-probe.ts');
  return kind(name, about, (port, folder) => {
    const probeFile = path.join(folder, 'probe.json');
    return {
      command: [process.execPath, '--expose-gc', '--import', probe, ...args(port)],
      env: { BENCH_PROBE_FILE: probeFile },
      probeFile,
    };
  });
}

/** Debian puts it in /usr/sbin, which is not on every PATH. */
const MOSQUITTO_PLACES = ['mosquitto', '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'];

function mosquitto(): BrokerKind | null {
  for (const place of MOSQUITTO_PLACES) {
    const version = /version ([\d.]+)/.exec(outputOf(place, ['-h']) ?? '')?.[1];
    if (version === undefined) continue;
    const about = `mosquitto ${version}, its default settings (queue 1000, in flight 20), no persistence`;
    return kind('mosquitto', about, (port, folder) => {
      const file = path.join(folder, 'mosquitto.conf');
      const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence false', 'log_type error', ''];
      writeFileSync(file, lines.join('\n'));
      return { command: [place, '-c', file] };
    });
  }
  return null;
}

/** A broker that already runs; starting and stopping it is its owner's business. */
export function externalBroker({ name, pid, port }: External): BrokerKind {
  const running: RunningBroker = { port, pid, probeFile: null, stop: async () => {} };
  return {
    name,
    about: `${name}, already running as process ${pid}`,
    start: async () => {
      await answers(port, () => null);
      return running;
    },
  };
}

function kind(name: string, about: string, launch: (port: number, folder: string) => Launch): BrokerKind {
  return {
    name,
    about,
    async start(core) {
      const folder = mkdtempSync(path.join(os.tmpdir(), `bench-${name}-`));
      const port = await freePort();
      const { command, env, probeFile } = launch(port, folder);
      const [program, ...args] = pinned(core, command);
      const child = spawn(program!, args, {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
        cwd: folder,
      });
      const said = collect(child);
      const stop = async (): Promise<void> => {
        await end(child);
        rmSync(folder, { recursive: true, force: true });
      };
      try {
        await answers(port, () => ended(child, said()));
      } catch (error) {
        await stop();
        throw error;
      }
      return { port, pid: child.pid!, probeFile: probeFile ?? null, stop };
    },
  };
}

/** The last of what a process writes to its standard error, for the message when it fails. */
function collect(child: ChildProcess): () => string {
  let text = '';
  child.on('error', (error) => {
    text += error.message;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-500);
  });
  return () => text.trim();
}

function ended(child: ChildProcess, said: string): string | null {
  if (child.pid === undefined) return `it could not be started: ${said}`;
  if (child.exitCode === null && child.signalCode === null) return null;
  return `it ended with ${child.exitCode ?? child.signalCode}: ${said}`;
}

/** Waits until an MQTT CONNECT is answered on `port`; throws when `gone` tells why that will not happen. */
async function answers(port: number, gone: () => string | null): Promise<void> {
  const limit = performance.now() + START_LIMIT_MS;
  let last = '';
  while (performance.now() < limit) {
    const why = gone();
    if (why !== null) throw new Error(why);
    try {
      const options = { host: '127.0.0.1', port, version: 4, clientId: 'bench-ready', countPublishes: true } as const;
      (await Peer.open(options, new Failures())).close();
      return;
    } catch (error) {
      last = (error as Error).message;
      await sleep(50);
    }
  }
  throw new Error(`it answered no CONNECT on port ${port} within ${START_LIMIT_MS / 1000} s (${last})`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
