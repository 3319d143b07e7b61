import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, createBroker } from '@cauldron/broker';
import { repositoryRoot } from '../../../scripts/lib/source-tree.ts';
import { type Cleanup, type StartedProcess, startProcess } from '../process.ts';
import { stablePort } from '../stable-port.ts';
import { type Peer, type PeerEngine, type PeerKind, peerOf } from './peer.ts';

/** Milliseconds a broker process may take to start or stop on a busy machine. */
const PATIENCE = 30_000;
const versions = [5, 4] as const;
/** With any port: a WebSocket that comes through a proxy names the proxy's. */
const HOST = '127.0.0.1';

/** Cauldron in this process, with a durable store. */
export const cauldron: PeerKind = {
  name: 'Cauldron',
  versions,
  quirks: {},
  make: async (cleanup) => {
    const engine = new InProcess(cleanup, await stablePort(), await stablePort());
    cleanup.after(() => engine.stop());
    return peerOf(cauldron, engine);
  },
};

/** A Cauldron of its own process, which can be killed. */
export interface KillablePeer extends Peer {
  /** Ends it as a power failure would, without a word to anybody, and starts it again. */
  killAndStart(): Promise<void>;
}

/** Cauldron as a process with a durable store. */
export const cauldronProcess: PeerKind<KillablePeer> = {
  name: 'Cauldron (process)',
  versions,
  quirks: {},
  make: async (cleanup) => {
    const engine = new OwnProcess(cleanup, await stablePort(), await stablePort());
    const killAndStart = async (): Promise<void> => {
      await engine.kill();
      await engine.start();
    };
    return { ...peerOf(cauldronProcess, engine), killAndStart };
  },
};

/** A folder for data and configuration, removed with `cleanup`. */
function folderOf(cleanup: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-peer-'));
  cleanup.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const urlOf = (webSocketPort: number): string => `ws://127.0.0.1:${webSocketPort}/mqtt`;

class InProcess implements PeerEngine {
  readonly port: number;
  readonly webSocketUrl: string;
  readonly #webSocketPort: number;
  readonly #data: string;
  #broker: Broker | undefined;

  constructor(cleanup: Cleanup, port: number, webSocketPort: number) {
    this.port = port;
    this.#webSocketPort = webSocketPort;
    this.webSocketUrl = urlOf(webSocketPort);
    this.#data = join(folderOf(cleanup), 'data');
  }

  async start(): Promise<void> {
    this.#broker = await createBroker({
      listeners: [{ port: this.port }, { port: this.#webSocketPort, webSocket: { names: [HOST] } }],
      data: { directory: this.#data },
      log: { level: 'silent' },
      sys: { interval: 0 },
      // Clients whose connections are cut all the time are what it is here for.
      limits: { maxReconnects: 0 },
    });
  }

  async stop(): Promise<void> {
    await this.#broker?.close();
    this.#broker = undefined;
  }

  forget(): void {
    rmSync(this.#data, { recursive: true, force: true });
  }
}

class OwnProcess implements PeerEngine {
  readonly port: number;
  readonly webSocketUrl: string;
  readonly #cleanup: Cleanup;
  readonly #folder: string;
  #process: StartedProcess | undefined;

  constructor(cleanup: Cleanup, port: number, webSocketPort: number) {
    this.port = port;
    this.webSocketUrl = urlOf(webSocketPort);
    this.#cleanup = cleanup;
    this.#folder = folderOf(cleanup);
    const listeners = `[[listeners]]\nport = ${port}\n[[listeners]]\nport = ${webSocketPort}\nwebSocket = { names = ["${HOST}"] }\n`;
    const rest = '[limits]\nmaxReconnects = 0\n[sys]\ninterval = 0\n[data]\ndirectory = "data"\n';
    writeFileSync(join(this.#folder, 'peer.toml'), `${listeners}${rest}`);
  }

  async start(): Promise<void> {
    const command = join(repositoryRoot, 'packages', 'cli', 'bin', 'cauldron.js');
    const args = [command, 'broker', '-c', 'peer.toml'];
    this.#process = startProcess(this.#cleanup, process.execPath, args, { cwd: this.#folder });
    await this.#process.waitForLine(/^Cauldron listens on /, PATIENCE);
  }

  async stop(): Promise<void> {
    const { code, signal } = await this.#end('SIGTERM');
    if (code !== 0) throw new Error(`the broker ended with ${code ?? signal}: ${this.#process!.stderr}`);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  forget(): void {
    rmSync(join(this.#folder, 'data'), { recursive: true, force: true });
  }

  async #end(how: NodeJS.Signals): ReturnType<StartedProcess['waitForExit']> {
    this.#process!.kill(how);
    return this.#process!.waitForExit(PATIENCE);
  }
}
