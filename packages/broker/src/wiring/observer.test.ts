import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientInfo, Observer } from '@cauldron/core';
import { HealthMonitor } from '../health.ts';
import { observerOf, type Tell } from './observer.ts';
import { SecurityLog } from './security-log.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, isEnabled: () => false };
const client: ClientInfo = {
  clientId: 'c',
  username: undefined,
  verified: false,
  rights: undefined,
  protocolVersion: 5,
  remoteAddress: 'host:1',
  listener: 'tcp',
  keepAlive: 0,
  cleanStart: true,
};
const refusal = { reasonCode: 0x87, reason: 'no' };

/** What the core says of clients, each once, with what the program around the broker hears of it. */
const EVENTS: { readonly [K in keyof Observer]?: Parameters<NonNullable<Observer[K]>> } = {
  connected: [client, false],
  disconnected: [client, { reasonCode: 0, reason: 'bye', by: 'client' }],
  refused: ['host:1', 'c', refusal],
  subscribed: [client, 't', 1],
  unsubscribed: [client, 't'],
  denied: [client, 'publish', 't', refusal],
  throttled: [client, 'maxMessageRate'],
  banned: ['c', 'host:1', 60],
  dropping: ['c', 'slow-consumer'],
  dropped: ['c', 'slow-consumer'],
  sessionEnded: ['c', 'expired'],
};

test('whoever keeps the history hears all the core says of clients, and the program what it is to hear', () => {
  const heard: [string, string][] = [];
  const listening = (name: string): Observer =>
    new Proxy({}, { get: (_target, event) => () => heard.push([name, String(event)]) });
  const told: string[] = [];
  const tell: Tell = (event, ..._args) => {
    told.push(event);
  };
  const security = new SecurityLog(silent, null, () => 0);
  const parts = { log: silent, security, health: new HealthMonitor(), keeper: null, now: () => 0, tell };
  const history = [listening('one'), listening('two')];
  const observer = observerOf({ ...parts, ruleOf: () => undefined, history });
  const say = (event: string, args: readonly unknown[]) =>
    (observer[event as keyof Observer] as (...args: readonly unknown[]) => void)(...args);
  for (const [event, args] of Object.entries(EVENTS)) say(event, args);
  assert.deepEqual(
    heard,
    Object.keys(EVENTS).flatMap((event) => [
      ['one', event],
      ['two', event],
    ]),
  );
  assert.deepEqual(told, [
    'connect',
    'disconnect',
    'refuse',
    'subscribe',
    'unsubscribe',
    'deny',
    'throttle',
    'ban',
    'drop',
    'sessionEnd',
  ]);
});
