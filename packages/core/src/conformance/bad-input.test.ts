import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  type ConnackPacket,
  type DisconnectPacket,
  isReasonCodeOf,
  type Packet,
  PacketType,
  ReasonCode,
} from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';
import { loadWireCorpus, type WireCase } from '@cauldron/testkit/wire-corpus';

const corpus = loadWireCorpus().filter(({ direction }) => direction === 'client');
const wrong = corpus.filter(({ error }) => error !== undefined);
const isConnect = (wire: WireCase) => wire.type === PacketType.connect;

const carriedBy = (type: PacketType) =>
  new Set<number>(Object.values(ReasonCode).filter((code) => isReasonCodeOf(code, type)));
const inDisconnect = carriedBy(PacketType.disconnect);
const inConnack = carriedBy(PacketType.connack);

/** How the answer to a CONNECT is to be read: as 5.0 only where its bytes name MQTT at level 5. */
function answeredIn(bytes: Uint8Array): 4 | 5 {
  const nameLength = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  return nameLength === 4 && ((bytes[8] ?? 0) & 0x7f) === 5 && (bytes[1] ?? 0) < 128 ? 5 : 4;
}

/**
 * A broker with one client that is to misbehave, and two others that talk with each other. Nothing but what they say
 * may reach them.
 */
class Stage {
  /** One client after the other comes under the same identifier. */
  readonly broker = new TestBroker({ limits: { maxReconnects: 0 } });
  readonly #listener: TestClient;
  readonly #speaker: TestClient;
  #said = 0;

  constructor() {
    this.#listener = this.broker.connect('listener', { properties: { topicAliasMaximum: 5 } });
    this.#listener.subscribe('others/+', { qos: 2 });
    this.#speaker = this.broker.connect('speaker', { version: 4 });
  }

  /** The two others are connected, hear each other, and heard nothing else. */
  checkOthers(context: string): void {
    const before = this.#listener.take();
    assert.deepEqual(before, [], `${context}: the listener got something`);
    const said = String(++this.#said);
    this.#speaker.publish('others/talk', said, { qos: 1 });
    const heard = this.#listener.takeMessages();
    assert.deepEqual(
      heard.map(({ payload }) => textOf(payload)),
      [said],
      `${context}: the others do not hear each other`,
    );
    this.#listener.ack(PacketType.puback, heard[0]?.packetId ?? 0);
    assert.equal(this.#speaker.takeOne().type, PacketType.puback);
    assert.deepEqual([this.#listener.closed, this.#speaker.closed], [false, false], context);
    assert.equal(this.broker.core.metrics.clientsConnected, 2, `${context}: the sender still counts as connected`);
  }

  /** A connection that sends the case: a fresh one for CONNECT, else a connected one. */
  open(wire: WireCase): TestClient {
    return isConnect(wire)
      ? this.broker.open(answeredIn(wire.bytes))
      : this.broker.connect('bad', { version: wire.version });
  }
}

function checkReason({ reasonCode, properties }: ConnackPacket | DisconnectPacket, wanted: number): void {
  const said = properties?.reasonString ?? '';
  assert.equal(reasonCode, wanted, said);
  assert.notEqual(said, '');
}

function checkAnswer(wire: WireCase, client: TestClient): void {
  const answer = client.take().at(-1);
  assert.equal(client.closed, true, 'the connection is closed');
  const wanted = wire.error?.reasonCode ?? 0;
  if (wanted === ReasonCode.unsupportedProtocolVersion) {
    assert(answer?.type === PacketType.connack);
    assert.equal(answer.reasonCode, client.version === 5 ? wanted : 1);
  } else if (wire.version !== 5) {
    assert.equal(answer, undefined, 'in 3.x a plain close is the answer');
  } else if (isConnect(wire)) {
    assert(answer?.type === PacketType.connack);
    checkReason(answer, wanted);
  } else {
    assert(answer?.type === PacketType.disconnect);
    checkReason(answer, wanted);
  }
}

suite('every wrong packet of the corpus, from a client', () => {
  for (const wire of wrong) {
    test(`${wire.name}: the broker answers as its version does, and the others notice nothing [MQTT-4.13.1-1]`, () => {
      const stage = new Stage();
      const client = stage.open(wire);
      client.sendBytes(wire.bytes);
      checkAnswer(wire, client);
      stage.checkOthers(wire.name);
    });
  }
});

test('every packet cut short by the end of the connection leaves nothing behind', () => {
  const stage = new Stage();
  for (const wire of corpus) {
    for (let length = 1; length < wire.bytes.length; length++) {
      const client = stage.open(wire);
      client.sendBytes(wire.bytes.subarray(0, length));
      // What can be told from the first bytes ends the connection before the cut.
      if (!client.closed) assert.deepEqual(client.take(), [], `${wire.name}, ${length} bytes`);
      client.cut();
    }
    stage.checkOthers(wire.name);
  }
  assert.equal(stage.broker.core.connections.size, 2);
  assert.equal(stage.broker.core.sessions.size, 2);
});

/** A small seeded generator: the same seed gives the same numbers (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What the broker said last is something it may say: a code that the packet has, and 0x80 or above with a close. */
function checkSaid(client: TestClient, packets: Packet[], context: string): void {
  packets.forEach((packet, i) => {
    if (packet.type === PacketType.disconnect) {
      assert(inDisconnect.has(packet.reasonCode), `${context}: DISCONNECT ${packet.reasonCode}`);
      assert(client.closed && i === packets.length - 1, `${context}: something follows a DISCONNECT`);
    } else if (packet.type === PacketType.connack && client.version === 5) {
      assert(inConnack.has(packet.reasonCode), `${context}: CONNACK ${packet.reasonCode}`);
      if (packet.reasonCode >= 0x80) assert(client.closed, `${context}: a refused connection stays open`);
    }
  });
}

for (const seed of [1, 2, 3]) {
  test(`packets with one corrupt byte do no harm to others, and the answers are proper ones (seed ${seed})`, () => {
    const next = random(seed);
    let closed = 0;
    for (const wire of corpus) {
      const stage = new Stage();
      for (let round = 0; round < 6; round++) {
        const bytes = wire.bytes.slice();
        const at = next(bytes.length);
        bytes[at] = bytes[at]! ^ (1 + next(255));
        const context = `seed ${seed}, ${wire.name}, round ${round}`;
        const client = stage.open({ ...wire, bytes });
        client.sendBytes(bytes);
        if (client.closed) closed += 1;
        checkSaid(client, client.take(), context);
        client.cut();
        assert.equal(stage.broker.core.metrics.clientsConnected, 2, context);
      }
      // A changed PUBLISH may well be a message to others/talk or a changed will one that is due; neither is in the corpus.
      stage.checkOthers(`seed ${seed}, ${wire.name}`);
    }
    assert(closed > corpus.length, `only ${closed} connections were ended`);
  });
}
