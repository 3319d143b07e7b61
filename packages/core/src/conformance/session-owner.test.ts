import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authenticator } from '@cauldron/core';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { DurableBroker, TestBroker } from '@cauldron/testkit';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };

/** Verifies whoever shows a password, and lets the others in as nobody. */
const authenticator: Authenticator = {
  authenticate: ({ password }) => ({ outcome: 'accept', anonymous: password === undefined }),
};
const as = (username: string) => ({ username, password: new Uint8Array([1]) });

test("a session is its user's: nobody else resumes it, replaces it or takes its connection, and its user still can", () => {
  for (const version of [4, 5] as const) {
    const broker = new TestBroker({ authenticator });
    const owner = broker.connect('c', { ...lasting, ...as('anna'), version });
    owner.subscribe('news', { qos: 1 });
    for (const other of [as('ben'), {}, { username: 'anna' }]) {
      for (const cleanStart of [true, false]) {
        const intruder = broker.open(version);
        const connack = intruder.tryConnect('c', { ...lasting, ...other, cleanStart });
        // 3.1.1 calls it "identifier rejected".
        assert.equal(connack.reasonCode, version === 5 ? ReasonCode.clientIdentifierNotValid : 2);
        assert.equal(intruder.closed, true);
      }
    }
    assert.equal(owner.closed, false);
    owner.cut();
    const away = broker.open(version);
    assert.notEqual(away.tryConnect('c', { ...as('ben') }).reasonCode, 0);
    assert.equal(broker.core.metrics.refusedOtherOwner, 7);
    const back = broker.open(version);
    assert.equal(back.connect('c', { ...lasting, ...as('anna') }).sessionPresent, true);
  }
});

test('where nobody is verified, whoever has the client identifier has the session', () => {
  const broker = new TestBroker({ authenticator });
  broker.connect('c', { ...lasting, username: 'anna' }).cut();
  assert.equal(broker.open().connect('c', { ...lasting, username: 'ben' }).sessionPresent, true);
  assert.equal(broker.open().connect('c', { ...lasting, ...as('carl') }).sessionPresent, true);
  assert.notEqual(broker.open().tryConnect('c', { ...lasting, username: 'ben' }).reasonCode, 0);
});

test('whose a session is outlives the broker', async () => {
  const durable = new DurableBroker({ authenticator });
  await durable.connect('c', as('anna'));
  durable.crash();
  const intruder = durable.request('c', as('ben'));
  await durable.settle();
  assert.equal((intruder.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.clientIdentifierNotValid);
  await durable.connect('c', as('anna'));
});

test('a client whose login expires is disconnected then, whatever its keep alive, unless it authenticated again', () => {
  for (const keepAlive of [0, 1000]) {
    let expiresAt = 0;
    const expiring: Authenticator = { authenticate: () => ({ outcome: 'accept', expiresAt }) };
    const broker = new TestBroker({ authenticator: expiring });
    expiresAt = broker.core.now + 60_000;
    const client = broker.connect('c', { keepAlive, properties: { authenticationMethod: 'X' } });
    const old = broker.connect('old', { keepAlive, version: 4 });
    broker.advance(50_000);
    expiresAt = broker.core.now + 60_000;
    const again = { type: PacketType.auth, reasonCode: 0x19, properties: { authenticationMethod: 'X' } };
    client.send(again);
    client.take();
    broker.advance(11_000);
    assert.deepEqual([client.closed, old.closed], [false, true]);
    broker.advance(50_000);
    const said = client.takeOne() as { type: number; reasonCode: number };
    assert.deepEqual([said.type, said.reasonCode], [PacketType.disconnect, ReasonCode.maximumConnectTime]);
    assert.deepEqual([client.closed, broker.core.metrics.loginsExpired], [true, 2]);
  }
});
