// What a program gets from createBroker: publish, subscribe, events, and its own listeners, over real sockets.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, createBroker, type ReceivedMessage, version } from '@cauldron/broker';
import { connect, type Message } from '@cauldron/client';
import { type MqttError, ReasonCode } from '@cauldron/protocol';
import { readManifests, repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { nextEvent, startBroker, until } from '../support/broker.ts';

const host = '127.0.0.1';
const urlOf = (port: number): string => `mqtt://${host}:${port}`;
/** A port that was free a moment ago. */
async function freePort(): Promise<{ port: number; close: () => Promise<void> }> {
  const broker = await createBroker({ listeners: [{ port: 0 }], log: { level: 'silent' } });
  return { port: broker.addresses[0]!.port, close: () => broker.close() };
}

const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);

test('a program publishes to clients: text and bytes, with QoS, retain and properties', async (t) => {
  const { broker, port } = await startBroker(t);
  const client = await connect(urlOf(port));
  t.after(() => client.end());
  const got: string[] = [];
  const hear = ({ topic, payload, qos, retain, properties }: Message): void => {
    got.push(`${topic} ${text(payload)} ${qos} ${retain} ${properties?.contentType ?? '-'}`);
  };
  assert.equal(broker.publish('kept', Uint8Array.of(0x68, 0x69), { retain: true }), ReasonCode.noMatchingSubscribers);
  await client.on('#', hear, { qos: 2 });
  assert.equal(broker.publish('a', 'ü', { qos: 2, properties: { contentType: 'text' } }), ReasonCode.success);
  await until('both messages', () => got.length === 2);
  assert.deepEqual(got, ['kept hi 0 true -', 'a ü 2 false text']);
});

test('a program subscribes: retained messages first, its own and those of clients, until it stops', async (t) => {
  const { broker, port } = await startBroker(t);
  broker.publish('k/1', 'kept', { retain: true });
  const got: ReceivedMessage[] = [];
  const stop = broker.subscribe('k/#', (message) => void got.push(message), { qos: 1 });
  const client = await connect(urlOf(port));
  t.after(() => client.end());
  await client.publish('k/2', 'from a client', { qos: 2 });
  broker.publish('k/3', 'from the program');
  await until('three messages', () => got.length === 3);
  assert.deepEqual(
    got.map(({ topic, payload, qos, retain }) => [topic, text(payload), qos, retain]),
    [
      ['k/1', 'kept', 0, true],
      ['k/2', 'from a client', 1, false],
      ['k/3', 'from the program', 0, false],
    ],
  );
  stop();
  stop();
  const { reasonCode } = await client.publish('k/4', 'unheard', { qos: 1 });
  assert.equal(reasonCode, ReasonCode.noMatchingSubscribers);
  assert.equal(got.length, 3);
});

test('programs share a subscription with each other', async (t) => {
  const { broker } = await startBroker(t);
  const counts = [0, 0];
  for (const i of [0, 1]) broker.subscribe('$share/g/jobs', () => void counts[i]!++);
  for (let i = 0; i < 10; i++) broker.publish('jobs', 'x');
  await until('ten messages', () => counts[0]! + counts[1]! === 10);
  assert.deepEqual(counts, [5, 5]);
});

test('a handler that throws is logged, and other subscribers get their messages', async (t) => {
  const errors: string[] = [];
  const quiet = () => {};
  const log = { error: (message: string) => void errors.push(message), warn: quiet, info: quiet, debug: quiet };
  const { broker } = await startBroker(t, {}, { log: { ...log, isEnabled: () => true } as never });
  const got: string[] = [];
  broker.subscribe('a', () => {
    throw new Error('burnt');
  });
  broker.subscribe('a', ({ topic }) => void got.push(topic));
  broker.publish('a', '1');
  broker.publish('a', '2');
  await until('both messages', () => got.length === 2);
  assert.equal(errors.length, 2);
  assert.match(errors[0]!, /a handler of 'a' failed: Error: burnt/);
});

test('wrong topics and filters of the program are errors that say what is wrong', async (t) => {
  const { broker } = await startBroker(t);
  assert.throws(() => broker.publish('a/+', ''), { code: 'TOPIC_NAME_INVALID' });
  assert.throws(() => broker.publish('$SYS/broker/uptime', ''), {
    code: 'TOPIC_NAME_INVALID',
    message: /belong to the broker/,
  });
  assert.throws(() => broker.subscribe('a/#/b', () => {}), { code: 'TOPIC_FILTER_INVALID' });
});

test('events tell of a client from its arrival to the end of its session, in order', async (t) => {
  const { broker, port } = await startBroker(t);
  const events: unknown[] = [];
  broker.on('connect', (client, present) => events.push(['connect', client.clientId, client.protocolVersion, present]));
  broker.on('subscribe', (client, filter, qos) => events.push(['subscribe', client.clientId, filter, qos]));
  broker.on('unsubscribe', (client, filter) => events.push(['unsubscribe', client.clientId, filter]));
  broker.on('disconnect', (client, reason) =>
    events.push(['disconnect', client.clientId, reason.by, reason.reasonCode]),
  );
  broker.on('sessionEnd', (clientId, reason) => events.push(['sessionEnd', clientId, reason]));
  const client = await connect(urlOf(port), { clientId: 'ann', username: 'ann' });
  await client.on('a/#', () => {}, { qos: 1 });
  await client.unsubscribe('a/#');
  await client.end();
  await until('the end of the session', () => events.length === 5);
  assert.deepEqual(events, [
    ['connect', 'ann', 5, false],
    ['subscribe', 'ann', 'a/#', 1],
    ['unsubscribe', 'ann', 'a/#'],
    ['disconnect', 'ann', 'client', 0],
    ['sessionEnd', 'ann', 'cleaned'],
  ]);
});

test('disconnect() ends a client with the code and properties given, and says false for one that is not there', async (t) => {
  const { broker, port } = await startBroker(t);
  const client = await connect(urlOf(port), { clientId: 'ann', redirect: 'ignore', reconnect: false });
  assert.equal(broker.disconnect('bob'), false);
  assert.equal(broker.disconnect('ann', ReasonCode.useAnotherServer, { serverReference: 'other:1883' }), true);
  const reason = (await client.closed) as MqttError;
  assert.equal(reason.reasonCode, ReasonCode.useAnotherServer);
  assert.match(reason.message, /use another server.*other:1883/i);
});

test('each listener has its address, its name and its own limits', async (t) => {
  const { broker } = await startBroker(t, {
    listeners: [
      { name: 'small', port: 0, maxPacketSize: 2048, maxConnections: 1, serverKeepAlive: 7, receiveMaximum: 3 },
      { name: 'six', host: '::1', port: 0, topicAliasMaximum: 0 },
    ],
  });
  const [small, six] = broker.addresses;
  assert.deepEqual([small!.name, small!.host, small!.url], ['small', host, `mqtt://127.0.0.1:${small!.port}`]);
  assert.deepEqual([six!.name, six!.host, six!.url], ['six', '::1', `mqtt://[::1]:${six!.port}`]);
  const arrived = nextEvent(broker, 'connect');
  const one = await connect(small!.url);
  const two = await connect(six!.url);
  t.after(() => Promise.all([one.end(), two.end()]));
  assert.equal((await arrived)[0].listener, 'small');
  const limits = one.serverProperties;
  assert.deepEqual([limits.maximumPacketSize, limits.serverKeepAlive, limits.receiveMaximum], [2048, 7, 3]);
  assert.equal(two.serverProperties.topicAliasMaximum ?? 0, 0);
  await assert.rejects(connect(small!.url), {
    reasonCode: ReasonCode.quotaExceeded,
    message: /maxConnections/,
  });
  const third = await connect(six!.url);
  await third.end();
});

test('a taken address rejects the start and leaves nothing open', async (t) => {
  const { port } = await startBroker(t);
  const { port: free, close } = await freePort();
  await close();
  const listeners = [{ port: free }, { port }];
  await assert.rejects(createBroker({ listeners, log: { level: 'silent' } }), { code: 'EADDRINUSE', port });
  await assert.rejects(connect(urlOf(free)), { code: 'UNREACHABLE' });
});

test('a wrong configuration rejects the start with the key and its likely spelling', async () => {
  const wrong = { limits: { maxPacktSize: 1 } } as never;
  await assert.rejects(
    createBroker(wrong),
    (error) => error instanceof ConfigError && /maxPacketSize/.test(error.message),
  );
});

test('close() may be called twice, and a closed broker takes no connections', async (t) => {
  const { broker, port } = await startBroker(t);
  await Promise.all([broker.close(), broker.close()]);
  await assert.rejects(connect(urlOf(port)), { code: 'UNREACHABLE' });
});

test('the version is that of every package', () => {
  for (const [folder, manifest] of readManifests(repositoryRoot)) {
    const { version: own } = JSON.parse(readFileSync(join(repositoryRoot, folder, 'package.json'), 'utf8'));
    assert.equal(own, version, `${manifest.name} in ${folder || '.'}`);
  }
});
