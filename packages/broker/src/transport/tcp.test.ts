import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createBroker } from '@cauldron/broker';
import { encodePacket, FrameDecoder, fromServers, LARGEST_PACKET, type Packet, PacketType } from '@cauldron/protocol';

/** A connection to a broker of its own, and the packets that come from it. */
async function open(context: TestContext): Promise<{ socket: Socket; next: () => Promise<Packet> }> {
  const broker = await createBroker({ listeners: [{ host: '127.0.0.1', port: 0 }], log: { level: 'error' } });
  const socket = connect(broker.addresses[0]?.port ?? 0, '127.0.0.1');
  context.after(async () => {
    socket.destroy();
    await broker.close();
  });
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const received: Packet[] = [];
  const decoder = new FrameDecoder(
    {
      onPublish: (view) => received.push(view.toPacket()),
      onAck: () => assert.fail('nothing is to be acknowledged here'),
      onPacket: (packet) => received.push(packet),
    },
    { accept: fromServers, maxPacketSize: LARGEST_PACKET },
  );
  decoder.version = 4;
  socket.on('data', (chunk: Buffer) => decoder.push(chunk));
  const next = async (): Promise<Packet> => {
    while (received.length === 0) await once(socket, 'data');
    return received.shift() as Packet;
  };
  return { socket, next };
}

const packets: Packet[] = [
  { type: PacketType.connect, protocolVersion: 4, cleanStart: true, keepAlive: 0, clientId: 'c' },
  {
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ filter: 't', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  },
];

test('a TCP connection is a stream: packets may arrive a byte at a time [MQTT-4.2.0-1]', async (context) => {
  const { socket, next } = await open(context);
  for (const packet of packets) {
    for (const byte of encodePacket(packet, 4)) {
      socket.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
  }
  assert.equal((await next()).type, PacketType.connack);
  assert.equal((await next()).type, PacketType.suback);
});

test('a TCP connection loses and swaps no byte in either direction, also of packets larger than its buffers [MQTT-4.2.0-1]', async (context) => {
  const { socket, next } = await open(context);
  for (const packet of packets) socket.write(encodePacket(packet, 4));
  assert.equal((await next()).type, PacketType.connack);
  assert.equal((await next()).type, PacketType.suback);
  for (const size of [3_000_000, 1, 65_536, 200_000]) {
    const payload = Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255);
    socket.write(
      encodePacket(
        { type: PacketType.publish, topic: 't', payload, qos: 0, retain: false, dup: false, packetId: 0 },
        4,
      ),
    );
    const message = await next();
    assert(message.type === PacketType.publish);
    assert(Buffer.from(message.payload).equals(payload), `${size} bytes came back changed`);
  }
});
