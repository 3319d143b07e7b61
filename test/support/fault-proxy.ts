import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FaultPipe } from './fault-pipe.ts';
import { describePoint, type Fault, type FaultPoint, type FaultSchedule } from './fault-schedule.ts';
import type { Cleanup } from './process.ts';
import { stablePort } from './stable-port.ts';

/**
 * Stands between clients and a broker on 127.0.0.1 and does to their connections what a schedule says, at the byte it says.
 *
 * @example
 * const proxy = await FaultProxy.open(t, broker.port);
 * proxy.plan([[{ direction: 'toClient', at: 4, fault: { kind: 'reset', refuseFor: 20 } }]]);
 */
export class FaultProxy {
  readonly port: number;
  /** What happened so far, a line each. */
  readonly history: string[] = [];
  readonly #target: number;
  #server: Server;
  #listening: Promise<void> = Promise.resolve();
  #plan: FaultSchedule = [];
  #planned = 0;
  #connections = 0;
  readonly #open = new Set<ProxiedConnection>();
  #refusal: { readonly over: NodeJS.Timeout } | null = null;
  #closed = false;

  /** Listens, and passes everything on until there is a plan; closed with `cleanup`. */
  static async open(cleanup: Cleanup, target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(await stablePort(), target);
    cleanup.after(() => proxy.close());
    proxy.#listening = proxy.#listen();
    await proxy.#listening;
    return proxy;
  }

  private constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
    this.#server = createServer();
  }

  /** Connections so far that reached the broker. */
  get connections(): number {
    return this.#connections;
  }

  /** What happens to the connections that reach the broker from now on, in their order. */
  plan(schedule: FaultSchedule): void {
    this.#plan = schedule;
    this.#planned = 0;
  }

  /** Ends every fault that lasts, and plans no others; connections that are open stay so. */
  async heal(): Promise<void> {
    this.plan([]);
    for (const connection of this.#open) connection.heal();
    this.#admit();
    await this.#listening;
  }

  /** Closes both sides of every open connection, at whatever byte they are. */
  cutAll(): void {
    for (const connection of this.#open) connection.end({ kind: 'cut', refuseFor: 0 });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refusal?.over);
    for (const connection of this.#open) connection.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #listen(): Promise<void> {
    // Half-closed connections are what it is for; a byte that was passed on leaves at once.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  #accept(socket: Socket): void {
    let number = 0;
    const connection = new ProxiedConnection(socket, this.#target, {
      reached: () => {
        number = ++this.#connections;
        return this.#plan[this.#planned++] ?? [];
      },
      note: (point) => void this.history.push(`connection ${number}: ${describePoint(point)}`),
      ended: ({ refuseFor }) => this.#refuse(refuseFor),
      gone: () => void this.#open.delete(connection),
    });
    this.#open.add(connection);
  }

  #refuse(milliseconds: number): void {
    if (milliseconds === 0 || this.#refusal !== null || this.#closed) return;
    this.#refusal = { over: setTimeout(() => this.#admit(), milliseconds) };
    // Nobody can connect from here on; connections that are open keep its `close` event back.
    this.#server.close();
  }

  #admit(): void {
    if (this.#refusal === null || this.#closed) return;
    clearTimeout(this.#refusal.over);
    this.#refusal = null;
    this.#listening = this.#listen();
  }
}

type Ending = Fault & { readonly kind: 'cut' | 'reset' };

interface ConnectionOwner {
  /** The broker has taken it; answers what happens to it. */
  reached(): readonly FaultPoint[];
  note(point: FaultPoint): void;
  /** A fault ended it. */
  ended(fault: Ending): void;
  /** Both of its sockets are closed. */
  gone(): void;
}

class ProxiedConnection {
  readonly #client: Socket;
  readonly #broker: Socket;
  readonly #owner: ConnectionOwner;
  #pipes: FaultPipe[] = [];
  #over = false;

  constructor(client: Socket, target: number, owner: ConnectionOwner) {
    this.#client = client;
    this.#owner = owner;
    this.#broker = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#watch(client, this.#broker);
    this.#watch(this.#broker, client);
    this.#broker.once('connect', () => this.#start());
  }

  #start(): void {
    if (this.#client.closed) {
      this.#broker.destroy();
      return;
    }
    const points = this.#owner.reached();
    const from = (wanted: FaultPoint['direction']) => points.filter(({ direction }) => direction === wanted);
    const pipeOwner = { note: this.#owner.note, end: (fault: Ending) => this.end(fault) };
    this.#pipes = [
      new FaultPipe(this.#client, this.#broker, from('toBroker'), pipeOwner),
      new FaultPipe(this.#broker, this.#client, from('toClient'), pipeOwner),
    ];
    if (this.#over) for (const pipe of this.#pipes) pipe.close();
  }

  heal(): void {
    for (const pipe of this.#pipes) pipe.heal();
  }

  end(fault: Ending): void {
    if (this.#over) return;
    this.#over = true;
    for (const pipe of this.#pipes) pipe.close();
    for (const socket of [this.#client, this.#broker]) {
      if (fault.kind === 'cut') socket.destroySoon();
      // An empty write: what was passed on before has left when it is done.
      else socket.write('', () => reset(socket));
    }
    this.#owner.ended(fault);
  }

  destroy(): void {
    this.#client.destroy();
    this.#broker.destroy();
  }

  #watch(socket: Socket, other: Socket): void {
    // It is closed next, and its peer is told the same way.
    socket.on('error', () => reset(other));
    socket.on('close', () => {
      for (const pipe of this.#pipes) if (pipe.target === socket) pipe.close();
      if (this.#client.closed && this.#broker.closed) this.#owner.gone();
    });
  }
}

/** Node cannot reset a socket that it is still ending: the attempt would leave one that is never closed. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
