// A process that stood still: a suspended container, a machine that swaps.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { startBroker, until } from '../support/broker.ts';
import { connectOf } from '../support/raw-client.ts';

test('a broker that stood still reads what came meanwhile before it takes anybody for silent', async (t) => {
  const { broker, port } = await startBroker(t);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  t.after(() => void socket.destroy());
  const got: number[] = [];
  socket.on('data', (bytes: Buffer) => got.push(bytes[0]! >> 4));
  await once(socket, 'connect');
  socket.write(encodePacket({ ...connectOf(5), keepAlive: 1 }, 5));
  await until('the CONNACK', () => got.includes(PacketType.connack));
  socket.write(encodePacket({ type: PacketType.pingreq }, 5));
  // Nothing in this process runs; the PINGREQ is in the network.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
  await until('an answer', () => got.length > 1);
  assert.equal(got[1], PacketType.pingresp);
  assert.equal(broker.metrics.keepAliveTimeouts, 0);
});
