// The largest packet MQTT can write: a remaining length of 268,435,455 bytes, once through the whole broker.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { startBroker } from '../support/broker.ts';
import { connectOf, RawClient } from '../support/raw-client.ts';

const LARGEST_REMAINING_LENGTH = 268_435_455;
const TOPIC = 'big';
/** Fixed header (1 + 4), length and text of the topic. */
const HEADER = Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f, 0, TOPIC.length, ...new TextEncoder().encode(TOPIC));
const PAYLOAD_LENGTH = LARGEST_REMAINING_LENGTH - 2 - TOPIC.length;

/** Counts and checksums what comes after the broker's answers to CONNECT and SUBSCRIBE. */
class Receiver {
  readonly hash = createHash('sha1');
  bytes = 0;

  constructor(socket: Socket, done: () => void) {
    socket.on('data', (chunk) => {
      this.bytes += chunk.length;
      this.hash.update(chunk);
      if (this.bytes >= HEADER.length + PAYLOAD_LENGTH) done();
    });
  }
}

async function sender(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => void socket.destroy());
  socket.write(encodePacket(connectOf(4, { clientId: 'sender' }), 4));
  await once(socket, 'data');
  return socket;
}

test('a packet of 256 MiB, the largest there is, passes whole and unchanged and takes less than 1 GiB', async (t) => {
  const { broker, port } = await startBroker(t, {
    limits: { maxPacketSize: LARGEST_REMAINING_LENGTH + 5 },
  });
  const subscriber = await RawClient.connected(t, port, { version: 4, clientId: 'receiver' });
  await subscriber.subscribe(TOPIC);
  subscriber.socket.removeAllListeners('data');
  const { promise, resolve } = Promise.withResolvers<void>();
  const receiver = new Receiver(subscriber.socket, resolve);
  const socket = await sender(t, port);

  const expected = createHash('sha1').update(HEADER);
  const before = process.memoryUsage().rss;
  let peak = before;
  socket.write(HEADER);
  const block = Buffer.alloc(1 << 20);
  for (let sent = 0, number = 0; sent < PAYLOAD_LENGTH; number++) {
    block.fill(number % 251);
    block.writeUInt32LE(number, 4); // blocks in another order would give another checksum
    const part = block.subarray(0, Math.min(block.length, PAYLOAD_LENGTH - sent));
    sent += part.length;
    expected.update(part);
    if (!socket.write(Buffer.from(part))) await once(socket, 'drain');
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  await promise;
  peak = Math.max(peak, process.memoryUsage().rss);

  assert.equal(receiver.bytes, HEADER.length + PAYLOAD_LENGTH);
  assert.equal(receiver.hash.digest('hex'), expected.digest('hex'));
  assert.equal(broker.metrics.publishSent, 1);
  // One copy to collect the packet in and one to send it from, with room for the sockets of both clients.
  const held = (peak - before) / 2 ** 20;
  assert.ok(held < 4 * 256, `${Math.round(held)} MiB more than before at the most`);
  t.diagnostic(`${Math.round(held)} MiB more than before at the most`);
});

test('a packet one byte larger than the limit ends the connection before its payload is read', async (t) => {
  const limit = 1_000_000;
  const { broker, port } = await startBroker(t, { limits: { maxPacketSize: limit } });
  const client = await RawClient.connected(t, port);
  const remaining = limit - 4 + 1;
  client.socket.write(
    Uint8Array.of(0x30, (remaining & 0x7f) | 0x80, ((remaining >> 7) & 0x7f) | 0x80, remaining >> 14),
  );
  const { reasonCode } = await client.take(PacketType.disconnect);
  assert.equal(reasonCode, 0x95);
  await client.closed();
  assert.equal(broker.metrics.packetsTooLarge, 1);
});
