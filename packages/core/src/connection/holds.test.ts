import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, type Packet, PacketType, ReasonCode } from '@cauldron/protocol';
import { HeldStore, MemoryEngine, TestBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';
import { Random } from '@cauldron/testkit/simulation';

const RUNS = 20;
const KEEP_ALIVE = 5;
const MESSAGES = 150;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A publisher whose bytes wait in the network while its link is paused, and which answers for its keep alive. */
class Publisher {
  readonly client: TestClient;
  readonly #random: Random;
  #wire: Uint8Array<ArrayBufferLike> = new Uint8Array();
  sent = 0;

  constructor(client: TestClient, random: Random) {
    this.client = client;
    this.#random = random;
  }

  get isThrough(): boolean {
    return this.#wire.length === 0 && !this.client.link.paused;
  }

  write(packet: Packet): void {
    this.#wire = Buffer.concat([this.#wire, encodePacket(packet, 5)]);
  }

  publish(): void {
    const number = this.sent++;
    const payload = Buffer.alloc(this.#random.chance(5) ? 60_000 : 12, ' ');
    payload.set(textBytes(String(number)));
    const qos = this.#random.pick([0, 1, 1] as const);
    this.write({
      type: PacketType.publish,
      topic: 't',
      payload,
      qos,
      retain: false,
      dup: false,
      packetId: qos && number + 1,
    });
  }

  /** The network brings some bytes, up to all of them, unless nobody takes them. */
  transmit(most = 500_000): void {
    if (this.client.link.paused || this.#wire.length === 0) return;
    const length = Math.min(this.#wire.length, this.#random.between(1, most));
    const chunk = this.#wire.subarray(0, length);
    this.#wire = this.#wire.subarray(length);
    this.client.sendBytes(chunk);
  }
}

/** An authorizer that sometimes thinks until it is told to decide. */
class SlowAuthorizer {
  readonly #random: Random;
  #asked: (() => void)[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  authorizePublish(): true | Promise<true> {
    if (!this.#random.chance(10)) return true;
    return new Promise((resolve) => this.#asked.push(() => resolve(true)));
  }

  authorizeSubscribe(): true {
    return true;
  }

  decide(): void {
    for (const answer of this.#asked.splice(0)) answer();
  }
}

function world(seed: number) {
  const random = new Random(seed);
  const store = new HeldStore(new MemoryEngine());
  const authorizer = new SlowAuthorizer(random);
  const limits = {
    maxMessageRate: random.pick([0, 3, 40]),
    maxByteRate: random.pick([0, 5000, 100_000]),
    maxOutboundBytes: random.pick([16, 200, 100_000]),
    rateGrace: 1_000_000,
    maxQueuedBytes: 1e9,
  };
  const broker = new TestBroker({ limits, store, authorizer });
  // For a session that is away the store has to keep what is published at QoS 1.
  const away = broker.open();
  const properties = { sessionExpiryInterval: 1000 };
  away.send({
    type: PacketType.connect,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientId: 'away',
    properties,
  });
  return { random, store, authorizer, broker, away, rate: limits.maxMessageRate };
}

function connectionOf({ core }: TestBroker, clientId: string) {
  const found = [...core.connections].find(({ client }) => client?.clientId === clientId);
  assert.ok(found);
  return found;
}

async function run(seed: number): Promise<Record<'rate' | 'store' | 'output', boolean>> {
  const { random, store, authorizer, broker, away, rate } = world(seed);
  const settle = async () => {
    broker.settle();
    await turn();
    broker.settle();
  };
  await settle();
  const [filter, options] = ['t', { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }] as const;
  away.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ filter, ...options }],
    properties: undefined,
  });
  await settle();
  away.cut();
  const subscriber = broker.connect('s');
  subscriber.subscribe('t', { qos: 0 });
  const client = broker.connect('p', { keepAlive: KEEP_ALIVE });
  const publisher = new Publisher(client, random);
  const got: string[] = [];
  const acknowledged = new Set<number>();
  const met = { rate: false, store: false, output: false };
  const begun = broker.core.now;
  let pingAt = begun;

  const look = () => {
    got.push(...subscriber.takeMessages().map(({ payload }) => textOf(payload).trim()));
    for (const packet of client.take()) if (packet.type === PacketType.puback) acknowledged.add(packet.packetId);
    assert.equal(client.closed, false, `seed ${seed}: the client was closed`);
    const most = rate === 0 ? MESSAGES : rate * ((broker.core.now - begun) / 1000 + 1) + 1;
    assert.ok(got.length <= most, `seed ${seed}: it was read from although it was held back`);
    met.rate ||= broker.core.metrics.clientsThrottled > 0;
    met.store ||= broker.core.metrics.publishersStalled > 0;
    met.output ||= client.link.paused && client.link.pending > 32;
  };
  const goOn = async (milliseconds: number) => {
    broker.advance(milliseconds);
    if (broker.core.now >= pingAt) {
      publisher.write({ type: PacketType.pingreq });
      pingAt = broker.core.now + KEEP_ALIVE * 500;
    }
    await turn();
    look();
  };

  while (publisher.sent < MESSAGES) {
    if (random.chance(60)) publisher.publish();
    if (random.chance(40)) publisher.transmit();
    if (random.chance(20)) authorizer.decide();
    if (random.chance(15)) store.releaseOne();
    // As it happens where as much waits for the store as may; here it need not be megabytes.
    if (store.waiting > 0 && random.chance(10)) connectionOf(broker, 'p').waitForStore();
    if (random.chance(10)) client.link.reading = false;
    if (random.chance(6)) client.link.drain();
    await goOn(random.pick([0, 0, 0, 100, 250, 1000]));
  }
  for (let i = 0; i < 20_000 && (!publisher.isThrough || i % 8 !== 0); i++) {
    client.link.drain();
    authorizer.decide();
    publisher.transmit();
    // Something to write, so that there is a moment at which the store has caught up.
    broker.core.publish({ topic: 'x', payload: textBytes(String(i)), qos: 1, retain: true, properties: undefined });
    broker.settle();
    await goOn(publisher.isThrough ? 0 : 1000);
  }
  assert.equal(publisher.isThrough, true, `seed ${seed}: it stays paused although nothing holds it back`);
  assert.deepEqual(
    got,
    Array.from({ length: MESSAGES }, (_, i) => String(i)),
    `seed ${seed}: something was lost, doubled or out of order`,
  );
  client.send({ type: PacketType.disconnect, reasonCode: ReasonCode.success });
  return met;
}

test('a client that rates, the store, an authorizer and its own slow reading hold back in any order is read whole, in order, and never forgotten', async () => {
  const met = { rate: 0, store: 0, output: 0 };
  for (let seed = 1; seed <= RUNS; seed++) {
    const one = await run(seed);
    for (const why of ['rate', 'store', 'output'] as const) if (one[why]) met[why] += 1;
  }
  for (const [why, times] of Object.entries(met)) assert.ok(times >= 3, `${why} held back in ${times} of ${RUNS} runs`);
});
