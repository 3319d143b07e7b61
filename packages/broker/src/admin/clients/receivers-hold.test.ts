// What is said of who would get a message is compared with who gets it, for random subscriptions, rights and queues.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type QoS } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';
import { Random } from '@cauldron/testkit/simulation';
import { Inspection } from '../fixtures/inspection.ts';
import { type Receiver, receiversPage, receiversQuery } from '../schema/index.ts';

/** Another one: `RECEIVERS_SEED=7 npm test -- receivers-hold`. */
const seed = Number(process.env.RECEIVERS_SEED ?? 1);

const LEVELS = ['a', 'b', 'c', ''];
const CLIENTS = 8;
const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000, receiveMaximum: 5 } };

/** A group of its own for each filter, so that its name tells it from others. */
const groupOf = (filter: string): string => filter.replaceAll('/', '-').replaceAll('+', 'p').replaceAll('#', 'all');

class House {
  readonly random: Random;
  readonly broker: TestBroker;
  readonly inspection = new Inspection();
  readonly clients = new Map<string, { client: TestClient; away: boolean }>();
  #messages = 0;

  constructor(random: Random) {
    this.random = random;
    this.broker = new TestBroker({
      observer: this.inspection.observer,
      limits: { maxQueuedMessages: 8, queueFull: random.pick(['drop-newest', 'drop-oldest']) },
      mqtt: { queueQos0: random.chance(30) },
      authorizer: {
        authorizePublish: () => true,
        authorizeSubscribe: () => true,
        authorizeReceive: ({ clientId }, topic) => clientId !== 'c3' || !topic.startsWith('b'),
        epoch: 1,
      },
    });
    for (let i = 0; i < CLIENTS; i++) this.#arrive(`c${i}`);
  }

  #arrive(name: string): void {
    const client = this.broker.connect(name, lasting);
    client.take();
    this.clients.set(name, { client, away: false });
  }

  topic(): string {
    return Array.from({ length: this.random.between(1, 3) }, () => this.random.pick(LEVELS)).join('/') || 'a';
  }

  filter(): string {
    const { random } = this;
    const levels = this.topic().split('/');
    const filter = levels.map((level) => (random.chance(30) ? '+' : level)).join('/');
    return random.chance(25) ? `${filter}/#` : random.chance(5) ? '#' : filter;
  }

  /** Somebody comes, goes or subscribes. */
  change(): void {
    const { random } = this;
    const [name, known] = random.pick([...this.clients]);
    if (known.away) {
      if (random.chance(40)) this.#arrive(name);
    } else if (random.chance(12)) {
      known.client.cut();
      known.away = true;
    } else {
      const shared = random.chance(20);
      const plain = this.filter();
      const filter = shared ? `$share/${groupOf(plain)}/${plain}` : plain;
      const qos = random.below(3) as QoS;
      known.client.subscribe(filter, { qos, noLocal: !shared && random.chance(30), retainHandling: 2 });
    }
  }

  async asked(topic: string, qos: QoS, publisher: string): Promise<readonly Receiver[]> {
    const { clients } = this.inspection.of(this.broker.core);
    const query = receiversQuery.parse({ topic, qos: String(qos), publisher, limit: 1000 });
    return receiversPage.parse(await clients.receivers(query)).items;
  }

  /** Publishes, and tells who got it at once, at which QoS, and whose queue grew. */
  publish(topic: string, qos: QoS, publisher: string): Map<string, { sent: QoS[]; queued: number }> {
    const queuedOf = (name: string) => this.broker.core.sessions.get(name)?.queuedMessages ?? 0;
    const before = new Map([...this.clients.keys()].map((name) => [name, queuedOf(name)]));
    for (const { client } of this.clients.values()) client.take();
    const { client } = this.clients.get(publisher)!;
    const payload = `m${++this.#messages}`;
    const packetId = qos === 0 ? 0 : client.nextId();
    client.publish(topic, payload, { qos, packetId });
    const came = new Map<string, { sent: QoS[]; queued: number }>();
    for (const [name, { client: one }] of this.clients) {
      const sent = one.takeMessages().filter((message) => textOf(message.payload) === payload);
      came.set(name, { sent: sent.map((message) => message.qos), queued: queuedOf(name) - before.get(name)! });
    }
    if (qos === 2) client.ack(PacketType.pubrel, packetId);
    return came;
  }
}

test('who is said to get a message gets it, at this QoS, and nobody else does', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const seen = new Map<string, number>();
  for (let run = 0; run < 25; run++) {
    const house = new House(random);
    for (let step = 0; step < 40; step++) {
      house.change();
      const here = [...house.clients].filter(([, { away }]) => !away);
      if (here.length === 0) continue;
      const [topic, qos, publisher] = [house.topic(), random.below(3) as QoS, random.pick(here)[0]];
      const said = await house.asked(topic, qos, publisher);
      const came = house.publish(topic, qos, publisher);
      const where = `seed ${seed}, run ${run}, step ${step}: ${topic} QoS ${qos} by ${publisher}`;
      const inGroups = new Set(said.filter(({ shareGroup }) => shareGroup !== null).map(({ clientId }) => clientId));
      for (const [name, { sent, queued }] of came) {
        if (inGroups.has(name)) continue;
        const one = said.find(({ clientId }) => clientId === name);
        seen.set(one?.outcome ?? 'none', (seen.get(one?.outcome ?? 'none') ?? 0) + 1);
        const expected = {
          sent: one?.outcome === 'sent' ? [one.qos] : [],
          queued: one?.outcome === 'queued' && !one.note.includes('the oldest message is dropped') ? 1 : 0,
        };
        assert.deepEqual({ sent, queued }, expected, `${where}: ${JSON.stringify(one)} for ${name}`);
      }
      checkGroups(said, came, where);
    }
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(seen)));
  for (const outcome of ['sent', 'queued', 'none']) assert.ok(seen.has(outcome), `${outcome} was tried`);
});

/** Of each group at most one member gets it, and one does where all of them could. */
function checkGroups(
  said: readonly Receiver[],
  came: ReadonlyMap<string, { sent: QoS[]; queued: number }>,
  where: string,
): void {
  const groups = Map.groupBy(
    said.filter(({ shareGroup }) => shareGroup !== null),
    ({ shareGroup }) => shareGroup,
  );
  const members = new Set([...groups.values()].flat().map(({ clientId }) => clientId));
  let [got, alone] = [0, 0];
  for (const name of members) {
    const { sent, queued } = came.get(name!)!;
    got += sent.length + Math.max(0, queued);
    if (
      said.some(
        ({ clientId, shareGroup, outcome }) => clientId === name && shareGroup === null && outcome !== 'dropped',
      )
    ) {
      alone += 1;
    }
  }
  const sure = [...groups.values()].filter((all) => all.every(({ outcome }) => outcome === 'sent')).length;
  const text = `${where}: ${got} got it, ${alone} by themselves, ${groups.size} groups, ${sure} surely; ${JSON.stringify(said)}`;
  assert.ok(got <= alone + groups.size, text);
  assert.ok(got >= sure, text);
}
