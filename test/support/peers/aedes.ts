import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { stablePort } from '../stable-port.ts';
import { type PeerEngine, type PeerKind, peerOf } from './peer.ts';

/** aedes in this process. It keeps sessions in memory, so while it is stopped only its listeners are gone. */
export const aedes: PeerKind = {
  name: 'aedes',
  versions: [4],
  quirks: { needsSubscription: true, repeatsAndReorders: 'always' },
  make: async (cleanup) => {
    const engine = new InProcess(await stablePort(), await stablePort(), await Aedes.createBroker());
    cleanup.after(() => engine.end());
    return peerOf(aedes, engine);
  },
};

class InProcess implements PeerEngine {
  readonly port: number;
  readonly webSocketUrl: string;
  readonly #webSocketPort: number;
  #broker: Aedes;
  #tcp: Server | undefined;
  #http: HttpServer | undefined;
  readonly #sockets = new Set<Socket>();

  constructor(port: number, webSocketPort: number, broker: Aedes) {
    this.port = port;
    this.#webSocketPort = webSocketPort;
    this.webSocketUrl = `ws://127.0.0.1:${webSocketPort}/mqtt`;
    this.#broker = broker;
  }

  async start(): Promise<void> {
    this.#tcp = createTcpServer({ noDelay: true }, (socket) => {
      this.#keep(socket);
      this.#broker.handle(readingWhole(socket));
    });
    this.#http = createServer().on('connection', (socket) => this.#keep(socket));
    const webSockets = new WebSocketServer({ server: this.#http, path: '/mqtt' });
    webSockets.on('connection', (socket, request) => {
      this.#broker.handle(readingWhole(createWebSocketStream(socket)), request);
    });
    await listen(this.#tcp, this.port);
    await listen(this.#http, this.#webSocketPort);
  }

  async stop(): Promise<void> {
    const closed = [this.#tcp, this.#http].map((server) => new Promise((resolve) => server?.close(resolve)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
    this.#tcp = undefined;
    this.#http = undefined;
  }

  async forget(): Promise<void> {
    await this.#closeBroker();
    this.#broker = await Aedes.createBroker();
  }

  async end(): Promise<void> {
    if (this.#tcp !== undefined) await this.stop();
    await this.#closeBroker();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => void this.#sockets.delete(socket));
  }

  #closeBroker(): Promise<void> {
    return new Promise((resolve) => this.#broker.close(resolve));
  }
}

/**
 * aedes reads once when it is told that there is something to read, and takes that for everything. Where Node returns one
 * piece at a time and the first is the beginning of a packet, it would wait for ever.
 */
function readingWhole<S extends Duplex>(stream: S): S {
  const readOnce = stream.read.bind(stream);
  stream.read = (size?: number | null): Buffer | null => {
    // Only aedes asks so; the stream itself asks for 0 bytes and others.
    if (size !== null) return readOnce(size);
    const pieces: Buffer[] = [];
    for (let piece = readOnce(); piece !== null; piece = readOnce()) pieces.push(piece);
    return pieces.length === 0 ? null : Buffer.concat(pieces);
  };
  return stream;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
