// Ways around rights and ownership that must not be there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authenticator, Authorizer, ClientInfo, Decision } from '@cauldron/core';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { DurableBroker, TestBroker, TestClient, textOf } from '@cauldron/testkit';

const no = { reasonCode: ReasonCode.notAuthorized, reason: 'not for you' };
const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
const as = (username: string) => ({ username, password: new Uint8Array([1]) });

/** Verifies whoever shows a password, and lets the others in as nobody. */
const authenticator: Authenticator = {
  authenticate: ({ password }) => ({ outcome: 'accept', anonymous: password === undefined }),
};

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

test('who left an anonymous session with QoS 2 exchanges open swallows no message of the user who takes it over', () => {
  for (const version of [4, 5] as const) {
    const broker = new TestBroker({ authenticator });
    const reader = broker.connect('r');
    reader.subscribe('alarm', { qos: 0 });
    const planter = broker.connect('c', { ...lasting, version });
    for (let packetId = 1; packetId <= 10; packetId += 1) planter.publish('x', '', { qos: 2, packetId });
    planter.cut();
    const anna = broker.open(version);
    assert.equal(anna.connect('c', { ...lasting, ...as('anna') }).sessionPresent, true);
    anna.publish('alarm', 'fire', { qos: 2, packetId: 1 });
    assert.deepEqual(texts(reader), ['fire']);
    anna.cut();
    const again = broker.open(version);
    again.connect('c', { ...lasting, ...as('anna') });
    again.publish('alarm', 'fire', { qos: 2, packetId: 1 });
    assert.deepEqual(texts(reader), [], 'her own exchange goes on: sent again it is no new message');
  }
});

test('the QoS 2 exchanges that an anonymous client left open are gone from the store too', async () => {
  const durable = new DurableBroker({ authenticator });
  const planter = await durable.connect('c');
  planter.publish('x', '', { qos: 2, packetId: 1 });
  await durable.settle();
  planter.cut();
  await durable.connect('c', as('anna'));
  await durable.settle();
  durable.crash();
  const anna = await durable.connect('c', as('anna'));
  const reader = await durable.connect('r');
  await durable.subscribe(reader, 'alarm', { qos: 0 });
  anna.publish('alarm', 'fire', { qos: 2, packetId: 1 });
  await durable.settle();
  assert.deepEqual(texts(reader), ['fire']);
});

test('an authorizer without an epoch is asked for every message whether it may be received, alone, in runs, shared and merged', () => {
  let readable = true;
  const authorizer: Authorizer = {
    authorizePublish: () => true,
    authorizeSubscribe: () => true,
    authorizeReceive: () => readable,
  };
  const broker = new TestBroker({ authorizer });
  const plain = broker.connect('plain');
  plain.subscribe('a');
  const merged = broker.connect('merged');
  merged.subscribe('a');
  merged.subscribe('+');
  const shared = broker.connect('shared');
  shared.subscribe('$share/g/a');
  const publisher = broker.connect('p');
  const all = [plain, merged, shared];
  for (const qos of [0, 1] as const) {
    readable = true;
    publisher.publish('a', 'yes', { qos });
    assert.deepEqual(all.map(texts), [['yes'], ['yes'], ['yes']]);
    readable = false;
    publisher.publish('a', 'no', { qos });
    assert.deepEqual(all.map(texts), [[], [], []]);
    readable = true;
    publisher.publish('a', 'again', { qos });
    assert.deepEqual(all.map(texts), [['again'], ['again'], ['again']]);
  }
});

test('where the right to subscribe is all there is, a session that is resumed keeps the subscriptions its client may have now', () => {
  let readers = ['anna'];
  const denied: string[] = [];
  const authorizer: Authorizer = {
    epoch: 1,
    authorizePublish: () => true,
    authorizeSubscribe: ({ username }: ClientInfo, filter: string): Decision =>
      filter !== 'secret' || readers.includes(username ?? '') || no,
  };
  const observer = {
    denied: (client: ClientInfo, _: string, topic: string) => denied.push(`${client.username} ${topic}`),
  };
  const broker = new TestBroker({ authenticator, authorizer, observer });
  const publisher = broker.connect('p');
  const anna = broker.connect('c', { ...lasting, username: 'anna' });
  anna.subscribe('secret', { qos: 1 });
  anna.subscribe('news', { qos: 1 });
  anna.cut();
  for (const username of ['ben', 'anna']) {
    readers = [];
    const next = broker.open();
    assert.equal(next.connect('c', { ...lasting, username }).sessionPresent, true);
    publisher.publish('secret', 'for readers');
    publisher.publish('news', 'for all');
    assert.deepEqual(texts(next), ['for all']);
    next.cut();
  }
  assert.deepEqual(denied, ['ben secret']);
});

test('a session whose client becomes another user belongs to that user after a crash, too', async () => {
  const renaming: Authenticator = {
    authenticate: ({ username, reauthentication }) => ({
      outcome: 'accept',
      username: reauthentication ? 'ben' : username,
    }),
  };
  const durable = new DurableBroker({ authenticator: renaming });
  const properties = { authenticationMethod: 'X', sessionExpiryInterval: 100 };
  const client = await durable.connect('c', { username: 'anna', cleanStart: false, properties });
  const reason = { reasonCode: ReasonCode.reauthenticate, properties: { authenticationMethod: 'X' } };
  client.send({ type: PacketType.auth, ...reason });
  await durable.settle();
  durable.crash();
  const anna = durable.request('c', { username: 'anna' });
  await durable.settle();
  assert.equal((anna.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.clientIdentifierNotValid);
  await durable.connect('c', { username: 'ben' });
});

test('a session that its user resumes from elsewhere gets what may be received there, and no more', () => {
  const authorizer: Authorizer = {
    epoch: 1,
    authorizePublish: () => true,
    authorizeSubscribe: () => true,
    authorizeReceive: ({ remoteAddress }, topic) => topic !== 'secret' || remoteAddress.startsWith('192.0.2.1:'),
  };
  const broker = new TestBroker({ authorizer });
  const publisher = broker.connect('p');
  for (const [address, expected] of [
    ['192.0.2.1:50000', ['x']],
    ['198.51.100.7:50000', []],
    ['192.0.2.1:50001', ['x']],
  ] as const) {
    const client = new TestClient(broker.core, 5, address);
    const { sessionPresent } = client.connect('c', { ...lasting, username: 'anna' });
    if (!sessionPresent) client.subscribe('secret');
    publisher.publish('secret', 'x');
    assert.deepEqual(texts(client), expected, address);
    client.cut();
  }
});
