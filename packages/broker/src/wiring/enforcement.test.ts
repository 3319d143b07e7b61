import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authorizer, Decision } from '@cauldron/core';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { DurableBroker, TestBroker } from '@cauldron/testkit';
import { Enforcement } from './enforcement.ts';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };

test('a user who is kicked between its login and its CONNACK is not let in, whatever its connection waits for', async () => {
  const durable = new DurableBroker();
  const kicked: string[] = [];
  const enforcement = new Enforcement(durable.core, ({ clientId }) => kicked.push(clientId));
  const waiting = durable.request('c', { username: 'ann', ...lasting });
  assert.deepEqual(waiting.take(), [], 'the store has not answered yet');
  assert.equal(enforcement.kickUsers(undefined, ['ann'], 'gone'), 1);
  await durable.settle();
  const connack = waiting.takeOne() as { type: number; reasonCode: number };
  assert.deepEqual([connack.type, connack.reasonCode], [PacketType.connack, ReasonCode.notAuthorized]);
  assert.deepEqual([waiting.closed, durable.metrics.clientsConnected], [true, 0]);
  assert.deepEqual(kicked, ['c']);
});

test('of users who are kicked, connections that are over, anonymous clients of that name and other users are left alone', () => {
  const broker = new TestBroker({
    authenticator: { authenticate: ({ password }) => ({ outcome: 'accept', anonymous: password === undefined }) },
  });
  const password = new Uint8Array([1]);
  const ann = broker.connect('a', { username: 'ann', password });
  const anonymous = broker.connect('b', { username: 'ann' });
  const ben = broker.connect('c', { username: 'ben', password });
  broker.connect('d', { username: 'ann', password }).cut();
  const enforcement = new Enforcement(broker.core, () => {});
  assert.equal(enforcement.kickUsers(undefined, ['ann'], 'gone'), 1);
  assert.deepEqual([ann.closed, anonymous.closed, ben.closed], [true, false, false]);
  assert.equal(enforcement.kickUsers(undefined, ['ann'], 'gone'), 0);
});

test('a program that fails while it hears of a subscription that is taken stops neither this look at all sessions nor the next', async () => {
  let allowed = true;
  const authorizer: Authorizer = {
    authorizePublish: () => true,
    authorizeSubscribe: (): Decision => allowed || { reasonCode: ReasonCode.notAuthorized, reason: 'no' },
    authorizeReceive: () => allowed,
  };
  const errors: unknown[] = [];
  const observer = {
    denied: () => {
      throw new Error('the listener of a program');
    },
    internalError: (error: unknown) => errors.push(error),
  };
  const broker = new TestBroker({ authorizer, observer });
  const enforcement = new Enforcement(broker.core, () => {});
  for (const name of ['a', 'b']) broker.connect(name, lasting).subscribe('secret');
  allowed = false;
  await enforcement.recheck();
  assert.equal(errors.length, 2);
  allowed = true;
  const late = broker.connect('c', lasting);
  late.subscribe('secret');
  allowed = false;
  await enforcement.recheck();
  assert.equal(errors.length, 3);
  assert.equal(broker.core.router.subscriptions, 0);
});
