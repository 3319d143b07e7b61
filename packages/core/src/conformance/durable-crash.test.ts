import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Packet, PacketType, type QoS } from '@cauldron/protocol';
import { DurableBroker, type TestClient, textOf } from '@cauldron/testkit';

const { connack, puback, pubrec, pubrel, pubcomp, publish } = PacketType;

/** A client as the specification wants it, that keeps its state over connections and takes one packet at a time. */
class CarefulClient {
  readonly clientId: string;
  readonly got: string[] = [];
  /** What it publishes and has no PUBACK or PUBCOMP for. */
  readonly unfinished = new Map<number, { text: string; qos: QoS; released: boolean }>();
  #broker!: DurableBroker;
  #connection: TestClient | null = null;
  #inbox: Packet[] = [];
  /** Identifiers of incoming QoS 2 messages before PUBREL. */
  readonly #receiving = new Set<number>();

  constructor(clientId: string) {
    this.clientId = clientId;
  }

  connect(broker: DurableBroker): void {
    this.#broker = broker;
    this.#inbox = [];
    this.#connection = broker.request(this.clientId);
  }

  publish(packetId: number, text: string, qos: QoS): void {
    this.unfinished.set(packetId, { text, qos, released: false });
    this.#connection!.publish('t', text, { qos, packetId });
  }

  subscribe(qos: QoS): Promise<unknown> {
    return this.#broker.subscribe(this.#connection!, 't', { qos });
  }

  /** Handles the next packet; false where there is none. */
  step(): boolean {
    this.#inbox.push(...this.#connection!.take());
    const packet = this.#inbox.shift();
    if (packet === undefined) return false;
    this.#handle(packet);
    return true;
  }

  #handle(packet: Packet): void {
    const connection = this.#connection!;
    switch (packet.type) {
      case connack:
        // [MQTT-4.4.0-1]
        for (const [packetId, { text, qos, released }] of this.unfinished) {
          if (released) connection.ack(pubrel, packetId);
          else connection.publish('t', text, { qos, packetId, dup: true });
        }
        return;
      case publish: {
        const text = textOf(packet.payload);
        if (packet.qos === 1 || !this.#receiving.has(packet.packetId)) this.got.push(text);
        if (packet.qos === 2) this.#receiving.add(packet.packetId);
        connection.ack(packet.qos === 1 ? puback : pubrec, packet.packetId);
        return;
      }
      case pubrel:
        this.#receiving.delete(packet.packetId);
        connection.ack(pubcomp, packet.packetId);
        return;
      case pubrec: {
        const exchange = this.unfinished.get(packet.packetId);
        if (exchange !== undefined) exchange.released = true;
        connection.ack(pubrel, packet.packetId);
        return;
      }
      case puback:
      case pubcomp:
        this.unfinished.delete(packet.packetId);
        return;
    }
  }
}

interface Scene {
  readonly broker: DurableBroker;
  readonly publisher: CarefulClient;
  readonly subscriber: CarefulClient;
}

/** One small thing happens: a client takes a packet, or the store answers. False where nothing is left. */
async function step({ broker, publisher, subscriber }: Scene, order: number): Promise<boolean> {
  const things = [() => broker.store.releaseOne(), () => publisher.step(), () => subscriber.step()];
  if (order === 1) things.reverse();
  for (const thing of things) {
    const happened = thing();
    broker.core.flush();
    for (let i = 0; i < 3; i++) await Promise.resolve();
    broker.core.flush();
    if (happened) return true;
  }
  return false;
}

/** The same scene with a crash behind every step, until it is over before the crash. */
async function crashEverywhere(qos: QoS, check: (scene: Scene, where: string) => void): Promise<number> {
  let crashes = 0;
  for (const applied of [false, true]) {
    for (const order of [0, 1]) {
      for (let at = 0, over = false; !over; at++) {
        const broker = new DurableBroker();
        const scene = { broker, publisher: new CarefulClient('p'), subscriber: new CarefulClient('s') };
        const clients = [scene.publisher, scene.subscriber];
        for (const client of clients) client.connect(broker);
        while (await step(scene, order));
        await scene.subscriber.subscribe(qos);
        while (await step(scene, order));
        scene.publisher.publish(1, 'one', qos);
        scene.publisher.publish(2, 'two', qos);
        for (let i = 0; i < at && !over; i++) over = !(await step(scene, order));
        if (!over) {
          crashes += 1;
          broker.crash({ applied });
          for (const client of clients) client.connect(broker);
          while (await step(scene, order));
        }
        // The same identifiers again: they are not taken for repetitions.
        scene.publisher.publish(1, 'three', qos);
        while (await step(scene, order));
        check(scene, `crash behind step ${at}, group under way ${applied ? 'applied' : 'lost'}, order ${order}`);
      }
    }
  }
  return crashes;
}

function assertNothingLeft({ broker, publisher }: Scene, where: string): void {
  const { messages, references, entries } = broker.engine.content();
  assert.deepEqual({ messages, references, entries }, { messages: 0, references: 0, entries: 0 }, where);
  assert.deepEqual([broker.metrics.queuedMessages, broker.metrics.queuedBytes], [0, 0], where);
  assert.equal(publisher.unfinished.size, 0, where);
}

test('QoS 2 is exactly once from durable client to durable client, wherever the broker crashes [MQTT-4.3.3-10] [MQTT-4.3.3-5]', async () => {
  const crashes = await crashEverywhere(2, (scene, where) => {
    assert.deepEqual(scene.subscriber.got, ['one', 'two', 'three'], where);
    assertNothingLeft(scene, where);
  });
  assert.ok(crashes > 40, `only ${crashes} crashes`);
});

test('QoS 1 is at least once and in order, wherever the broker crashes [MQTT-4.3.2-1]', async () => {
  const crashes = await crashEverywhere(1, (scene, where) => {
    const { got } = scene.subscriber;
    const firsts = got.filter((text, i) => got.indexOf(text) === i);
    assert.deepEqual(firsts, ['one', 'two', 'three'], where);
    assertNothingLeft(scene, where);
  });
  assert.ok(crashes > 20, `only ${crashes} crashes`);
});

test('what was in flight goes out again with DUP and its packet identifier, in its order, and PUBRELs too [MQTT-4.4.0-1] [MQTT-3.3.1-1]', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't');
  const publisher = broker.broker.connect('p');
  for (const [text, qos] of [
    ['a', 1],
    ['b', 2],
    ['c', 2],
    ['d', 1],
  ] as const)
    publisher.publish('t', text, { qos });
  await broker.settle();
  const sent = subscriber.takeMessages();
  const idOf = (text: string): number => sent.find(({ payload }) => textOf(payload) === text)!.packetId;
  subscriber.ack(pubrec, idOf('b'));
  await broker.settle();
  broker.crash();
  const back = await broker.connect('s', { properties: { receiveMaximum: 2 } });
  const first = back.take();
  assert.deepEqual(
    first.map((packet) => [packet.type, 'packetId' in packet && packet.packetId, 'dup' in packet && packet.dup]),
    [
      [pubrel, idOf('b'), false],
      [publish, idOf('a'), true],
    ],
    'the window of the new connection counts what is released',
  );
  back.ack(pubcomp, idOf('b'));
  const second = back.takeMessages();
  assert.deepEqual(
    second.map(({ packetId, payload }) => [packetId, textOf(payload)]),
    [[idOf('c'), 'c']],
  );
  back.ack(puback, idOf('a'));
  const third = back.takeMessages();
  assert.deepEqual(
    third.map(({ packetId, dup }) => [packetId, dup]),
    [[idOf('d'), true]],
  );
  // A new message gets an identifier that none of them has.
  broker.broker.connect('q').publish('t', 'e', { qos: 1 });
  back.ack(puback, idOf('d'));
  await broker.settle();
  const [fresh] = back.takeMessages();
  assert.deepEqual([textOf(fresh!.payload), fresh!.dup], ['e', false]);
  assert.equal(fresh!.packetId === idOf('c'), false);
});

test('messages in flight that are large come back a few at a time, and none is lost', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't');
  const publisher = broker.broker.connect('p');
  const payloads = Array.from({ length: 9 }, (_, i) => new Uint8Array(400_000).fill(65 + i));
  for (const [i, payload] of payloads.entries()) publisher.publish('t', payload, { qos: i % 2 === 0 ? 1 : 2 });
  await broker.settle();
  assert.equal(subscriber.takeMessages().length, 9);
  broker.crash();
  const back = broker.request('s');
  const counts: number[] = [];
  while (broker.store.releaseOne()) {
    broker.core.flush();
    counts.push(back.takeMessages().length);
  }
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    9,
  );
  assert.ok(Math.max(...counts) <= 3, `${counts}`);
  assert.equal(broker.metrics.droppedLost, 0);
});

test('a message in flight that the store lost is counted and does not stand in the way', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't', { qos: 1 });
  const publisher = broker.broker.connect('p');
  for (const text of ['a', 'b']) publisher.publish('t', text, { qos: 1 });
  await broker.settle();
  broker.crash();
  const read = broker.engine.read.bind(broker.engine);
  let reads = 0;
  broker.engine.read = (request) => {
    reads += 1;
    if (reads > 1) return read(request);
    return read({ ...request, messages: request.messages!.slice(1) });
  };
  const back = await broker.connect('s');
  assert.deepEqual(
    back.takeMessages().map(({ payload }) => textOf(payload)),
    ['b'],
  );
  assert.equal(broker.metrics.droppedLost, 1);
});
