import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEntries } from '@cauldron/core';
import { type Packet, PacketType } from '@cauldron/protocol';
import { DurableBroker, type TestClient, textOf } from '@cauldron/testkit';

const { connack, puback, pubrec, pubrel, pubcomp, suback, unsuback } = PacketType;

/** Packets as type, identifier and reason code: `4:7:97` is PUBACK 7 with 0x97. */
function coded(packets: readonly Packet[]): string[] {
  return packets.map((packet) => {
    const id = 'packetId' in packet ? packet.packetId : '';
    const code = 'reasonCode' in packet ? packet.reasonCode : 'reasonCodes' in packet ? packet.reasonCodes[0]! : 0;
    return `${packet.type}:${id}:${code.toString(16)}`;
  });
}

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

/** A durable subscriber that is away. */
async function away(broker: DurableBroker, clientId = 's', filter = 't'): Promise<void> {
  const subscriber = await broker.connect(clientId);
  await broker.subscribe(subscriber, filter);
  subscriber.cut();
  await broker.settle();
}

const nothingLeft = { messages: 0, references: 0, entries: 0 };

function assertNothingLeft(broker: DurableBroker): void {
  const { messages, references, entries } = broker.engine.content();
  assert.deepEqual({ messages, references, entries }, nothingLeft);
  assert.deepEqual([broker.metrics.queuedMessages, broker.metrics.queuedBytes], [0, 0]);
}

for (const [kind, code] of [
  ['full', '97'],
  ['io', '83'],
] as const) {
  test(`a write that fails (${kind}) is told to 5.0 publishers as 0x${code}, and their messages go to no durable session`, async () => {
    const said: string[] = [];
    const broker = new DurableBroker({
      observer: { storeFailing: (failure) => said.push(failure.kind), storeRecovered: () => said.push('recovered') },
    });
    await away(broker);
    const here = await broker.connect('here');
    await broker.subscribe(here, 't');
    const clean = broker.broker.connect('clean');
    clean.subscribe('t');
    const publisher = broker.broker.connect('p');
    broker.fail(kind);
    publisher.publish('t', 'in the failed group', { qos: 2, packetId: 1 });
    publisher.publish('t', 'behind it', { qos: 2, packetId: 2 });
    publisher.publish('nobody', 'x', { qos: 2, packetId: 3 });
    assert.deepEqual(publisher.take(), []);
    await broker.settle();
    assert.deepEqual(coded(publisher.take()), [`5:1:${code}`, `5:2:${code}`, '5:3:10']);
    assert.equal(broker.core.journal!.failure?.kind, kind);
    // Clean sessions had it already; the others never get it.
    assert.deepEqual(texts(clean), ['in the failed group', 'behind it']);
    broker.fail(null);
    await broker.pass(1250);
    assert.deepEqual(said, [kind, 'recovered']);
    assert.deepEqual(here.take(), []);
    const back = await broker.connect('s');
    assert.deepEqual(back.take(), []);
    // The identifiers are free again.
    publisher.publish('t', 'again', { qos: 2, packetId: 1 });
    await broker.settle();
    assert.deepEqual(coded(publisher.take()), ['5:1:0']);
    for (const client of [here, back]) {
      const [message, ...more] = client.takeMessages();
      assert.equal(textOf(message!.payload), 'again');
      assert.equal(more.length, 0);
      client.ack(pubrec, message!.packetId);
      await broker.settle();
      client.ack(pubcomp, message!.packetId);
    }
    await broker.settle();
    assertNothingLeft(broker);
  });
}

test('a 3.x publisher loses its connection unacknowledged, and what it sends again is published once', async () => {
  const broker = new DurableBroker();
  await away(broker);
  const publisher = await broker.connect('p', { version: 4 });
  broker.fail('full');
  publisher.publish('t', 'one', { qos: 2, packetId: 1 });
  publisher.publish('t', 'two', { qos: 1, packetId: 2 });
  await broker.settle();
  assert.deepEqual(publisher.take(), []);
  assert.equal(publisher.closed, true);
  broker.fail(null);
  await broker.pass(1250);
  const again = await broker.connect('p', { version: 4 });
  again.publish('t', 'one', { qos: 2, packetId: 1, dup: true });
  again.publish('t', 'two', { qos: 1, packetId: 2, dup: true });
  await broker.settle();
  assert.deepEqual(coded(again.take()), ['5:1:0', '4:2:0']);
  assert.deepEqual(texts(await broker.connect('s')), ['one', 'two']);
});

test('a QoS 2 message whose publisher left before its group failed is new when it comes again, also while the failure is not known', async () => {
  const broker = new DurableBroker();
  await away(broker);
  const first = await broker.connect('p');
  broker.fail('io');
  first.publish('t', 'x', { qos: 2, packetId: 4 });
  first.cut();
  const second = await broker.connect('p', { version: 4 });
  assert.equal(second.closed, false);
  broker.fail(null);
  await broker.pass(1250);
  second.publish('t', 'x', { qos: 2, packetId: 4, dup: true });
  await broker.settle();
  assert.deepEqual(coded(second.take()), ['5:4:0']);
  second.ack(pubrel, 4);
  await broker.settle();
  second.take();
  broker.fail('io');
  second.publish('t', 'y', { qos: 2, packetId: 5 });
  second.cut();
  const third = broker.request('p');
  third.publish('t', 'y', { qos: 2, packetId: 5, dup: true });
  third.take();
  await broker.settle();
  assert.deepEqual(coded(third.take()), ['5:5:83']);
  broker.fail(null);
  await broker.pass(1250);
  third.publish('t', 'y', { qos: 2, packetId: 5 });
  await broker.settle();
  assert.deepEqual(coded(third.take()), ['5:5:0']);
  assert.deepEqual(texts(await broker.connect('s')), ['x', 'y']);
});

test('while the store fails nothing durable is begun, everything else goes on, and it recovers by itself', async () => {
  const broker = new DurableBroker();
  await away(broker);
  const durable = await broker.connect('d');
  await broker.subscribe(durable, 'd', { qos: 1 });
  const clean = broker.broker.connect('clean');
  clean.subscribe('c/#');
  broker.fail('full');
  const publisher = broker.broker.connect('p');
  publisher.publish('t', 'x', { qos: 1, packetId: 1 });
  await broker.settle();
  publisher.take();
  // Refused: publishes to durable sessions, retained ones, subscriptions and new sessions that are to last.
  publisher.publish('t', 'x', { qos: 1, packetId: 2 });
  publisher.publish('r', 'x', { qos: 1, packetId: 3, retain: true });
  assert.deepEqual(coded(publisher.take()), ['4:2:97', '4:3:97']);
  broker.requestSubscribe(durable, 'more', { packetId: 7 });
  assert.deepEqual(coded(durable.take()), [`${suback}:7:97`]);
  assert.deepEqual(coded([broker.request('new').takeFirst(connack)]), [`${connack}::88`]);
  const old = broker.broker.open(4);
  assert.notEqual(old.tryConnect('new', { cleanStart: false }).reasonCode, 0);
  const told = broker.broker.connect('told', { version: 4 });
  told.publish('t', 'x', { qos: 1 });
  assert.deepEqual([told.closed, told.take()], [true, []]);
  // Not refused: QoS 0, clean sessions and their subscriptions, sessions that are there.
  publisher.publish('c/1', 'zero');
  publisher.publish('c/1', 'one', { qos: 1, packetId: 4 });
  publisher.publish('c/1', 'two', { qos: 2, packetId: 5 });
  publisher.publish('d', 'zero');
  assert.deepEqual(coded(publisher.take()), ['4:4:0', '5:5:0']);
  assert.deepEqual(texts(clean), ['zero', 'one', 'two']);
  assert.deepEqual(texts(durable), ['zero']);
  assert.equal(broker.broker.connect('clean too').subscribe('x').reasonCodes[0], 2);
  const back = await broker.connect('s');
  assert.deepEqual(back.take(), []);
  // What changes meanwhile is noted, and written when writing works again.
  back.send({ type: PacketType.unsubscribe, packetId: 9, filters: ['t'] });
  back.publish('nobody', 'x', { qos: 2, packetId: 10 });
  await broker.pass(3000);
  assert.deepEqual(back.take(), []);
  broker.fail(null);
  await broker.pass(1250);
  assert.equal(broker.core.journal!.failure, null);
  assert.deepEqual(coded(back.take()).sort(), ['5:10:10', `${unsuback}:9:0`].sort());
  publisher.publish('d', 'works', { qos: 1, packetId: 6 });
  await broker.settle();
  assert.deepEqual(coded(publisher.take()), ['4:6:0']);
  assert.equal(broker.metrics.refusedStoreFailing >= 5, true);
});

test('a new session whose group fails is refused, and leaves nothing behind', async () => {
  const broker = new DurableBroker();
  broker.fail('full');
  const client = broker.request('new');
  await broker.settle();
  assert.deepEqual(coded([client.takeFirst(connack)]), [`${connack}::88`]);
  assert.equal(broker.core.sessions.size, 0);
  broker.fail(null);
  await broker.pass(1250);
  await broker.connect('new');
  assert.equal(broker.engine.content().sessions, 1);
});

test('a message that went out at QoS 1 before its group failed can be acknowledged, and is not kept', async () => {
  const broker = new DurableBroker();
  const here = await broker.connect('here');
  await broker.subscribe(here, 't', { qos: 1 });
  const publisher = broker.broker.connect('p');
  broker.fail('full');
  publisher.publish('t', 'x', { qos: 1, packetId: 1 });
  const [message] = here.takeMessages();
  await broker.settle();
  assert.deepEqual(coded(publisher.take()), ['4:1:97']);
  here.ack(puback, message!.packetId);
  broker.fail(null);
  await broker.pass(1250);
  assertNothingLeft(broker);
});

test('a message that everybody has already is not refused because its group failed', async () => {
  const broker = new DurableBroker();
  const here = await broker.connect('here');
  await broker.subscribe(here, 't', { qos: 1 });
  const publisher = await broker.connect('p');
  await away(broker, 'busy', 'busy');
  broker.broker.connect('q').publish('busy', 'x', { qos: 1 }); // a group is under way
  broker.fail('io');
  publisher.publish('t', 'x', { qos: 2, packetId: 1 });
  publisher.publish('r', 'replaced', { qos: 1, packetId: 2, retain: true });
  publisher.publish('r', 'kept', { qos: 0, retain: true });
  const [message] = here.takeMessages();
  here.ack(puback, message!.packetId);
  await broker.settle();
  // Their answers promise more than the messages: that waits until it is true.
  assert.deepEqual(publisher.take(), []);
  broker.fail(null);
  await broker.pass(1250);
  assert.deepEqual(coded(publisher.take()), ['5:1:0', '4:2:10']);
  assert.equal(broker.core.sessions.get('p')!.unwritten?.size, 0);
  broker.crash();
  const again = await broker.connect('p');
  again.publish('t', 'x', { qos: 2, packetId: 1, dup: true });
  assert.deepEqual(coded(again.take()), ['5:1:0']);
  assert.deepEqual(texts(await broker.connect('here')), []);
  assert.equal(textOf(broker.core.retained.get('r')!.payload()), 'kept');
});

test('what nobody will send again outlives a failure: wills, messages of the program, and those acknowledged from memory', async () => {
  const topics = [{ filter: 'fast', ack: 'memory' }] as const;
  const broker = new DurableBroker({ durability: { ack: { default: 'disk', topics } } });
  await away(broker, 's', '#');
  const here = await broker.connect('here');
  await broker.subscribe(here, '#');
  const will = { topic: 'will', payload: new Uint8Array([49]), qos: 1, retain: false } as const;
  const dying = broker.broker.connect('dying', { will });
  const publisher = broker.broker.connect('p');
  broker.fail('full');
  publisher.publish('fast', 'acknowledged', { qos: 2, packetId: 1 });
  broker.core.publish({ topic: 'own', payload: new Uint8Array([50]), qos: 1, retain: false, properties: undefined });
  dying.cut();
  assert.deepEqual(coded(publisher.take()), ['5:1:0']);
  await broker.settle();
  assert.equal(publisher.closed, false);
  // The program hears of it from here on.
  const draft = { topic: 'own', payload: new Uint8Array([51]), qos: 1, retain: false, properties: undefined } as const;
  assert.equal(broker.core.publish(draft), 0x97);
  await broker.pass(2500);
  broker.fail(null);
  await broker.pass(1250);
  assert.deepEqual(texts(here), ['acknowledged', '2', '1']);
  broker.crash();
  assert.deepEqual(texts(await broker.connect('s')), ['acknowledged', '2', '1']);
  const again = await broker.connect('here');
  assert.deepEqual(texts(again), ['acknowledged', '2', '1']);
});

test('retained messages in memory and store agree after a failure, whatever changed meanwhile', async () => {
  const broker = new DurableBroker();
  const publisher = broker.broker.connect('p');
  for (const topic of ['a', 'b', 'c']) publisher.publish(topic, 'before', { qos: 1, retain: true });
  await broker.settle();
  broker.fail('io');
  publisher.publish('a', 'failed', { qos: 1, retain: true });
  publisher.publish('a', 'failed again', { qos: 0, retain: true });
  publisher.publish('b', '', { qos: 0, retain: true });
  await broker.settle();
  publisher.publish('c', '', { qos: 0, retain: true });
  publisher.publish('c', 'while failing', { qos: 0, retain: true });
  publisher.publish('d', 'while failing', { qos: 0, retain: true });
  await broker.pass(2500);
  broker.fail(null);
  await broker.pass(1250);
  broker.crash();
  const reader = broker.broker.connect('reader');
  reader.subscribe('#');
  const found = reader.takeMessages().map(({ topic, payload }) => `${topic} ${textOf(payload)}`);
  assert.deepEqual(found.sort(), ['a failed again', 'c while failing', 'd while failing']);
  for (const topic of ['a', 'c', 'd']) reader.publish(topic, '', { retain: true });
  await broker.settle();
  assertNothingLeft(broker);
});

test('what a new subscription was owed survives a failure at every moment, and leaks no reference', async () => {
  for (const moment of ['before', 'sent', 'acknowledged', 'ended', 'replaced']) {
    const broker = new DurableBroker();
    const publisher = broker.broker.connect('p');
    publisher.publish('r', 'kept', { qos: 1, retain: true });
    await broker.settle();
    const subscriber = await broker.connect('s');
    broker.requestSubscribe(subscriber, 'r', { qos: 1 });
    broker.store.releaseOne(); // SUBACK leaves and the message with it; its reference is handed over
    broker.core.flush();
    const [message] = subscriber.takeMessages();
    assert.equal(textOf(message!.payload), 'kept');
    if (moment === 'before') broker.fail('io');
    if (moment === 'acknowledged') subscriber.ack(puback, message!.packetId);
    if (moment === 'ended') broker.core.discardSession('s');
    if (moment === 'replaced') publisher.publish('r', 'newer', { qos: 0, retain: true });
    broker.fail('io');
    await broker.settle();
    if (moment === 'sent') subscriber.ack(puback, message!.packetId);
    broker.fail(null);
    await broker.pass(1250);
    if (moment === 'before' || moment === 'replaced') {
      broker.crash();
      const back = await broker.connect('s');
      const [repeated] = back.takeMessages();
      assert.deepEqual([textOf(repeated!.payload), repeated!.dup], ['kept', true], moment);
      back.ack(puback, repeated!.packetId);
    }
    broker.broker.connect('q').publish('r', '', { qos: 0, retain: true });
    await broker.settle();
    assertNothingLeft(broker);
  }
});

test('a share in a retained message that was taken back before it was written leaves no reference behind', async () => {
  for (const how of ['acknowledged', 'discarded'] as const) {
    const broker = new DurableBroker();
    const publisher = broker.broker.connect('p');
    publisher.publish('r', 'kept', { qos: 1, retain: true });
    await broker.settle();
    await away(broker, 'busy', 'busy');
    const subscriber = await broker.connect('s');
    broker.requestSubscribe(subscriber, 'r', { qos: 1 });
    publisher.publish('busy', 'x', { qos: 0 });
    broker.store.releaseOne();
    // In one turn, before the group with the reference is handed over.
    const [record] = [...broker.core.sessions.values()].filter(({ clientId }) => clientId === 's');
    assert.equal(record!.inflight!.size, 1);
    if (how === 'acknowledged') record!.inflight!.acknowledged(1);
    else broker.core.sessions.end(record!, 'discarded');
    broker.fail('io');
    await broker.settle();
    broker.fail(null);
    await broker.pass(1250);
    publisher.publish('r', '', { retain: true });
    await broker.settle();
    assertNothingLeft(broker);
  }
});

test('a share in a retained message that was given up and replaced goes with it', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s', { properties: { receiveMaximum: 1 } });
  await broker.subscribe(subscriber, 'u', { qos: 1 });
  const publisher = broker.broker.connect('p');
  publisher.publish('u', 'blocks the window', { qos: 1 });
  await broker.settle();
  subscriber.take();
  broker.requestSubscribe(subscriber, 'r', { qos: 1 });
  publisher.publish('r', 'refused', { qos: 1, packetId: 9, retain: true });
  broker.store.releaseOne();
  broker.core.flush(); // the group with the retained message is under way, and the feed takes it from memory
  broker.fail('full');
  const replacer = broker.broker.connect('q');
  replacer.publish('r', '', { qos: 0, retain: true });
  await broker.settle();
  broker.fail(null);
  await broker.pass(1250);
  subscriber.ack(puback, 1);
  await broker.settle();
  assert.deepEqual(texts(subscriber), ['']); // live, when it was removed
  assertNothingLeft(broker);
});

test('a read that fails is tried again until it works, also when writing works all the time', async () => {
  const errors: string[] = [];
  const broker = new DurableBroker({ observer: { internalError: (error) => errors.push((error as Error).message) } });
  await away(broker);
  const publisher = broker.broker.connect('p');
  for (const text of ['1', '2', '3']) publisher.publish('t', text, { qos: 1 });
  await broker.settle();
  publisher.take();
  broker.fail('io');
  const back = broker.request('s');
  broker.store.releaseOne(); // the read, or the group before it
  broker.store.releaseOne();
  broker.fail(null);
  await broker.settle();
  await broker.pass(1250);
  assert.deepEqual(texts(back), ['1', '2', '3']);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /could not read/);
});

test('nothing acknowledged is lost over any order of failures, recoveries and crashes', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (state >> 8) % below;
    };
    const broker = new DurableBroker();
    await away(broker);
    let publisher = await broker.connect('p');
    let next = 1;
    const sent = new Map<number, string>();
    const acknowledged: string[] = [];
    const hear = () => {
      for (const packet of publisher.take()) {
        if (packet.type !== puback && packet.type !== pubrec) continue;
        if (packet.reasonCode < 0x80) acknowledged.push(sent.get(packet.packetId)!);
      }
    };
    for (let step = 0; step < 60; step++) {
      const what = random(10);
      if (what < 5) {
        sent.set(next, `${next}`);
        publisher.publish('t', `${next}`, { qos: random(2) === 0 ? 1 : 2, packetId: next });
        next += 1;
      } else if (what < 7) broker.store.releaseOne();
      else if (what === 7) broker.fail(random(2) === 0 ? 'io' : null);
      else if (what === 8) broker.broker.advance(500);
      else if (random(3) === 0) {
        hear();
        broker.crash({ applied: random(2) === 0 });
        publisher = broker.broker.connect('p2');
      }
      broker.core.flush();
      hear();
    }
    broker.fail(null);
    await broker.pass(1500);
    hear();
    const back = await broker.connect('s');
    const got: string[] = [];
    for (let messages = back.takeMessages(); messages.length > 0; messages = back.takeMessages()) {
      for (const { qos, packetId, payload } of messages) {
        got.push(textOf(payload));
        back.ack(qos === 1 ? puback : pubrec, packetId);
        await broker.settle();
        if (qos === 2) back.ack(pubcomp, packetId);
      }
      await broker.settle();
    }
    assert.deepEqual(new Set(got).size, got.length, `seed ${seed}: delivered twice`);
    const lost = acknowledged.filter((text) => !got.includes(text));
    assert.deepEqual(lost, [], `seed ${seed}`);
    assertNothingLeft(broker);
  }
});

/** What is read of messages with one of these texts is damaged from here on. */
function damage(broker: DurableBroker, ...damaged: string[]): void {
  const { engine } = broker;
  const read = engine.read.bind(engine);
  engine.read = (request) => {
    const answer = read(request);
    for (const { body } of readEntries(answer.entries)) {
      if (damaged.some((text) => textOf(body).endsWith(text))) body.fill(0xff);
    }
    return answer;
  };
}

test('a message that is damaged in the store is dropped, said, and keeps neither the broker nor its queue from going on', async () => {
  const said: string[] = [];
  const broker = new DurableBroker({ observer: { internalError: (error) => said.push(String(error)) } });
  await away(broker);
  const publisher = await broker.connect('p');
  for (const [i, text] of ['first', 'second', 'third'].entries()) {
    publisher.publish('t', text, { qos: 1, packetId: i + 1 });
  }
  await broker.settle();
  damage(broker, 'second', 'third');
  const subscriber = await broker.connect('s');
  const [first] = subscriber.takeMessages();
  assert.equal(textOf(first!.payload), 'first');
  assert.equal(said.length, 2);
  assert.match(said[0]!, /message \d+ in the store is damaged and does not go to 's'/);
  assert.equal(broker.metrics.queuedMessages, 0);
  assert.equal(broker.metrics.queuedBytes, 0);
  subscriber.ack(puback, first!.packetId);
  await broker.settle();
  assertNothingLeft(broker);
});

test('a message in flight that is damaged in the store is given up, and what is behind it goes on', async () => {
  const broker = new DurableBroker({ observer: { internalError: () => {} } });
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't');
  const publisher = await broker.connect('p');
  publisher.publish('t', 'first', { qos: 1, packetId: 1 });
  publisher.publish('t', 'second', { qos: 1, packetId: 2 });
  await broker.settle();
  subscriber.cut();
  await broker.settle();
  damage(broker, 'first');
  const back = await broker.connect('s');
  await broker.settle();
  const messages = back.takeMessages();
  assert.deepEqual(
    messages.map(({ payload }) => textOf(payload)),
    ['second'],
  );
  back.ack(puback, messages[0]!.packetId);
  await broker.settle();
  assertNothingLeft(broker);
});
