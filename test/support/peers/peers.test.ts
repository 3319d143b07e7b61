import assert from 'node:assert/strict';
import { connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import { connect, connectAsync, type MqttClient } from 'mqtt';
import { until } from '../broker.ts';
import { aedes, cauldron, cauldronProcess, mosquitto, type Peer } from './index.ts';

type Version = 4 | 5;

/** A client whose session outlives its connection, with what it gets. */
async function stay(peer: Peer, protocolVersion: Version, url = `mqtt://127.0.0.1:${peer.port}`) {
  const messages: string[] = [];
  const client = connect(url, {
    protocolVersion,
    clientId: 'stays',
    clean: false,
    reconnectPeriod: 0,
    ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 600 } }),
  });
  // Before it is connected: what waited comes with the CONNACK.
  client.on('message', (topic, payload) => void messages.push(`${topic} ${payload}`));
  await new Promise<void>((resolve, reject) => void client.once('connect', () => resolve()).once('error', reject));
  return { client, messages };
}

const other = (peer: Peer, protocolVersion: Version): Promise<MqttClient> =>
  connectAsync(`mqtt://127.0.0.1:${peer.port}`, { protocolVersion, reconnectPeriod: 0 });

for (const kind of [cauldron, cauldronProcess, mosquitto, aedes]) {
  for (const version of kind.versions as readonly Version[]) {
    test(`${kind.name}, version ${version}: a session, and what waits in it, is there after a restart`, async (t) => {
      const peer = await kind.make(t);
      await peer.start();
      const { client } = await stay(peer, version);
      await client.subscribeAsync('waits/#', { qos: 2 });
      await client.endAsync();
      const publisher = await other(peer, version);
      await publisher.publishAsync('waits/1', 'before', { qos: 1 });
      await publisher.endAsync();
      await peer.restart();
      const back = await stay(peer, version);
      const after = await other(peer, version);
      await after.publishAsync('waits/2', 'after', { qos: 1 });
      await until('both messages', () => back.messages.length === 2);
      assert.deepEqual(back.messages, ['waits/1 before', 'waits/2 after']);
      await Promise.all([back.client.endAsync(), after.endAsync()]);
    });
  }

  test(`${kind.name}: nobody listens while it is stopped, and nothing is known when it was told to forget`, async (t) => {
    const peer = await kind.make(t);
    await peer.start();
    const client = await other(peer, 4);
    await client.publishAsync('kept', 'x', { retain: true, qos: 1 });
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    await peer.stop();
    await closed;
    await assert.rejects(probe(peer.port), { code: 'ECONNREFUSED' });
    await peer.restart({ forget: true });
    const { client: back, messages } = await stay(peer, 4);
    await back.subscribeAsync('#', { qos: 1 });
    await back.publishAsync('new', 'x', { qos: 1 });
    await until('the new message', () => messages.length > 0);
    assert.deepEqual(messages, ['new x']);
    await back.endAsync();
  });
}

for (const kind of [cauldron, cauldronProcess, mosquitto, aedes]) {
  test(`${kind.name} takes WebSocket connections`, async (t) => {
    const peer = await kind.make(t);
    await peer.start();
    const { client, messages } = await stay(peer, 4, peer.webSocketUrl);
    await client.subscribeAsync('a', { qos: 1 });
    await client.publishAsync('a', 'x', { qos: 1 });
    await until('the message', () => messages.length === 1);
    await client.endAsync();
  });
}

test('a Cauldron process that is killed keeps what it acknowledged', async (t) => {
  const peer = await cauldronProcess.make(t);
  await peer.start();
  const { client } = await stay(peer, 5);
  await client.subscribeAsync('waits/#', { qos: 2 });
  await client.endAsync();
  const publisher = await other(peer, 5);
  await publisher.publishAsync('waits/1', 'acknowledged', { qos: 2 });
  await peer.killAndStart();
  const back = await stay(peer, 5);
  await until('the message', () => back.messages.length === 1);
  await back.client.endAsync();
});

test('aedes refuses MQTT 5', async (t) => {
  const peer = await aedes.make(t);
  await peer.start();
  await assert.rejects(other(peer, 5));
});

function probe(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
