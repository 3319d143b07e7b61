// Every transport of Node against a bare server: what a client relies on, whatever carries its bytes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { WebSocketServer } from 'ws';
import { until } from '../../../../test/support/broker.ts';
import { makeServerCertificate } from '../../../../test/support/server-certificate.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import type { Transport } from '../platform.ts';
import type { NodeClientOptions } from './options.ts';
import { NodePlatform } from './platform.ts';

const KINDS = ['tcp', 'tls', 'unix', 'tls over unix', 'ws', 'wss'] as const;
type Kind = (typeof KINDS)[number];

/** The server's end of a connection. */
interface Peer {
  /** What carries it. */
  readonly socket: Socket;
  readonly chunks: Buffer[];
  send(bytes: Uint8Array): void;
}

/** What a transport told. */
class Told {
  readonly events: string[] = [];
  readonly chunks: Buffer[] = [];
  readonly closing = Promise.withResolvers<Error | undefined>();
  readonly opening = Promise.withResolvers<void>();
  /** Called with each chunk, while it is valid. */
  onReceived: () => void = () => undefined;

  opened(): void {
    this.events.push('opened');
    this.opening.resolve();
  }

  received(chunk: Uint8Array, end: number): void {
    this.chunks.push(Buffer.from(chunk.subarray(0, end)));
    this.onReceived();
  }

  drained(): void {
    if (this.events.at(-1) !== 'drained') this.events.push('drained');
  }

  closed(error?: Error): void {
    this.events.push('closed');
    this.closing.resolve(error);
  }
}

let folder: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer } | undefined;
const cleanUp: (() => void)[] = [];
after(() => {
  for (const step of cleanUp) step();
});

/** One certificate for all tests of this file. */
function certificate() {
  const made = tempDir({ after: (step: () => void) => cleanUp.push(step) } as unknown as TestContext);
  folder ??= (() => {
    const { ca, cert, key } = makeServerCertificate(made);
    return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
  })();
  return folder;
}

/** A server that keeps each connection's end open until a test closes it, and how to reach it. */
async function serverOf(t: TestContext, kind: Kind) {
  const peers: Peer[] = [];
  const accept = (socket: Socket): void => {
    const peer: Peer = { socket, chunks: [], send: (bytes) => socket.write(bytes) };
    socket.on('error', () => socket.destroy()); // clients that are destroyed reset it
    socket.on('data', (chunk: Buffer) => peer.chunks.push(chunk));
    peers.push(peer);
  };
  const tls = kind.startsWith('tls') || kind === 'wss' ? certificate() : undefined;
  let server: Server;
  if (kind === 'ws' || kind === 'wss') {
    server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    const sockets = new WebSocketServer({
      server: server as ReturnType<typeof createHttpServer>,
      perMessageDeflate: false,
    });
    sockets.on('connection', (ws, { socket }) => {
      const peer: Peer = { socket, chunks: [], send: (bytes) => ws.send(bytes) };
      ws.on('message', (data: Buffer) => peer.chunks.push(data));
      ws.on('error', () => socket.destroy());
      peers.push(peer);
    });
  } else if (tls === undefined) server = createServer({ allowHalfOpen: true }, accept);
  else server = createTlsServer({ ...tls, allowHalfOpen: true }, accept);
  const isUnix = kind.includes('unix');
  const path = isUnix ? join(tempDir(t), 's') : '';
  server.listen(isUnix ? { path } : { host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  t.after(() => {
    for (const { socket } of peers) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const scheme = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' }[kind as 'tcp'];
  const url = isUnix ? `unix://${path}` : `${scheme}://127.0.0.1:${port}`;
  const options: NodeClientOptions = tls === undefined ? {} : { tls: { ca: tls.ca } };
  return { peers, url, options };
}

function open(url: string, options: NodeClientOptions): { transport: Transport; told: Told } {
  const platform = new NodePlatform(options);
  const told = new Told();
  return { transport: platform.open(platform.parse(url).target, 'mqtt', told), told };
}

async function connected(t: TestContext, kind: Kind) {
  const { peers, url, options } = await serverOf(t, kind);
  const { transport, told } = open(url, options);
  t.after(() => transport.destroy());
  await told.opening.promise;
  await until('the server has it', () => peers.length === 1);
  return { transport, told, peer: peers[0]! };
}

const MEGABYTE = 1_048_576;

const patterns = new Map<string, Buffer>();

/** Bytes of which each part differs from the others. */
function pattern(length: number, seed = 0): Buffer {
  const name = `${length} ${seed}`;
  const known = patterns.get(name);
  if (known !== undefined) return known;
  const words = new Uint32Array(length / 4);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 2_654_435_761) + seed;
  const bytes = Buffer.from(words.buffer);
  patterns.set(name, bytes);
  return bytes;
}

const sizeOf = (chunks: readonly Buffer[]): number => chunks.reduce((sum, { length }) => sum + length, 0);

describe('transports of Node', { concurrency: true }, () => {
  for (const kind of KINDS) describeKind(kind);
});

function describeKind(kind: Kind): void {
  describe(`the transport ${kind}`, { concurrency: true }, () => {
    test('carries bytes both ways and ends when asked to, which is told once', async (t) => {
      const { transport, told, peer } = await connected(t, kind);
      transport.write(Buffer.from('to the server'));
      peer.send(Buffer.from('to the client'));
      await until('both are there', () => sizeOf(told.chunks) === 13 && sizeOf(peer.chunks) === 13);
      assert.equal(Buffer.concat(told.chunks).toString(), 'to the client');
      assert.equal(Buffer.concat(peer.chunks).toString(), 'to the server');
      peer.socket.on('end', () => peer.socket.end());
      transport.end();
      assert.equal(await told.closing.promise, undefined);
      assert.deepEqual(
        told.events.filter((event) => event !== 'drained'),
        ['opened', 'closed'],
      );
    });

    test('is destroyed or ended before it is open, twice and after it is closed', async (t) => {
      const { url, options } = await serverOf(t, kind);
      for (const first of ['destroy', 'end'] as const) {
        const { transport, told } = open(url, options);
        transport[first]();
        transport.end();
        transport.destroy();
        await told.closing.promise;
        transport.end();
        transport.destroy();
        transport.write(Buffer.from('x'));
        transport.pause();
        transport.resume();
        assert.deepEqual(told.events, ['closed']);
      }
    });

    test('ended before it is open, it closes by itself', async (t) => {
      const { url, options } = await serverOf(t, kind);
      const { transport, told } = open(url, options);
      transport.end();
      await told.closing.promise;
      assert.equal(told.events.at(-1), 'closed');
    });

    test('sends what was written before its end to a reader that is slow, however long it takes', async (t) => {
      const { transport, told, peer } = await connected(t, kind);
      const bytes = pattern(20 * MEGABYTE);
      peer.socket.pause();
      transport.write(bytes);
      transport.end();
      const begun = Date.now();
      for (let round = 0; round < 8; round++) {
        await new Promise((resolve) => setTimeout(resolve, 450));
        const wanted = Math.min(peer.socket.bytesRead + MEGABYTE, bytes.length);
        peer.socket.resume();
        await until('it takes some more', () => peer.socket.bytesRead >= wanted);
        peer.socket.pause();
      }
      peer.socket.resume();
      await told.closing.promise;
      await until('all is there', () => sizeOf(peer.chunks) === bytes.length);
      assert.equal(Buffer.concat(peer.chunks).equals(bytes), true);
      assert.ok(Date.now() - begun > 3500);
    });

    test('gives up a peer that has everything and does not close, though it goes on sending', async (t) => {
      const { transport, told, peer } = await connected(t, kind);
      const { socket } = peer;
      // A server's WebSocket answers the closing handshake by itself: keep it from doing so.
      if (kind.startsWith('ws')) socket.removeAllListeners('data');
      const timer = setInterval(() => socket.writable && socket.write(Buffer.from([0x82, 0x01, 0x00])), 100);
      t.after(() => clearInterval(timer));
      const begun = Date.now();
      transport.end();
      await told.closing.promise;
      assert.ok(Date.now() - begun > 800 && Date.now() - begun < 4000, `${Date.now() - begun} ms`);
    });

    test('gives up a peer that takes nothing of what is left', async (t) => {
      const { transport, told, peer } = await connected(t, kind);
      peer.socket.pause();
      // As much as the systems of both ends take, and a little more.
      for (let stuck = 0; stuck < 3; stuck = transport.pending > 0 ? stuck + 1 : 0) {
        if (transport.pending === 0) transport.write(pattern(131_072));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const begun = Date.now();
      transport.end();
      await told.closing.promise;
      assert.ok(Date.now() - begun > 2500 && Date.now() - begun < 9000, `${Date.now() - begun} ms`);
    });

    test('counts what a slow reader leaves pending, and tells when there is room', async (t) => {
      const { transport, told, peer } = await connected(t, kind);
      peer.socket.pause();
      while (transport.pending < 4 * MEGABYTE) transport.write(pattern(262_144));
      assert.deepEqual(told.events, ['opened']);
      peer.socket.resume();
      await until('there is room', () => told.events.at(-1) === 'drained');
      await until('all is gone', () => transport.pending === 0);
    });

    test('paused while it hands out bytes, it stops, and goes on later without losing any', async (t) => {
      const { transport, told, peer } = await connected(t, kind);
      const bytes = pattern(8 * MEGABYTE, 7);
      let isPaused = false;
      told.onReceived = () => {
        isPaused = true;
        transport.pause();
      };
      const pieces = bytes.length / 32_768;
      for (let i = 0; i < pieces; i++) peer.send(bytes.subarray(i * 32_768, (i + 1) * 32_768));
      let rounds = 0;
      while (sizeOf(told.chunks) < bytes.length) {
        await until('it was paused', () => isPaused);
        if (rounds++ % 50 === 0) {
          const before = sizeOf(told.chunks);
          await new Promise((resolve) => setTimeout(resolve, 20));
          assert.ok(sizeOf(told.chunks) - before <= 262_144, 'it went on while paused');
        }
        isPaused = false;
        transport.resume();
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(Buffer.concat(told.chunks).equals(bytes), true);
    });

    test('says why when the peer goes without a goodbye', async (t) => {
      const { told, peer } = await connected(t, kind);
      peer.socket.destroy();
      const error = await told.closing.promise;
      if (!kind.startsWith('ws')) assert.match(error!.message, /closed it without a word; check that it speaks MQTT/);
      assert.deepEqual(told.events, ['opened', 'closed']);
    });
  });
}

test('plain sockets share one read buffer and never see bytes of each other, however they pause and resume each other', async (t) => {
  const { peers, url } = await serverOf(t, 'tcp');
  const ends = Array.from({ length: 8 }, () => open(url, {}));
  t.after(() => {
    for (const { transport } of ends) transport.destroy();
  });
  await Promise.all(ends.map(({ told }) => told.opening.promise));
  for (const { transport } of ends) transport.write(Buffer.from('hello'));
  await until('all are there', () => peers.length === 8);
  const turn = { at: 0 };
  ends.forEach(({ told, transport }, i) => {
    told.onReceived = () => {
      transport.pause();
      // From inside one's callback: another is woken, and oneself too by and by.
      ends[(i + 1 + (turn.at++ % 7)) % 8]!.transport.resume();
      if (turn.at % 3 === 0) transport.resume();
      else setImmediate(() => transport.resume());
    };
  });
  const seeds = peers.map((_, i) => i + 1);
  peers.forEach((peer, i) => void peer.send(pattern(2 * MEGABYTE, seeds[i])));
  await until('all came', () => ends.every(({ told }) => sizeOf(told.chunks) === 2 * MEGABYTE));
  const got = ends.map(({ told }) => Buffer.concat(told.chunks));
  for (const seed of seeds) assert.equal(got.filter((bytes) => bytes.equals(pattern(2 * MEGABYTE, seed))).length, 1);
});
