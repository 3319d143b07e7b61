import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, type Packet, PacketType } from '@cauldron/protocol';
import { TestBroker, type TestClient } from '@cauldron/testkit';

const plain = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

/** Every mixture of `+` and `a` over ten levels, with `#` behind it: 1024 filters match one topic. */
function bomb(client: TestClient): void {
  const subscriptions = Array.from({ length: 1024 }, (_, mask) => {
    const levels = Array.from({ length: 10 }, (_, level) => ((mask >> level) & 1 ? '+' : 'a'));
    return { filter: `${levels.join('/')}/#`, ...plain };
  });
  client.send({ type: PacketType.subscribe, packetId: 1, subscriptions });
  client.take();
}

const publishOf = (topic: string, payload: string): Packet => ({
  type: PacketType.publish,
  topic,
  payload: new TextEncoder().encode(payload),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
});

const bytesOf = (...packets: Packet[]): Uint8Array => Buffer.concat(packets.map((packet) => encodePacket(packet, 5)));

const deep = (last: number): string => `${'a/'.repeat(10)}${last}`;

test('a read full of packets that cost much is worked off over many turns, in its order, and others are served between them', () => {
  const broker = new TestBroker();
  const attacker = broker.connect('attacker');
  bomb(attacker);
  const reader = broker.connect('reader');
  reader.subscribe('other');
  const writer = broker.connect('writer');
  const packets = Array.from({ length: 200 }, (_, i) => publishOf(deep(i), `${i}`));
  attacker.link.feed(bytesOf(...packets));
  assert.ok(attacker.link.paused);
  const first = broker.core.metrics.publishReceived;
  assert.ok(first < 50, `${first} of 200 in the first turn`);
  writer.link.feed(bytesOf(publishOf('other', 'served')));
  broker.core.flush();
  assert.equal(reader.takeMessages().length, 1);
  assert.ok(broker.core.metrics.publishReceived < 200);
  let turns = 2;
  for (; broker.core.metrics.publishReceived < 201; turns += 1) {
    assert.ok(turns < 200, 'it goes on by itself');
    broker.core.flush();
  }
  assert.ok(turns > 5, `${turns} turns`);
  broker.core.flush();
  broker.core.flush();
  const got = attacker.takeMessages().map(({ topic }) => topic);
  assert.deepEqual(
    got,
    packets.map((packet) => (packet as { topic: string }).topic),
  );
  assert.equal(attacker.link.paused, false);
});

test('several connections that ask for much share one turn, and each has its turn', () => {
  const broker = new TestBroker();
  bomb(broker.connect('subscriber'));
  const attackers = Array.from({ length: 20 }, (_, i) => broker.connect(`attacker-${i}`));
  for (const [number, attacker] of attackers.entries()) {
    attacker.link.feed(bytesOf(...Array.from({ length: 60 }, (_, i) => publishOf(deep(number * 1000 + i), 'x'))));
  }
  const before = broker.core.metrics.publishReceived;
  broker.core.flush();
  const inOneTurn = broker.core.metrics.publishReceived - before;
  assert.ok(inOneTurn > 0 && inOneTurn < 60, `${inOneTurn} in one turn`);
  for (let turn = 0; turn < 500; turn += 1) broker.core.flush();
  assert.equal(broker.core.metrics.publishReceived, 20 * 60);
  assert.ok(attackers.every(({ link }) => !link.paused));
});

test('SUBSCRIBEs with many filters wait for each other’s turn; a client that ends meanwhile ends', () => {
  const broker = new TestBroker();
  const client = broker.connect('client');
  const subscribes = Array.from({ length: 20 }, (_, packet) => {
    const subscriptions = Array.from({ length: 400 }, (_, i) => ({ filter: `f/${packet}/${i}/+`, ...plain }));
    return { type: PacketType.subscribe, packetId: packet + 1, subscriptions } as const;
  });
  client.link.feed(bytesOf(...subscribes));
  const entered = broker.core.router.subscriptions;
  assert.ok(entered > 0 && entered < 4000, `${entered} in the first turn`);
  client.link.cut();
  for (let turn = 0; turn < 20; turn += 1) broker.core.flush();
  assert.equal(broker.core.router.subscriptions, 0);
  assert.equal(broker.core.connections.size, 0);
});

test('who asked for too much gets a smaller share of the next turns, until it asks for little again', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  const pings = (count: number) =>
    bytesOf(...Array.from({ length: count }, (): Packet => ({ type: PacketType.pingreq })));
  const answered = () => client.take().filter(({ type }) => type === PacketType.pingresp).length;
  const settle = () => {
    for (let turn = 0; turn < 100; turn += 1) broker.core.flush();
  };
  const inFirstTurn = (count: number): number => {
    client.link.feed(pings(count));
    const before = broker.core.metrics.messagesReceived;
    settle();
    const later = broker.core.metrics.messagesReceived - before;
    assert.equal(answered(), count);
    return count - later;
  };
  const fresh = inFirstTurn(4000);
  assert.ok(fresh > 1500 && fresh < 4000, `${fresh}`);
  const again = inFirstTurn(4000);
  assert.ok(again < fresh / 4, `${again} of ${fresh}`);
  assert.equal(inFirstTurn(10), 10);
  assert.equal(inFirstTurn(4000), fresh);
});
