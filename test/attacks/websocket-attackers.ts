import { connect, type Socket } from 'node:net';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { type Attack, type AttackStats, type AttackTarget, nothingYet } from '@cauldron/testkit/attacks';
import { clientFrame } from '../support/client-frame.ts';

/** Unsent bytes above which an attacker sends nothing more: without bound it would only hurt itself. */
const MOST_UNSENT = 1_048_576;

/** What attackers over WebSocket do. */
export interface WebSocketAttack {
  /** Connections at the same time; one that ended is made again. Default 2. */
  readonly clients?: number;
  /** Logs in with a CONNECT before anything else; default true. */
  readonly login?: boolean;
  /** Never reads what it is answered. */
  readonly deaf?: boolean;
  /** What an upgraded connection sends, again and again as fast as it goes out. An action is one of it. */
  readonly bytes: Uint8Array;
  /** Asks for compression. */
  readonly compression?: boolean;
}

/** The request of a client that does what it should. */
export function upgradeRequest({ port }: AttackTarget, compression = false): string {
  const extension = compression ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : '';
  return (
    `GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n${extension}\r\n`
  );
}

/** Connections of one attack, made again when they end, and what was counted of them. */
export class Crew implements Attack {
  readonly stats: AttackStats = nothingYet();
  readonly #sockets = new Set<Socket>();
  readonly #target: AttackTarget;
  readonly #begin: (socket: Socket, number: number) => void;
  #stopping = false;

  constructor(target: AttackTarget, clients: number, begin: (socket: Socket, number: number) => void) {
    this.#target = target;
    this.#begin = begin;
    for (let number = 0; number < clients; number++) this.#open(number);
  }

  #open(number: number): void {
    const socket = connect({ ...this.#target, noDelay: true });
    this.#sockets.add(socket);
    let made = false;
    socket.on('connect', () => {
      made = true;
      this.stats.opened += 1;
      this.#begin(socket, number);
    });
    socket.on('error', () => {
      this.stats.failed += 1;
    });
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#stopping) return;
      if (made) this.stats.closed += 1;
      setTimeout(() => this.#stopping || this.#open(number), 5);
    });
  }

  send(socket: Socket, bytes: Uint8Array | string): void {
    socket.write(bytes);
    this.stats.actions += 1;
    this.stats.bytesSent += bytes.length;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      [...this.#sockets].map((socket) => {
        const closed = new Promise((resolve) => void socket.once('close', resolve));
        socket.destroy();
        return closed;
      }),
    );
  }
}

/** Upgraded connections that send the same bytes over and over. */
export function flood(target: AttackTarget, attack: WebSocketAttack): Attack {
  const { clients = 2, login = true, deaf = false, bytes, compression = false } = attack;
  const crew: Crew = new Crew(target, clients, (socket, number) => {
    const clientId = `attack-${number}`;
    const fields = { protocolVersion: 5, clientId, cleanStart: true, keepAlive: 0 } as const;
    socket.write(upgradeRequest(target, compression));
    if (login) socket.write(clientFrame(encodePacket({ type: PacketType.connect, ...fields }, 5)));
    socket.once('data', () => {
      if (deaf) socket.pause();
      else socket.resume();
      const pump = (): void => {
        if (socket.destroyed) return;
        if (socket.writable && socket.writableLength < MOST_UNSENT) crew.send(socket, bytes);
        setImmediate(pump);
      };
      pump();
    });
  });
  return crew;
}

/** Connections whose request comes a byte at a time and never ends. */
export function slowHeaders(target: AttackTarget, clients: number): Attack {
  const request = upgradeRequest(target).slice(0, -2);
  const crew: Crew = new Crew(target, clients, (socket) => {
    socket.resume();
    let at = 0;
    const timer = setInterval(() => {
      crew.send(socket, at < request.length ? request[at]! : 'X');
      at += 1;
    }, 20);
    socket.on('close', () => clearInterval(timer));
  });
  return crew;
}

/** Connections that ask for a page, and keep asking a byte at a time. */
export function slowPages(target: AttackTarget, clients: number): Attack {
  const crew: Crew = new Crew(target, clients, (socket) => {
    socket.resume();
    crew.send(socket, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\n\r\nGET / HT`);
  });
  return crew;
}
