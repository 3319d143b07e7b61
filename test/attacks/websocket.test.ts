// Clients over WebSocket that want to use up what framing and HTTP cost; the bystander is on TCP.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import type { ConfigInput } from '@cauldron/broker';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { until } from '../support/broker.ts';
import { clientFrame } from '../support/client-frame.ts';
import { underAttack } from './under-attack.ts';
import { flood, slowHeaders, slowPages } from './websocket-attackers.ts';

const config = (webSocket = {}, more: ConfigInput = {}): ConfigInput => ({
  listeners: [{ port: 0 }, { name: 'web', port: 0, webSocket }],
  ...more,
});

const times = (count: number, bytes: Uint8Array): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

const publish = (text: string): Uint8Array =>
  encodePacket(
    {
      type: PacketType.publish,
      topic: 'attack',
      payload: Buffer.from(text),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
    },
    5,
  );

test('pings as fast as they go out hold up nobody', async (t) => {
  const pings = times(2000, clientFrame('are you there?', { opcode: 9 }));
  await underAttack(t, {
    config: config(),
    listener: 'web',
    start: (target) => flood(target, { bytes: pings }),
    until: ({ attack: { stats } }) => stats.actions >= 300,
  });
});

test('who pings and never reads gets no memory for its pongs', async (t) => {
  const pings = times(2000, clientFrame('x'.repeat(125), { opcode: 9 }));
  await underAttack(t, {
    config: config(),
    listener: 'web',
    start: (target) => flood(target, { bytes: pings, deaf: true }),
    until: ({ attack: { stats } }) => stats.bytesSent >= 50_000_000,
    during: ({ broker: { core } }) => {
      for (const { link } of core.connections) assert.ok(link.pending < 200_000, `${link.pending} bytes unsent`);
    },
  });
});

test('empty frames, and a message of endless empty fragments, hold up nobody and hold nothing', async (t) => {
  const begun = clientFrame('', { fin: false });
  const fragments = times(5000, clientFrame('', { opcode: 0, fin: false }));
  const end = clientFrame('', { opcode: 0 });
  const empty = Buffer.concat([times(5000, clientFrame('')), begun, fragments, end]);
  const { broker } = await underAttack(t, {
    config: config(),
    listener: 'web',
    start: (target) => flood(target, { bytes: empty }),
    until: ({ attack: { stats } }) => stats.actions >= 100,
  });
  assert.equal(broker.metrics.protocolErrors, 0);
});

test('publishes in frames of one byte each hold up nobody', async (t) => {
  const packet = Buffer.from(publish('x'.repeat(50)));
  const bytes = Buffer.concat([...packet].map((_, at) => clientFrame(packet.subarray(at, at + 1))));
  const { broker } = await underAttack(t, {
    config: config(),
    listener: 'web',
    start: (target) => flood(target, { bytes: times(100, bytes) }),
    until: ({ broker: { metrics } }) => metrics.publishReceived >= 50_000,
  });
  assert.equal(broker.metrics.protocolErrors, 0);
});

test('connections that break the rules of frames are ended, each with its reason', async (t) => {
  const { ends } = await underAttack(t, {
    config: config(),
    listener: 'web',
    start: (target) => flood(target, { bytes: clientFrame('', { mask: null }), clients: 20 }),
    until: ({ attack: { stats } }) => stats.closed >= 300,
  });
  assert.ok(ends['its frames are not masked (RFC 6455, 5.1)']! >= 250);
});

test('compressed bombs are ended with 1009 before they come to much', async (t) => {
  const bomb = clientFrame(deflateRawSync(Buffer.alloc(50_000_000), { level: 9 }), { reserved: 4 });
  const { ends } = await underAttack(t, {
    config: config({ compression: true }),
    listener: 'web',
    start: (target) => flood(target, { bytes: bomb, compression: true }),
    until: ({ attack: { stats } }) => stats.closed >= 50,
  });
  assert.ok(ends['a compressed message is larger than webSocket.maxInflatedSize']! >= 40);
});

test('compressed messages that come to just what may be are read a few a turn', async (t) => {
  // Publishes that nobody subscribed to: half a megabyte that comes to a whole one.
  const message = Buffer.concat(Array.from({ length: 9 }, () => publish(randomBytes(50_000).toString('hex'))));
  const frame = clientFrame(deflateRawSync(message, { finishFlush: 2 }), { reserved: 4 });
  await underAttack(t, {
    config: config({ compression: true }),
    listener: 'web',
    start: (target) => flood(target, { bytes: frame, compression: true }),
    until: ({ broker: { metrics } }) => metrics.publishReceived >= 200,
  });
});

test('requests that come a byte at a time are closed when limits.connectTimeout is over', async (t) => {
  const { broker, refusals } = await underAttack(t, {
    config: config({}, { limits: { connectTimeout: 1 } }),
    listener: 'web',
    start: (target) => slowHeaders(target, 50),
    until: ({ attack: { stats } }) => stats.closed >= 60,
  });
  assert.ok(refusals['no CONNECT was completed within 1 s (limits.connectTimeout)']! >= 50);
  assert.equal(broker.core.sessions.size, 0);
});

test('connections that ask for pages have their own bound, and no client waits for them', async (t) => {
  const { broker } = await underAttack(t, {
    config: config({}, { limits: { maxHalfOpen: 100 } }),
    listener: 'web',
    start: (target) => slowPages(target, 400),
    until: ({ attack: { stats } }) => stats.closed >= 1000,
    during: ({ broker: { core } }) => until('few to be left', () => core.connections.size <= 104),
  });
  assert.equal(broker.core.sessions.size, 0);
});
