import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { Client } from './client.ts';
import { GroupedStore } from './grouped-store.ts';
import type { ClientOptions } from './options.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { ManualStore } from './testing/manual-store.ts';
import { MemoryEngine, memoryPlace } from './testing/memory-engine.ts';
import { message } from './testing/messages.ts';
import { type BrokerLink, type Reaction, type Scene, ScriptedBroker } from './testing/scripted-broker.ts';

const utf8 = new TextDecoder();

/** Says that there is a session, and answers neither PUBLISH nor PUBREL nor PUBREC. */
const silent: Reaction = (packet, link) => {
  if (packet.type !== PacketType.connect) {
    const { publish, pubrel, pubrec } = PacketType;
    return packet.type === publish || packet.type === pubrel || packet.type === pubrec;
  }
  link.send({ type: PacketType.connack, sessionPresent: !packet.cleanStart, reasonCode: 0 });
  return true;
};

async function start(store: ManualStore, options: ClientOptions = {}, reaction = silent): Promise<Scene> {
  const platform = new FakePlatform();
  const broker = new ScriptedBroker(platform, reaction);
  const client = new Client(platform, 'mqtt://broker', { clientId: 'meter', store, ...options });
  void client.start(false);
  await platform.settle();
  return { platform, broker, client };
}

/** What a connection got, but CONNECT. */
const flow = (link: BrokerLink): string[] =>
  link.received.slice(1).map((packet) => {
    const name = Object.entries(PacketType).find(([, type]) => type === packet.type)![0];
    if (packet.type === PacketType.publish) {
      return `${utf8.decode(packet.payload)} ${packet.packetId}${packet.dup ? ' dup' : ''}`;
    }
    return 'packetId' in packet ? `${name} ${packet.packetId}` : name;
  });

const ack = (link: BrokerLink, type: 4 | 5 | 6 | 7, packetId: number) => link.send({ type, packetId, reasonCode: 0 });

test('a message leaves only when it is kept, and again only when the store knows its identifier', async () => {
  const store = new ManualStore();
  const { platform, broker, client } = await start(store);
  void client.publish('a', 'm', { qos: 1 });
  await platform.settle();
  assert.deepEqual(flow(broker.link), []);
  assert.deepEqual(store.keep(), ['put']);
  await platform.settle();
  assert.deepEqual(flow(broker.link), []);
  assert.deepEqual(store.keep(), ['sent']);
  await platform.settle();
  assert.deepEqual(flow(broker.link), ['m 1']);
  ack(broker.link, PacketType.puback, 1);
  await platform.settle();
  assert.deepEqual(store.keep(), ['delete']);
  assert.equal(store.messages.size, 0);
});

test('enqueue() is fulfilled when the message is kept, and `complete` when it is published', async () => {
  const store = new ManualStore();
  const { platform, broker, client } = await start(store);
  const seen: string[] = [];
  const enqueued = client.enqueue('a', 'm', { qos: 1 }).then((accepted) => {
    seen.push('accepted');
    void accepted.complete.then(({ reasonCode }) => seen.push(`complete ${reasonCode}`));
  });
  await platform.settle();
  assert.deepEqual(seen, []);
  store.keep();
  await enqueued;
  store.keep();
  await platform.settle();
  assert.deepEqual(seen, ['accepted']);
  broker.link.send({ type: PacketType.puback, packetId: 1, reasonCode: ReasonCode.noMatchingSubscribers });
  await platform.settle();
  assert.deepEqual(seen, ['accepted', 'complete 16']);
});

test('PUBREL leaves only when `received` is kept, however often PUBREC comes', async () => {
  const store = new ManualStore();
  const { platform, broker, client } = await start(store);
  void client.publish('a', 'm', { qos: 2 });
  store.keep();
  store.keep();
  await platform.settle();
  ack(broker.link, PacketType.pubrec, 1);
  ack(broker.link, PacketType.pubrec, 1);
  await platform.settle();
  assert.deepEqual(flow(broker.link), ['m 1']);
  assert.deepEqual(store.keep(), ['received']);
  await platform.settle();
  assert.deepEqual(flow(broker.link), ['m 1', 'pubrel 1']);
});

test('what was not kept when the connection went leaves on the next one only when it is kept', async () => {
  const store = new ManualStore();
  const { platform, broker, client } = await start(store, { cleanStart: false });
  void client.publish('a', 'first', { qos: 2 });
  void client.publish('a', 'second', { qos: 2 });
  store.keep();
  store.keep(1); // the identifier of the first
  await platform.settle();
  assert.deepEqual(flow(broker.link), ['first 1']);
  ack(broker.link, PacketType.pubrec, 1);
  await platform.settle();
  broker.link.cut();
  await platform.advance(2000);
  assert.equal(client.connected, true);
  assert.deepEqual(flow(broker.link), []);
  assert.deepEqual(store.keep(), ['sent', 'received']);
  await platform.settle();
  assert.deepEqual(flow(broker.link).sort(), ['pubrel 1', 'second 2']);
});

test('PUBREC leaves only when `inbound` is kept, and PUBCOMP when `inbound-done` is', async () => {
  const store = new ManualStore();
  const { platform, broker, client } = await start(store, { cleanStart: false });
  void client.on('a', () => undefined);
  await platform.settle();
  broker.link.send(message('a', 'm', 2, 7));
  await platform.settle();
  assert.deepEqual(flow(broker.link), ['subscribe 1']);
  assert.deepEqual(store.keep(), ['inbound']);
  await platform.settle();
  assert.deepEqual(flow(broker.link), ['subscribe 1', 'pubrec 7']);
  ack(broker.link, PacketType.pubrel, 7);
  await platform.settle();
  assert.deepEqual(flow(broker.link), ['subscribe 1', 'pubrec 7']);
  assert.deepEqual(store.keep(), ['inbound-done']);
  await platform.settle();
  assert.deepEqual(flow(broker.link), ['subscribe 1', 'pubrec 7', 'pubcomp 7']);
});

test('after a crash the next client goes on exactly there: PUBREL, then PUBLISH with DUP in its order, then what waited', async () => {
  const store = new ManualStore();
  const before = await start(store, { maxInflight: 4 });
  for (const [i, qos] of ([2, 1, 2, 1, 1, 2] as const).entries()) void before.client.publish('a', `m${i}`, { qos });
  store.keep();
  store.keep();
  await before.platform.settle();
  ack(before.broker.link, PacketType.pubrec, 3);
  ack(before.broker.link, PacketType.puback, 2);
  await before.platform.settle();
  store.keep(2);
  store.keep();
  await before.platform.settle();
  assert.deepEqual(flow(before.broker.link), ['m0 1', 'm1 2', 'm2 3', 'm3 4', 'pubrel 3', 'm4 5']);
  store.crash();

  const given: string[] = [];
  const onUndelivered = (error: Error & { code?: string }, { payload }: { payload: Uint8Array }) =>
    given.push(`${utf8.decode(payload)} ${error.code}`);
  const after = await start(store, { maxInflight: 10, onUndelivered });
  store.keep();
  await after.platform.settle();
  const { link } = after.broker;
  assert.deepEqual(flow(link), ['pubrel 3', 'm0 1 dup', 'm3 4 dup', 'm4 5 dup', 'm5 2']);
  void after.client.publish('a', 'new', { qos: 1 });
  store.keep();
  store.keep();
  await after.platform.settle();
  assert.equal(flow(link).at(-1), 'new 6');
  ack(link, PacketType.pubcomp, 3);
  ack(link, PacketType.pubrec, 1);
  for (const id of [4, 6]) ack(link, PacketType.puback, id);
  link.send({ type: PacketType.puback, packetId: 5, reasonCode: ReasonCode.quotaExceeded });
  await after.platform.settle();
  store.keep();
  await after.platform.settle();
  assert.deepEqual(given, ['m4 PUBLISH_REFUSED'], 'nobody waits for it, so onUndelivered is told');
  assert.deepEqual(
    [...store.messages.values()].map(({ packetId, received }) => [packetId, received]),
    [
      [1, true],
      [2, false],
    ],
  );
});

test('a QoS 2 message that was taken before a crash is not handed out again after it', async () => {
  const store = new ManualStore();
  store.isFast = true;
  const before = await start(store, { cleanStart: false, onMessage: () => undefined });
  before.broker.link.send(message('a', 'm', 2, 7));
  await before.platform.settle();
  assert.deepEqual([...store.inbound], [7]);
  store.crash();
  const got: string[] = [];
  const after = await start(store, { cleanStart: false, onMessage: (given) => got.push(given.text()) });
  after.broker.link.send({ ...message('a', 'm', 2, 7), dup: true });
  ack(after.broker.link, PacketType.pubrel, 7);
  after.broker.link.send(message('a', 'next', 2, 7));
  await after.platform.settle();
  assert.deepEqual(got, ['next']);
  assert.deepEqual(flow(after.broker.link), ['pubrec 7', 'pubcomp 7', 'pubrec 7']);
});

test('a session that is gone voids the identifiers in the store before anything leaves under new ones', async () => {
  const store = new ManualStore();
  store.isFast = true;
  const before = await start(store);
  void before.client.publish('a', 'm', { qos: 1 });
  await before.platform.settle();
  store.inbound.add(9);
  store.crash();
  store.isFast = false;
  const after = await start(store, {}, (packet, link) => {
    if (packet.type !== PacketType.connect) return silent(packet, link);
    return undefined;
  });
  assert.deepEqual(flow(after.broker.link), []);
  assert.deepEqual(
    store.noted.map(({ operation }) => operation),
    [
      { kind: 'inbound-clear' },
      { kind: 'sent', key: 1, packetId: 0, sent: 0 },
      { kind: 'sent', key: 1, packetId: 1, sent: 2 },
    ],
  );
  store.keep();
  await after.platform.settle();
  assert.deepEqual(flow(after.broker.link), ['m 1']);
  assert.deepEqual([...store.inbound], []);
});

test('a store that fails ends the client with STORE_FAILED, rejects what waits and says DISCONNECT', async () => {
  const store = new ManualStore();
  const { platform, broker, client } = await start(store);
  const publish = client.publish('a', 'm', { qos: 1 });
  const rejected = assert.rejects(publish, { code: 'STORE_FAILED' });
  store.fail(new Error('the disk is full'));
  await rejected;
  await platform.settle();
  assert.match(String(await client.closed), /store failed.*the disk is full/);
  assert.deepEqual(flow(broker.link), ['disconnect']);
  await assert.rejects(client.enqueue('a', ''), { code: 'STORE_FAILED' });
});

test('a store that cannot be closed is told of by `closed`, and end() is over all the same', async () => {
  const store = new ManualStore();
  store.close = () => Promise.reject(new Error('the disk is gone'));
  const { platform, client } = await start(store);
  const ended = client.end();
  await platform.settle();
  await ended;
  assert.match(String(await client.closed), /the disk is gone/);
});

test('end() keeps in the store what could not be sent, and nothing is noted after it is closed', async () => {
  const store = new ManualStore();
  store.isFast = true;
  const { platform, broker, client } = await start(store, { cleanStart: false });
  const consumed = Promise.withResolvers<void>();
  void client.on('a', () => consumed.promise);
  await platform.settle();
  broker.link.ended = () => undefined; // it does not close its side
  broker.link.send(message('a', 'm', 2, 7));
  const rejected = assert.rejects(client.publish('a', 'm', { qos: 1 }), { code: 'CONNECTION_CLOSED' });
  await platform.settle();
  void client.end({ timeout: 10 });
  await platform.advance(10);
  await rejected;
  assert.equal(store.isClosed, true);
  consumed.resolve();
  ack(broker.link, PacketType.puback, 1);
  await platform.settle();
  assert.equal(store.messages.size, 1);
  assert.equal(flow(broker.link).at(-1), 'disconnect');
  await client.closed;
});

test('a message given up before it is sent is deleted from the store, by its signal as by a full queue', async () => {
  const store = new ManualStore();
  store.isFast = true;
  const queue = { maxMessages: 2, whenFull: 'drop-oldest' } as const;
  const { platform, broker, client } = await start(store, { queue });
  broker.unreachable = new Error('away');
  broker.link.cut();
  await platform.settle();
  const controller = new AbortController();
  const given = [undefined, controller.signal, undefined].map((signal, i) =>
    assert.rejects(client.publish('a', `m${i}`, { qos: 1, signal }), {
      code: ['QUEUE_FULL', 'ABORTED', 'CONNECTION_CLOSED'][i],
    }),
  );
  controller.abort();
  assert.deepEqual(
    [...store.messages.values()].map(({ payload }) => utf8.decode(payload)),
    ['m2'],
  );
  await client.end();
  await Promise.all(given);
  assert.equal(store.messages.size, 1);
});

test('a callback that throws is an uncaught error of the program, not a failure of the store, and the others are called', async (t) => {
  const uncaught: unknown[] = [];
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (error) => uncaught.push(error));
  t.after(() => {
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
  });
  const store = new GroupedStore(new MemoryEngine(memoryPlace()));
  const failures: Error[] = [];
  await store.open('a', (error) => failures.push(error));
  let called = 0;
  store.add({ kind: 'inbound', packetId: 1 }, () => {
    throw new Error('mine');
  });
  store.add({ kind: 'inbound', packetId: 2 }, () => {
    called += 1;
  });
  await store.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([called, failures.length, String(uncaught)], [1, 0, 'Error: mine']);
});

test('a durable store needs a client identifier of its own', () => {
  const make = () => new Client(new FakePlatform(), 'mqtt://broker', { store: new ManualStore() });
  assert.throws(make, { code: 'CLIENT_IDENTIFIER_NOT_VALID' });
});
