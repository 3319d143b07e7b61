import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { sleep } from './load/meter.ts';
import { Failures, Peer } from './load/peer.ts';
import { pinned } from './machine.ts';

const START_LIMIT_MS = 15_000;
/** A start that has to read back what was kept may take longer than one of an empty broker. */
const RESTART_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 5000;
/** Stopping may mean writing everything down first. */
const SAVE_LIMIT_MS = 120_000;
/** How often a starting broker is asked whether it is ready; times of restarts are this coarse. */
const ASK_MS = 10;

/** A broker that can be measured. */
export interface BrokerKind {
  readonly name: string;
  /** Version and settings, for the head of the report. */
  readonly about: string;
  /** Starts it on a free port of 127.0.0.1, with a new folder under `base`, and waits until it answers a CONNECT. */
  start(core: number | null, base: string): Promise<RunningBroker>;
}

export interface RunningBroker {
  readonly port: number;
  /** Another one after a restart. */
  readonly pid: number;
  /** From the start of its first process until it answered a CONNECT; null where it ran already. */
  readonly startSeconds: number | null;
  /** The folder it writes to. */
  readonly folder: string;
  /** Answers SIGUSR2 with its heap size in this file; null when it has no such probe. */
  readonly probeFile: string | null;
  /**
   * Ends it by `signal` and starts it again with what it has kept. Answers the seconds from the start of the process
   * until it answers a CONNECT, and how long the end took.
   */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ stopSeconds: number; readySeconds: number }>;
  stop(): Promise<void>;
}

export interface Launch {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly probeFile?: string;
}

/** A broker that is started by a command of its own; `launch` is asked for it once per run. */
export function commandBroker(
  name: string,
  about: string,
  launch: (port: number, folder: string) => Launch,
): BrokerKind {
  return {
    name,
    about,
    async start(core, base) {
      const folder = mkdtempSync(path.join(base, `bench-${name}-`));
      const port = await freePort();
      const broker = new CommandBroker(launch(port, folder), port, folder, core);
      try {
        broker.startSeconds = await broker.up(START_LIMIT_MS);
      } catch (error) {
        await broker.stop();
        throw error;
      }
      return broker;
    },
  };
}

class CommandBroker implements RunningBroker {
  readonly port: number;
  readonly folder: string;
  startSeconds: number | null = null;
  readonly #launch: Launch;
  readonly #core: number | null;
  #child: ChildProcess | null = null;

  constructor(launch: Launch, port: number, folder: string, core: number | null) {
    this.#launch = launch;
    this.port = port;
    this.folder = folder;
    this.#core = core;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  get probeFile(): string | null {
    return this.#launch.probeFile ?? null;
  }

  /** Starts the process and waits until it answers; returns the seconds that took. */
  async up(limitMs: number): Promise<number> {
    const { command, env } = this.#launch;
    const [program, ...args] = pinned(this.#core, command);
    const started = performance.now();
    const child = spawn(program!, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: this.folder,
    });
    this.#child = child;
    const said = collect(child);
    await answers(this.port, limitMs, () => ended(child, said()));
    return (performance.now() - started) / 1000;
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ stopSeconds: number; readySeconds: number }> {
    const asked = performance.now();
    await end(this.#child, signal, SAVE_LIMIT_MS);
    const stopSeconds = (performance.now() - asked) / 1000;
    return { stopSeconds, readySeconds: await this.up(RESTART_LIMIT_MS) };
  }

  async stop(): Promise<void> {
    // Its folder goes with it: time to save would be spent for nothing, and on the disk of the next run.
    await end(this.#child, 'SIGKILL', STOP_LIMIT_MS);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const MOST_SAID = 4000;

/** What a process writes to its standard error, for the message when it fails: the line that names an error, or the last. */
function collect(child: ChildProcess): () => string {
  let text = '';
  child.on('error', (error) => {
    text += error.message;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-MOST_SAID);
  });
  return () => {
    const lines = text.trim().split('\n');
    return (lines.find((line) => /error\b/i.test(line)) ?? lines.at(-1) ?? '').trim();
  };
}

function ended(child: ChildProcess, said: string): string | null {
  if (child.pid === undefined) return `it could not be started: ${said}`;
  if (child.exitCode === null && child.signalCode === null) return null;
  return `it ended with ${child.exitCode ?? child.signalCode}: ${said}`;
}

/** Waits until an MQTT CONNECT is answered on `port`; throws when `gone` tells why that will not happen. */
export async function answers(port: number, limitMs: number, gone: () => string | null): Promise<void> {
  const limit = performance.now() + limitMs;
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
      await sleep(ASK_MS);
    }
  }
  throw new Error(`it answered no CONNECT on port ${port} within ${limitMs / 1000} s (${last})`);
}

/** Ends a process by `signal`; one that has not gone after `limitMs` is killed. */
async function end(child: ChildProcess | null, signal: 'SIGTERM' | 'SIGKILL', limitMs: number): Promise<void> {
  if (child === null || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
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
