import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cleanup, type StartedProcess, startProcess } from '../process.ts';
import { stablePort } from '../stable-port.ts';
import { findTool } from '../tools.ts';
import { type PeerEngine, type PeerKind, peerOf } from './peer.ts';

/** Debian's Mosquitto, which keeps its sessions in a file. */
export const mosquitto: PeerKind = {
  name: 'Mosquitto',
  versions: [5, 4],
  // Its `max_inflight_messages`. Version 2.0.11 acknowledges a QoS 1 message that comes while 20 of QoS 2 wait for their
  // PUBREL, and routes it to nobody; the 21st of QoS 2 is forgotten when its connection ends.
  quirks: { maxInflight: 20, slowWebSocket: true, forgetsCleanStarts: true, repeatsAndReorders: 'when restarted' },
  make: async (cleanup) => {
    const folder = mkdtempSync(join(tmpdir(), 'cauldron-peer-'));
    cleanup.after(() => rmSync(folder, { recursive: true, force: true }));
    return peerOf(mosquitto, new Mosquitto(cleanup, folder, await stablePort(), await stablePort()));
  },
};

class Mosquitto implements PeerEngine {
  readonly port: number;
  readonly webSocketUrl: string;
  readonly #cleanup: Cleanup;
  readonly #folder: string;
  #process: StartedProcess | undefined;

  constructor(cleanup: Cleanup, folder: string, port: number, webSocketPort: number) {
    this.port = port;
    this.webSocketUrl = `ws://127.0.0.1:${webSocketPort}/mqtt`;
    this.#cleanup = cleanup;
    this.#folder = folder;
    const config = [
      // Started by root it would become a user of its own, who may not write here.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      'per_listener_settings false',
      'allow_anonymous true',
      'persistence true',
      `persistence_location ${folder}/`,
      // Nothing is dropped: what is not delivered is lost.
      'max_queued_messages 0',
      'set_tcp_nodelay true',
      `listener ${port} 127.0.0.1`,
      `listener ${webSocketPort} 127.0.0.1`,
      'protocol websockets',
      '',
    ];
    writeFileSync(join(folder, 'mosquitto.conf'), config.join('\n'));
  }

  async start(): Promise<void> {
    const args = ['-v', '-c', join(this.#folder, 'mosquitto.conf')];
    this.#process = startProcess(this.#cleanup, findTool('mosquitto'), args);
    await this.#process.waitForLine(/mosquitto version .* running/);
  }

  /** It writes its file when it is asked to end. */
  async stop(): Promise<void> {
    this.#process!.kill('SIGTERM');
    const { code, signal } = await this.#process!.waitForExit();
    if (code !== 0) throw new Error(`mosquitto ended with ${code ?? signal}: ${this.#process!.stderr}`);
  }

  forget(): void {
    rmSync(join(this.#folder, 'mosquitto.db'), { force: true });
  }
}
