// Messages that several subscriptions of one client match reach each of them once, however many copies the broker sends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type Properties } from '@cauldron/protocol';
import type { Message } from './message.ts';
import { message } from './testing/messages.ts';
import { type Reaction, type ScriptedBroker, startClient } from './testing/scripted-broker.ts';

/** Each SUBSCRIBE: its filters, identifier and retain handling. */
const asked = (broker: ScriptedBroker): unknown[] =>
  broker
    .all(PacketType.subscribe)
    .map(({ subscriptions, properties }) => [
      subscriptions.map(({ filter }) => filter).join(' '),
      properties?.subscriptionIdentifiers?.[0] ?? 0,
      subscriptions[0]!.retainHandling,
    ]);

const identifierOf = (broker: ScriptedBroker, wanted: string): number =>
  broker.all(PacketType.subscribe).findLast(({ subscriptions }) => subscriptions[0]!.filter === wanted)!.properties!
    .subscriptionIdentifiers![0]!;

const copy = (topic: string, ...subscriptionIdentifiers: number[]) => ({
  ...message(topic, 'x'),
  properties: { subscriptionIdentifiers },
});

const allows =
  (properties: Properties): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0, properties });
    return true;
  };

/** Two subscriptions that overlap, and how often each handler was called. */
async function overlapping() {
  const { platform, broker, client } = await startClient();
  const calls = { wide: 0, exact: 0 };
  const count = (name: keyof typeof calls) => () => {
    calls[name] += 1;
  };
  void client.on('a/#', count('wide'));
  await platform.settle();
  void client.on('a/b', count('exact'));
  await platform.settle();
  const ids = [identifierOf(broker, 'a/#'), identifierOf(broker, 'a/b')] as const;
  return { platform, broker, client, calls, ids };
}

test('subscriptions that cannot get the same message have no identifier', async () => {
  const { platform, broker, client } = await startClient();
  for (const filter of ['a/b', 'a/c', 'b/#', '$share/g/c/+']) void client.on(filter, () => undefined);
  await platform.settle();
  assert.deepEqual(
    asked(broker).map((row) => (row as unknown[])[1]),
    [0, 0, 0, 0],
  );
});

test('as soon as two overlap both have one: the older is asked for again, without what is retained', async () => {
  const { broker, ids } = await overlapping();
  assert.deepEqual(asked(broker), [
    ['a/#', 0, 0],
    ['a/#', ids[0], 2],
    ['a/b', ids[1], 0],
  ]);
  assert.notEqual(ids[0], ids[1]);
});

test('an identifier is the same in another process, and fits two bytes', async () => {
  const [one, other] = [await overlapping(), await overlapping()];
  assert.deepEqual(one.ids, other.ids);
  for (const id of one.ids) assert.ok(id > 0 && id <= 16_383);
});

test('a broker that sends a copy for each subscription, or one for all, calls each handler once', async () => {
  const { platform, broker, calls, ids } = await overlapping();
  broker.link.send(copy('a/b', ids[0]));
  await platform.settle();
  assert.deepEqual(calls, { wide: 1, exact: 0 });
  broker.link.send(copy('a/b', ids[1]));
  broker.link.send(copy('a/b', ...ids));
  await platform.settle();
  assert.deepEqual(calls, { wide: 2, exact: 2 });
});

test('a copy without identifier, or with one that nobody here has, is for all that match', async () => {
  const { platform, broker, calls } = await overlapping();
  broker.link.send(message('a/b', 'x'));
  broker.link.send(copy('a/b', 9));
  await platform.settle();
  assert.deepEqual(calls, { wide: 2, exact: 2 });
});

test('two subscriptions to one filter both get its one copy, also when the younger one has gone', async () => {
  const { platform, broker, client } = await startClient();
  const got: string[] = [];
  void client.on('a/+', (first: Message) => void got.push(`1 ${first.text()}`));
  const second = client.on('a/+', (message) => void got.push(`2 ${message.text()}`));
  await platform.settle();
  const id = identifierOf(broker, 'a/+');
  broker.link.send(copy('a/b', id));
  await platform.settle();
  (await second).close();
  broker.link.send(copy('a/b', id));
  await platform.settle();
  assert.deepEqual(got, ['1 x', '2 x', '1 x']);
});

test('an identifier of the program is its own, and is told with the message', async () => {
  const { platform, broker, client } = await startClient();
  const seen: unknown[] = [];
  const properties = { subscriptionIdentifiers: [77] };
  void client.on('a', (message) => void seen.push(message.properties?.subscriptionIdentifiers), { properties });
  await platform.settle();
  assert.deepEqual(asked(broker), [['a', 77, 0]]);
  broker.link.send(copy('a', 77));
  await platform.settle();
  assert.deepEqual(seen, [[77]]);
});

test('a broker that knows no identifiers is asked for none [MQTT-3.2.2-12]', async () => {
  const { platform, broker, client } = await startClient({}, allows({ subscriptionIdentifiersAvailable: 0 }));
  void client.on('a/#', () => undefined);
  void client.on('a/b', () => undefined);
  await platform.settle();
  assert.deepEqual(
    asked(broker).map((row) => (row as unknown[])[1]),
    [0, 0],
  );
});

test('MQTT 3.1.1 has no identifiers, and nobody is asked for again', async () => {
  const { platform, broker, client } = await startClient({ protocolVersion: 4 });
  void client.on('a/#', () => undefined);
  void client.on('a/b', () => undefined);
  await platform.settle();
  assert.deepEqual(asked(broker), [
    ['a/#', 0, 0],
    ['a/b', 0, 0],
  ]);
});

for (const [what, properties, filter, code] of [
  ['shared subscriptions', { sharedSubscriptionAvailable: 0 }, '$share/g/a', 0x9e],
  ['wildcards', { wildcardSubscriptionAvailable: 0 }, 'a/#', 0xa2],
] as const) {
  test(`a broker that has no ${what} is not asked, and the program is told`, async () => {
    const { platform, broker, client } = await startClient({}, allows(properties));
    const refused = assert.rejects(
      client.on(filter, () => undefined),
      {
        code: 'SUBSCRIBE_REFUSED',
        reasonCode: code,
        message: `the broker has no ${what}, so it was not asked for ${filter}`,
      },
    );
    void client.on('b', () => undefined);
    await platform.settle();
    await refused;
    assert.deepEqual(asked(broker), [['b', 0, 0]]);
  });
}

test('overlapping subscriptions whose filters hash alike have different identifiers', async () => {
  const { platform, broker, client } = await startClient();
  void client.on(['x', 'Aa'], () => undefined);
  void client.on(['x', 'BB'], () => undefined); // "Aa" and "BB" hash alike
  await platform.settle();
  const ids = new Set(asked(broker).map((row) => (row as number[])[1]!));
  ids.delete(0);
  assert.equal(ids.size, 2);
});

test('among very many subscriptions each has an identifier of its own', async () => {
  const { platform, broker, client } = await startClient();
  for (let i = 0; i < 300; i++) void client.on(`a/${i}`, () => undefined);
  await platform.settle();
  const ids = asked(broker).map((row) => (row as number[])[1]!);
  assert.equal(ids.filter((id) => id === 0).length, 200);
  assert.equal(new Set(ids.filter((id) => id > 0)).size, 100);
});
