// How sockets are read: everybody in turn, and nobody who is paused. Real sockets, and a core that only notes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { type BrokerCore, defaultLimits, type Link, type LinkReceiver, type ListenerSettings } from '@cauldron/core';
import { clientFrame } from '../../../../test/support/client-frame.ts';
import { BufferPool } from './buffer-pool.ts';
import { openListener } from './open-listener.ts';

const FULL = 65_536;
const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** One connection as the core sees it. */
interface Accepted {
  readonly link: Link;
  /** Bytes fed so far. */
  bytes: number;
  /** Bytes fed in each turn of the event loop that brought any. */
  readonly perTurn: Map<number, number>;
  closed: boolean;
  onFeed: () => void;
}

/** What goes before the bytes. */
interface Kind {
  readonly name: string;
  readonly secure: boolean;
  readonly webSocket: boolean;
}

const KINDS: readonly Kind[] = [
  { name: 'plain', secure: false, webSocket: false },
  { name: 'TLS', secure: true, webSocket: false },
  { name: 'WebSocket', secure: false, webSocket: true },
  { name: 'WebSocket over TLS', secure: true, webSocket: true },
];

interface Under {
  readonly accepted: Accepted[];
  connect(): Promise<net.Socket>;
}

async function listen(t: TestContext, kind: Kind): Promise<Under> {
  let turn = 0;
  const counting = setInterval(() => undefined, 1000);
  const count = (): void => {
    turn += 1;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  const accepted: Accepted[] = [];
  const accept = (link: Link): LinkReceiver => {
    const one: Accepted = { link, bytes: 0, perTurn: new Map(), closed: false, onFeed: () => undefined };
    accepted.push(one);
    return {
      feed: (_chunk, end) => {
        one.bytes += end;
        one.perTurn.set(turn, (one.perTurn.get(turn) ?? 0) + end);
        one.onFeed();
      },
      drained: () => undefined,
      ended: () => link.end(),
      malformed: () => link.end(),
      closed: () => {
        one.closed = true;
      },
    };
  };
  const core = { now: 0, metrics: { connectionsRefused: 0 }, observer: {}, admit: () => null, accept };
  const settings = { limits: defaultLimits } as ListenerSettings;
  const layers = {
    ...(kind.secure ? { tls: { psk: { file: keyFile(t) } } } : {}),
    ...(kind.webSocket ? { webSocket: {} } : {}),
  };
  const options = { name: 'l', host: '127.0.0.1', port: 0, ...layers };
  const listener = await openListener(core as unknown as BrokerCore, options, settings, new BufferPool());
  t.after(() => {
    listener.stopAccepting();
    listener.destroyLinks();
    clearImmediate(immediate);
    clearInterval(counting);
  });
  return { accepted, connect: () => connect(t, listener.address.port, kind) };
}

function keyFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-reading-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'keys'), `ann:${KEY.toString('hex')}\n`);
  return join(folder, 'keys');
}

async function connect(t: TestContext, port: number, { secure, webSocket }: Kind): Promise<net.Socket> {
  const at = { host: '127.0.0.1', port };
  const psk = { pskCallback: () => ({ psk: KEY, identity: 'ann' }), ciphers: 'PSK-AES128-GCM-SHA256' };
  const socket = secure
    ? tls.connect({ ...at, ...psk, maxVersion: 'TLSv1.2', checkServerIdentity: () => undefined })
    : net.connect(at);
  t.after(() => void socket.destroy());
  await once(socket, secure ? 'secureConnect' : 'connect');
  if (webSocket) {
    socket.write(upgradeTo(port));
    await once(socket, 'data');
    socket.pause();
  }
  return socket;
}

const upgradeTo = (port: number): string =>
  [
    'GET /mqtt HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: mqtt',
    '\r\n',
  ].join('\r\n');

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const quietWhile = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

for (const layers of KINDS) {
  const { name: kind, secure, webSocket } = layers;
  /** As many bytes for the core, in whatever they travel. */
  const some = (size: number): Buffer => (webSocket ? clientFrame(Buffer.alloc(size)) : Buffer.alloc(size));
  // A TLS socket hands over what it had decrypted already when it stops reading.
  const most = secure ? 4 * FULL : FULL;

  test(`one connection that floods gets about a buffer a turn, and all it sends arrives (${kind})`, async (t) => {
    const { accepted, connect } = await listen(t, layers);
    const size = 16 * 2 ** 20;
    (await connect()).write(some(size));
    await until('all bytes', () => accepted[0]?.bytes === size);
    const largest = Math.max(...accepted[0]!.perTurn.values());
    assert.ok(largest <= most, `${largest} bytes in one turn`);
  });

  test(`pausing and resuming gets a connection no more than its share of a turn (${kind})`, async (t) => {
    const { accepted, connect } = await listen(t, layers);
    const socket = await connect();
    await until('the connection', () => accepted.length === 1);
    const [one] = accepted as [Accepted];
    one.onFeed = () => {
      process.nextTick(() => {
        one.link.pause();
        one.link.resume();
      });
    };
    const size = 16 * 2 ** 20;
    socket.write(some(size));
    await until('all bytes', () => one.bytes === size);
    const largest = Math.max(...one.perTurn.values());
    assert.ok(largest <= most, `${largest} bytes in one turn`);
  });

  test(`a paused connection is fed nothing more than was read already until it is resumed (${kind})`, async (t) => {
    const { accepted, connect } = await listen(t, layers);
    const socket = await connect();
    await until('the connection', () => accepted.length === 1);
    const [one] = accepted as [Accepted];
    const size = 4 * 2 ** 20;
    // Paused within a read, right behind it, and in the turn after it: each meets a connection that has yielded or not.
    const ways: ((pause: () => void) => void)[] = [
      (pause) => pause(),
      (pause) => process.nextTick(pause),
      (pause) => setImmediate(pause),
    ];
    let paused = Promise.withResolvers<void>();
    const pause = (): void => {
      one.link.pause();
      paused.resolve();
    };
    let way: ((pause: () => void) => void) | undefined = ways[0];
    one.onFeed = () => {
      way?.(pause);
      way = undefined;
    };
    socket.write(some(size));
    for (const next of [...ways.slice(1), undefined]) {
      await paused.promise;
      await quietWhile(20);
      const before = one.bytes;
      await quietWhile(20);
      assert.equal(one.bytes, before);
      assert.ok(before < size);
      paused = Promise.withResolvers();
      way = next;
      one.link.resume();
    }
    await until('all bytes', () => one.bytes === size);
  });

  test(`pausing and resuming at any time loses no byte (${kind})`, async (t) => {
    const { accepted, connect } = await listen(t, layers);
    const socket = await connect();
    await until('the connection', () => accepted.length === 1);
    const [one] = accepted as [Accepted];
    const size = 8 * 2 ** 20;
    let calls = 0;
    one.onFeed = () => {
      calls += 1;
      one.link.pause();
      const resume = (): void => one.link.resume();
      if (calls % 4 === 0) resume();
      else if (calls % 4 === 1) process.nextTick(resume);
      else if (calls % 4 === 2) setImmediate(resume);
      else setTimeout(resume, 0);
    };
    socket.write(some(size));
    await until('all bytes', () => one.bytes === size);
  });

  test(`a connection that is ended while it waits for its turn, or is paused, closes (${kind})`, async (t) => {
    const { accepted, connect } = await listen(t, layers);
    for (const pause of [false, true]) {
      const socket = await connect();
      socket.on('error', () => undefined).resume();
      await until('the connection', () => accepted.length === (pause ? 2 : 1));
      const one = accepted.at(-1)!;
      one.onFeed = () => {
        if (pause) one.link.pause();
        setImmediate(() => one.link.end());
      };
      socket.end(some(2 ** 20));
      await until('it to be closed', () => one.closed);
    }
  });
}
