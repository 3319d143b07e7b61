// What the client promises, against every broker: the same claims for each, each version of MQTT, each way to connect.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, type TestContext, test } from 'node:test';
import { type Client, connect, createClient, type NodeClientOptions } from '@cauldron/client';
import type { Packet, ProtocolVersion } from '@cauldron/protocol';
import { PacketType } from '@cauldron/protocol';
import { until } from '../support/broker.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { fileCleanup } from '../support/file-cleanup.ts';
import { aedes, type Peer, peerKinds } from '../support/peers/index.ts';

const cleanup = fileCleanup();
const quick = { minDelay: 1, maxDelay: 20 };

/** What a client got, as `topic payload qos`, and `retained` where it was. */
const described = (seen: string[]) => (message: { topic: string; text(): string; qos: number; retain: boolean }) =>
  void seen.push(`${message.topic} ${message.text()} ${message.qos}${message.retain ? ' retained' : ''}`);

let number = 0;
/** A part of topics and identifiers that no other test uses. */
const unique = (): string => `t${++number}`;

for (const kind of peerKinds) {
  for (const protocolVersion of kind.versions) {
    for (const scheme of ['mqtt', 'ws'] as const) {
      suite(kind.name, protocolVersion, scheme, () => made(kind.name));
    }
  }
}

const peers = new Map<string, Peer>();
const made = (name: string): Peer => peers.get(name)!;
before(async () => {
  for (const kind of peerKinds) {
    const peer = await kind.make(cleanup);
    await peer.start();
    peers.set(kind.name, peer);
  }
});

function suite(name: string, protocolVersion: ProtocolVersion, scheme: 'mqtt' | 'ws', peer: () => Peer): void {
  const who = `${name}, ${scheme === 'ws' ? 'WebSocket, ' : ''}MQTT ${protocolVersion === 5 ? '5.0' : '3.1.1'}`;
  const url = (): string => (scheme === 'ws' ? peer().webSocketUrl : `mqtt://127.0.0.1:${peer().port}`);
  const join = async (t: TestContext, options: NodeClientOptions = {}, to = url()): Promise<Client> => {
    const maxInflight = protocolVersion === 5 ? undefined : peer().quirks.maxInflight;
    const client = await connect(to, { protocolVersion, reconnect: quick, maxInflight, ...options });
    t.after(() => client.end({ timeout: 0 }));
    return client;
  };
  /** A way to the broker that can be cut. */
  const fragile = async (t: TestContext): Promise<{ proxy: FaultProxy; to: string }> => {
    const to = new URL(url());
    const proxy = await FaultProxy.open(t, Number(to.port));
    to.port = `${proxy.port}`;
    return { proxy, to: `${to.protocol}//127.0.0.1:${proxy.port}${scheme === 'ws' ? to.pathname : ''}` };
  };
  /** A client identifier and what else keeps its session. */
  const lasting = (): NodeClientOptions => ({ clientId: unique(), cleanStart: false, sessionExpiry: 600 });

  test(`${who}: each QoS comes through both ways, and its publish is complete`, async (t) => {
    const root = unique();
    const client = await join(t);
    assert.equal(client.protocolVersion, protocolVersion);
    const seen: string[] = [];
    for (const qos of [0, 1, 2] as const) {
      await client.on(
        [0, 1, 2].map((sent) => `${root}/${qos}/${sent}`),
        described(seen),
        { qos },
      );
    }
    for (const granted of [0, 1, 2]) {
      for (const qos of [0, 1, 2] as const) {
        const { reasonCode } = await client.publish(`${root}/${granted}/${qos}`, 'x', { qos });
        assert.equal(reasonCode, 0);
        const expected = `${root}/${granted}/${qos} x ${Math.min(qos, granted)}`;
        await until(expected, () => seen.at(-1) === expected);
      }
    }
    assert.equal(seen.length, 9);
  });

  test(`${who}: a retained message comes to a new subscription, and no longer when it was cleared`, async (t) => {
    const topic = `${unique()}/kept`;
    const client = await join(t);
    await client.publish(topic, 'here', { qos: 1, retain: true });
    const seen: string[] = [];
    await (await join(t)).on(topic, described(seen), { qos: 1 });
    await until('the retained message', () => seen.length > 0);
    await client.publish(topic, '', { qos: 1, retain: true });
    const late: string[] = [];
    await (await join(t)).on(topic, described(late), { qos: 1 });
    await client.publish(topic, 'new', { qos: 1 });
    await until('the new message', () => late.length > 0);
    assert.deepEqual([seen[0], late[0]], [`${topic} here 1 retained`, `${topic} new 1`]);
  });

  test(`${who}: a will comes when the connection is cut, and not after end()`, async (t) => {
    const root = unique();
    const seen: string[] = [];
    await (await join(t)).on(`${root}/#`, described(seen), { qos: 1 });
    const { proxy, to } = await fragile(t);
    const polite = await join(t, { will: { topic: `${root}/polite`, payload: 'gone', qos: 1 } }, to);
    await polite.end();
    const cut = await join(t, { will: { topic: `${root}/cut`, payload: 'gone', qos: 1 }, reconnect: false }, to);
    proxy.cutAll();
    await cut.closed;
    await until('the will', () => seen.length > 0);
    assert.deepEqual(seen, [`${root}/cut gone 1`]);
  });

  test(`${who}: after unsubscribing nothing comes, and other subscriptions go on`, async (t) => {
    const root = unique();
    const client = await join(t);
    const seen: string[] = [];
    const leaving = await client.on(`${root}/a`, described(seen), { qos: 1 });
    await client.on(`${root}/b`, described(seen), { qos: 1 });
    await client.publish(`${root}/a`, 'first', { qos: 1 });
    await until('the first message', () => seen.length === 1);
    leaving.close();
    await client.unsubscribe(`${root}/a`);
    await client.publish(`${root}/a`, 'unheard', { qos: 1 });
    await client.publish(`${root}/b`, 'last', { qos: 1 });
    await until('the last message', () => seen.length > 1);
    assert.deepEqual(seen, [`${root}/a first 1`, `${root}/b last 1`]);
  });

  test(`${who}: what came while a lasting session's client was away comes on its return`, async (t) => {
    const root = unique();
    const options = lasting();
    const first = await join(t, options);
    await first.on(`${root}/#`, () => {}, { qos: 2 });
    await first.end();
    const publisher = await join(t);
    for (const qos of [1, 2] as const) await publisher.publish(`${root}/${qos}`, 'waited', { qos });
    const seen: string[] = [];
    const back = await join(t, { ...options, onMessage: described(seen) });
    await until('both messages', () => seen.length === 2);
    assert.equal(back.sessionPresent, true);
    assert.deepEqual(seen.sort(), [`${root}/1 waited 1`, `${root}/2 waited 2`]);
  });

  test(`${who}: after a cut it is back by itself, the session resumed, and nothing is missing`, async (t) => {
    const root = unique();
    const { proxy, to } = await fragile(t);
    const client = await join(t, lasting(), to);
    const seen: string[] = [];
    await client.on(`${root}/#`, described(seen), { qos: 1 });
    const other = await join(t);
    for (let round = 0; round < 5; round++) {
      const away = new Promise<void>((resolve) => {
        const stop = client.onState(({ status }) => {
          if (status === 'connected') return;
          stop();
          resolve();
        });
      });
      proxy.cutAll();
      await away;
      await other.publish(`${root}/other`, `${round}`, { qos: 1 });
      await client.publish(`${root}/own`, `${round}`, { qos: 1 });
      assert.equal(client.sessionPresent, true);
    }
    await until('all of it', () => new Set(seen).size === 10);
  });

  test(`${who}: what is published while the broker is down leaves when it is back, in its order`, async (t) => {
    const root = unique();
    const publisher = await join(t, lasting());
    const subscriber = await join(t, lasting());
    const seen: string[] = [];
    await subscriber.on(`${root}/#`, described(seen), { qos: 1 });
    await peer().stop();
    await until('the broker to be missed', () => !publisher.connected);
    const numbers = Array.from({ length: 50 }, (_, at) => at);
    const sent = numbers.map((at) => publisher.publish(`${root}/x`, `${at}`, { qos: 1 }));
    assert.equal(publisher.queue.messages, 50);
    await peer().start();
    await Promise.all(sent);
    await until('all of it', () => new Set(seen).size === 50);
    const due = numbers.map((at) => `${root}/x ${at} 1`);
    const came = [...new Set(seen)];
    if (peer().quirks.repeatsAndReorders === 'always') assert.deepEqual(new Set(came), new Set(due));
    else assert.deepEqual(came, due);
  });

  test(`${who}: a broker that has lost the session is subscribed to again`, async (t) => {
    const root = unique();
    const client = await join(t, lasting());
    const seen: string[] = [];
    await client.on([`${root}/a/#`, `${root}/b`], described(seen), { qos: 1 });
    await client.on(`${root}/a/+`, () => {}, { qos: 2 });
    await peer().restart({ forget: true });
    await until('the client to be back', () => client.connected);
    assert.equal(client.sessionPresent, false);
    // Behind its SUBSCRIBE, which comes first.
    await client.publish(`${root}/a/1`, 'x', { qos: 1 });
    await client.publish(`${root}/b`, 'x', { qos: 1 });
    // Mosquitto sends what matches overlapping subscriptions once for each of them.
    await until('both messages', () => new Set(seen).size === 2);
    assert.deepEqual([...new Set(seen)], [`${root}/a/1 x 1`, `${root}/b x 1`]);
  });

  test(`${who}: a large payload comes back as it was`, async (t) => {
    const topic = unique();
    const client = await join(t);
    const payload = randomBytes(scheme === 'ws' && peer().quirks.slowWebSocket ? 20_000 : 1_000_000);
    const subscription = client.subscribe(topic, { qos: 2 });
    await subscription.ready;
    await client.publish(topic, payload, { qos: 2 });
    for await (const message of subscription) {
      assert.ok(payload.equals(message.payload));
      break;
    }
  });

  test(`${who}: 500 messages at once of each QoS arrive once each and in order`, async (t) => {
    const root = unique();
    const [publisher, subscriber] = [await join(t), await join(t)];
    const seen = new Map<string, string[]>();
    for (const qos of [0, 1, 2] as const) {
      seen.set(`${root}/${qos}`, []);
      await subscriber.on(`${root}/${qos}`, (message) => void seen.get(message.topic)!.push(message.text()), { qos });
    }
    const texts = Array.from({ length: 500 }, (_, at) => `${at}`);
    const all = texts.flatMap((text) =>
      ([0, 1, 2] as const).map((qos) => publisher.publish(`${root}/${qos}`, text, { qos })),
    );
    await Promise.all(all);
    await until('all of it', () => [...seen.values()].every((list) => list.length >= 500));
    assert.deepEqual([...seen.values()], [texts, texts, texts]);
  });

  test(`${who}: messages are acknowledged when they were consumed, and a slow consumer holds the rest back`, async (t) => {
    const topic = unique();
    const flow: string[] = [];
    const trace = (direction: string, packet: Packet): void => {
      if (direction === 'received' && packet.type === PacketType.publish) flow.push(`${packet.packetId} came`);
      if (direction === 'sent' && packet.type === PacketType.puback) flow.push(`${packet.packetId} acknowledged`);
    };
    const subscriber = await join(t, { ...(protocolVersion === 5 && { receiveMaximum: 5 }), trace });
    const subscription = subscriber.subscribe(topic, { qos: 1 });
    await subscription.ready;
    const publisher = await join(t);
    await Promise.all(Array.from({ length: 40 }, (_, at) => publisher.publish(topic, `${at}`, { qos: 1 })));
    const seen: string[] = [];
    await until('some to have come', () => flow.length >= 5);
    // [MQTT-3.3.4-7]; later on Mosquitto 2.0.11 sends more than that.
    if (protocolVersion === 5) assert.equal(flow.length, 5);
    for await (const message of subscription) {
      seen.push(message.text());
      assert.equal(flow.filter((line) => line.endsWith('acknowledged')).length, seen.length - 1);
      if (seen.length === 40) break;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 40 }, (_, at) => `${at}`),
    );
  });

  if (protocolVersion !== 5) return;

  test(`${who}: no more is in flight than the broker allows`, async (t) => {
    const topic = unique();
    const open = { now: 0, most: 0 };
    const trace = (direction: string, packet: Packet): void => {
      if (direction === 'sent' && packet.type === PacketType.publish) open.most = Math.max(open.most, ++open.now);
      if (direction === 'received' && (packet.type === PacketType.puback || packet.type === PacketType.pubcomp))
        open.now--;
    };
    const client = await join(t, { trace });
    await Promise.all(
      Array.from({ length: 600 }, (_, at) => client.publish(topic, `${at}`, { qos: at % 2 === 0 ? 1 : 2 })),
    );
    const allowed = client.serverProperties.receiveMaximum ?? 65_535;
    // [MQTT-3.3.4-9]
    assert.ok(open.most > 1 && open.most <= allowed, `${open.most} in flight, ${allowed} allowed`);
  });

  test(`${who}: a request has its response, and one that nobody answers a time-out`, async (t) => {
    const topic = unique();
    const [asks, answers] = [await join(t), await join(t)];
    await answers.respond(topic, (message) => `${message.text()}, served`);
    const responses = await Promise.all(['soup', 'stew'].map((dish) => asks.request(topic, dish, { timeout: 5000 })));
    assert.deepEqual(
      responses.map((message) => message.text()),
      ['soup, served', 'stew, served'],
    );
    await assert.rejects(asks.request(`${topic}/nobody`, 'x', { timeout: 50 }), { code: 'TIMEOUT' });
  });

  test(`${who}: properties of a message arrive as they were sent`, async (t) => {
    const topic = unique();
    const client = await join(t);
    const userProperties: [string, string][] = [
      ['from', 'kitchen'],
      ['from', 'cellar'],
      ['to', 'cook'],
    ];
    const plain = {
      payloadFormatIndicator: 1,
      contentType: 'application/json',
      responseTopic: 'answers/1',
      userProperties,
    };
    const properties = { ...plain, correlationData: new Uint8Array([0, 255, 1]) };
    const subscription = client.subscribe(topic, { qos: 1 });
    await subscription.ready;
    await client.publish(topic, '{}', { qos: 1, properties });
    for await (const message of subscription) {
      const { correlationData, ...rest } = message.properties!;
      assert.deepEqual(rest, plain);
      assert.deepEqual([...correlationData!], [0, 255, 1]);
      break;
    }
  });
}

for (const scheme of ['mqtt', 'ws'] as const) {
  test(`aedes, ${scheme}: a client of MQTT 5.0 falls back to 3.1.1, and remembers it`, async (t) => {
    const peer = made(aedes.name);
    const versions: number[] = [];
    const trace = (direction: string, packet: Packet): void => {
      if (direction === 'sent' && packet.type === PacketType.connect) versions.push(packet.protocolVersion);
    };
    const url = scheme === 'ws' ? peer.webSocketUrl : `mqtt://127.0.0.1:${peer.port}`;
    const client = createClient(url, { reconnect: quick, clientId: unique(), cleanStart: false, trace });
    t.after(() => client.end({ timeout: 0 }));
    await client.ready();
    assert.equal(client.protocolVersion, 4);
    const seen: string[] = [];
    await client.on('fallen/back', described(seen), { qos: 2 });
    await peer.restart();
    await client.publish('fallen/back', 'x', { qos: 2 });
    await until('the message', () => seen.length === 1);
    assert.deepEqual(versions, [5, 4, 4]);
  });
}

for (const kind of peerKinds) {
  test(`${kind.name}: a connection on which nothing moves any more is noticed by keep alive, and replaced`, async (t) => {
    const peer = made(kind.name);
    const proxy = await FaultProxy.open(t, peer.port);
    const client = createClient(`mqtt://127.0.0.1:${proxy.port}`, {
      protocolVersion: kind.versions[0]!,
      keepAlive: 1,
      reconnect: quick,
      ...{ clientId: unique(), cleanStart: false },
    });
    t.after(() => client.end({ timeout: 0 }));
    const seen: string[] = [];
    proxy.plan([[{ direction: 'toClient', at: 100, fault: { kind: 'stall', milliseconds: null } }]]);
    const topic = unique();
    await client.on(topic, described(seen), { qos: 1 });
    const sent = Array.from({ length: 30 }, (_, at) => client.publish(topic, `${at} ${'x'.repeat(20)}`, { qos: 1 }));
    await Promise.all(sent);
    assert.equal(proxy.connections, 2);
    await until('all of it', () => new Set(seen).size === 30);
  });
}
