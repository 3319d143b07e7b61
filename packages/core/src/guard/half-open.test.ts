import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationResult, Refusal } from '@cauldron/core';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions } from '@cauldron/testkit';

function watched(options: TestBrokerOptions) {
  const refusals: Refusal[] = [];
  const observer = {
    refused: (_address: string, _clientId: string | undefined, refusal: Refusal) => refusals.push(refusal),
  };
  return { broker: new TestBroker({ ...options, observer }), refusals };
}

test('maxHalfOpen: one more that says nothing closes the one that has waited longest, at once and with the limit’s name', () => {
  const { broker, refusals } = watched({ limits: { maxHalfOpen: 3 } });
  const [first, second, ...more] = [broker.open(), broker.open(), broker.open(), broker.open()];
  assert.deepEqual([first!.closed, second!.closed, ...more.map(({ closed }) => closed)], [true, false, false, false]);
  assert.deepEqual(first!.take(), []);
  second!.sendBytes(encodePacket({ type: PacketType.pingreq }, 5).subarray(0, 1));
  broker.open();
  assert.equal(second!.closed, true, 'some bytes are no CONNECT');
  const { refusedMaxHalfOpen, connectionsRefused } = broker.core.metrics;
  assert.deepEqual([refusedMaxHalfOpen, connectionsRefused, refusals.length], [2, 2, 2]);
  assert.match(refusals[0]!.reason, /3 connections.*CONNECT.*\(limits\.maxHalfOpen\)/);
  assert.equal(broker.core.connections.size, 3);
});

test('maxHalfOpen counts neither clients, nor those that wait for their authentication, nor those that are gone', () => {
  const waiting: ((result: AuthenticationResult) => void)[] = [];
  const { broker } = watched({
    limits: { maxHalfOpen: 2 },
    authenticator: { authenticate: () => new Promise((resolve) => waiting.push(resolve)) },
  });
  const asked = [1, 2, 3, 4].map((n) => {
    const client = broker.open();
    const connect = { type: PacketType.connect, protocolVersion: 5, cleanStart: true, keepAlive: 0 } as const;
    client.send({ ...connect, clientId: `c${n}` });
    return client;
  });
  const gone = broker.open();
  gone.cut();
  const [first, second] = [broker.open(), broker.open()];
  assert.equal(waiting.length, 4);
  assert.deepEqual(
    [...asked, first, second].map(({ closed }) => closed),
    new Array<boolean>(6).fill(false),
  );
  assert.equal(broker.core.guard.halfOpen.size, 2);
  broker.open();
  assert.equal(first!.closed, true);
});

test('maxHalfOpen: a client that begins an enhanced authentication and then says nothing counts as one that says nothing', () => {
  const steps: AuthenticationResult[] = [];
  const { broker, refusals } = watched({
    limits: { maxHalfOpen: 2 },
    authenticator: { authenticate: () => steps.shift() ?? { outcome: 'continue', data: undefined, exchange: 1 } },
  });
  const begin = (clientId: string) => {
    const client = broker.open();
    client.send({
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientId,
      properties: { authenticationMethod: 'STEPS' },
    });
    return client;
  };
  const [first, second] = [begin('c1'), begin('c2')];
  assert.equal(broker.core.guard.halfOpen.size, 2);
  const third = begin('c3');
  assert.deepEqual([first.closed, second.closed, third.closed], [true, false, false]);
  assert.match(refusals[0]!.reason, /\(limits\.maxHalfOpen\)/);
  steps.push({ outcome: 'accept' });
  second.send({ type: PacketType.auth, reasonCode: 0x18, properties: { authenticationMethod: 'STEPS' } });
  assert.equal(broker.core.guard.halfOpen.size, 1, 'who is let in is a client');
  third.cut();
  assert.equal(broker.core.guard.halfOpen.size, 0);
});

test('maxHalfOpen: who was refused and does not close its side takes a place of those that say nothing', () => {
  const { broker, refusals } = watched({
    limits: { maxHalfOpen: 3 },
    authenticator: { authenticate: () => ({ outcome: 'refuse', reasonCode: 0x87, reasonString: 'no' }) },
  });
  const refused = Array.from({ length: 10 }, (_, n) => {
    const client = broker.open();
    client.link.reading = false; // what it is told stays pending, and with it the connection
    const connect = { type: PacketType.connect, protocolVersion: 5, cleanStart: true, keepAlive: 0 } as const;
    client.send({ ...connect, clientId: `c${n}` });
    return client;
  });
  assert.deepEqual(
    refused.map(({ closed }) => closed),
    [...new Array<boolean>(7).fill(true), false, false, false],
  );
  const { refusedMaxHalfOpen, connectionsRefused } = broker.core.metrics;
  assert.deepEqual([refusedMaxHalfOpen, connectionsRefused, refusals.length], [0, 10, 10], 'each is told of once');
  broker.advance(6000);
  assert.deepEqual([broker.core.connections.size, broker.core.guard.halfOpen.size, broker.core.timers.size], [0, 0, 0]);
});

test('maxHalfOpen: one network that takes all places crowds out itself, and a slow client from elsewhere stays', () => {
  const { broker } = watched({ limits: { maxHalfOpen: 32 } });
  const slow = broker.open(5, '192.0.2.7:1000');
  const silent = Array.from({ length: 200 }, (_, i) => broker.open(5, `198.51.100.1:${i + 1}`));
  assert.deepEqual([slow.closed, broker.core.connections.size], [false, 32]);
  assert.deepEqual(
    silent.map(({ closed }) => closed),
    silent.map((_, i) => i < 200 - 31),
  );
  const late = broker.open(5, '192.0.2.8:1000');
  assert.deepEqual([slow.closed, late.closed], [true, false], 'who has few there takes the oldest place of all');
  slow.cut();
});
