import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientInfo } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions } from '@cauldron/testkit';
import { event } from '../schema/index.ts';
import { EventHistory, type EventHistoryLimits, shownEvent } from './event-history.ts';

const client = (clientId: string, username?: string): ClientInfo => ({
  clientId,
  username,
  verified: username !== undefined,
  rights: undefined,
  protocolVersion: 5,
  remoteAddress: 'host:1',
  listener: 'tcp',
  keepAlive: 0,
  cleanStart: true,
});

function alone(limits?: EventHistoryLimits) {
  const clock = { now: 1_000_000 };
  return { clock, history: new EventHistory(() => clock.now, limits) };
}

function scene(options: TestBrokerOptions = {}) {
  const clock = { now: 1_000_000 };
  const history = new EventHistory(() => clock.now);
  const broker = new TestBroker({ ...options, observer: history });
  return { broker, history };
}

const messages = (history: EventHistory, clientId: string) =>
  history.of(clientId).map((one) => shownEvent(one).message);
const kinds = (history: EventHistory, clientId: string) => history.of(clientId).map(({ kind }) => kind);

test('a visit is told from its beginning to its end, newest first', () => {
  const { broker, history } = scene();
  const visitor = broker.connect('c');
  visitor.subscribe('a/#', { qos: 1 });
  visitor.disconnect();
  assert.deepEqual(messages(history, 'c'), [
    'It said goodbye',
    "Subscribed to 'a/#' with QoS 1",
    'Connected through memory',
  ]);
  assert.deepEqual(history.latest(), history.of('c'));
  for (const one of history.latest()) event.parse(shownEvent(one));
});

test('how connections end is told apart: by the client, the network and the broker, with the name of the reason', () => {
  const { broker, history } = scene();
  broker.connect('bye').disconnect(ReasonCode.disconnectWithWill);
  broker.connect('cut').cut();
  broker.connect('c');
  broker.connect('c');
  broker.connect('silent', { keepAlive: 10 });
  broker.advance(16_000);
  assert.equal(messages(history, 'bye')[0], 'It said goodbye, and wants its will to be published');
  assert.match(messages(history, 'cut')[0]!, /^The connection was lost: the client closed the connection; its will/);
  assert.match(
    messages(history, 'c')[1]!,
    /^The broker ended the connection: another connection took .* \(Session taken over, 0x8E\)$/,
  );
  assert.match(
    messages(history, 'silent')[0]!,
    /nothing came for 1.5 times the keep alive of 10 s \(Keep alive timeout, 0x8D\)$/,
  );
});

test('a session that is taken up again says so, and one that ran out is told', () => {
  const { broker, history } = scene();
  const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 10 } };
  broker.connect('c', lasting).cut();
  broker.connect('c', lasting).cut();
  broker.advance(11_000);
  const told = messages(history, 'c');
  assert.equal(told[0], 'Its session ended: it was away for longer than its session expiry interval');
  assert.equal(told[2], 'Connected through memory, and took up its session again');
});

test('a session that ends with its connection is one event, not two', () => {
  const { broker, history } = scene();
  broker.connect('c').cut();
  assert.deepEqual(kinds(history, 'c'), ['disconnected', 'connected']);
});

test('refusals are told with their reason, to the client that was refused and to all', () => {
  const { broker, history } = scene({
    authenticator: { authenticate: () => ({ outcome: 'refuse', reasonCode: 0x86, reasonString: 'wrong password' }) },
  });
  broker.open(5).tryConnect('c', { username: 'ann' });
  const [refused] = history.of('c');
  assert.deepEqual(shownEvent(refused!).message, 'Refused: wrong password (Bad user name or password, 0x86)');
  broker.open(5).sendBytes(Uint8Array.of(0xff, 0x00));
  assert.deepEqual([history.latest()[0]!.kind, history.latest()[0]!.clientId], ['refused', null]);
});

test('what is not allowed names the topic and what was tried, so that somebody can ask why', () => {
  const authorizer = {
    authorizePublish: () => ({ reasonCode: 0x87, reason: 'no rule allows it' }),
    authorizeSubscribe: () => ({ reasonCode: 0x87, reason: 'no rule allows it' }),
  };
  const { broker, history } = scene({ authorizer });
  const visitor = broker.connect('c');
  visitor.publish('a', 'x');
  visitor.subscribe('b/#');
  const [second, first] = history.of('c').map(shownEvent);
  assert.deepEqual([first!.action, first!.topic, second!.action, second!.topic], ['publish', 'a', 'subscribe', 'b/#']);
  assert.equal(first!.message, "Not allowed to publish to 'a': no rule allows it (Not authorized, 0x87)");
});

test('being slow, throttled and banned is told in words', () => {
  const { history } = alone();
  history.dropping('c', 'slow-consumer');
  history.throttled(client('c'), 'maxMessageRate');
  history.banned('c', 'host:1', 60);
  assert.deepEqual(messages(history, 'c'), [
    'Connects too often, and is refused for 60 seconds',
    'Sends more than limits.maxMessageRate allows, and is read from more slowly',
    'Messages are dropped for it: it does not read as fast as it is sent to, so QoS 0 is left out',
  ]);
});

test('who was kicked by an operator is told so, with the name, and nothing else is said of it', () => {
  const { broker, history } = scene();
  broker.connect('a');
  broker.connect('b');
  history.byOperator('ann', () => broker.core.disconnect('a', ReasonCode.administrativeAction, 'maintenance'));
  history.byOperator(null, () => broker.core.discardSession('b'));
  assert.equal(messages(history, 'a')[0], "Disconnected by 'ann': maintenance (Administrative action, 0x98)");
  assert.deepEqual(kinds(history, 'a'), ['kicked', 'connected']);
  assert.match(messages(history, 'b')[0]!, /^Disconnected by an operator:/);
  broker.connect('c');
  broker.core.disconnect('c', ReasonCode.administrativeAction, 'by the program');
  assert.equal(kinds(history, 'c')[0], 'disconnected', 'that was no operator');
});

test('a session an operator discarded while its client was away says by whom', () => {
  const { broker, history } = scene();
  broker.connect('a', { cleanStart: false, properties: { sessionExpiryInterval: 10 } }).cut();
  history.byOperator('ann', () => broker.core.discardSession('a'));
  assert.equal(messages(history, 'a')[0], "Its session was discarded by 'ann'");
});

test('thirty-two events of a client are kept, and two thousand of all', () => {
  const { history } = alone();
  for (let i = 0; i < 3000; i++) history.subscribed(client('c'), `t/${i}`, 0);
  assert.equal(history.of('c').length, 32);
  assert.equal(history.of('c')[0]!.topic, 't/2999');
  assert.equal(history.latest().length, 2000);
  assert.deepEqual([history.latest()[0]!.id, history.latest().at(-1)!.id], [3000, 1001]);
});

test('what repeats itself is one event that says how often, so that a flood leaves the others to be seen', () => {
  const { clock, history } = alone();
  history.connected(client('c'), false);
  for (let i = 0; i < 100_000; i++) {
    history.denied(client('c'), 'publish', 'a', { reasonCode: 0x87, reason: 'no' });
    clock.now += 1;
  }
  assert.deepEqual(messages(history, 'c'), [
    "Not allowed to publish to 'a': no (Not authorized, 0x87) (100,000 times within 100 seconds)",
    'Connected through tcp',
  ]);
  assert.equal(history.latest().length, 2);
});

test('another topic, another code or something in between is another event', () => {
  const { history } = alone();
  const deny = (topic: string, reasonCode: number) =>
    history.denied(client('c'), 'publish', topic, { reasonCode, reason: 'no' });
  deny('a', 0x87);
  deny('b', 0x87);
  deny('b', 0x97);
  history.subscribed(client('c'), 'x', 0);
  deny('b', 0x97);
  assert.equal(history.of('c').length, 5);
});

test('connections that never say who they are do not push out the others, each address by itself', () => {
  const { history } = alone();
  history.connected(client('c'), false);
  for (let i = 0; i < 5000; i++) {
    history.refused(`10.0.0.1:${i}`, undefined, { reasonCode: 0x81, reason: 'no MQTT' });
  }
  history.refused('10.0.0.2:1', undefined, { reasonCode: 0x81, reason: 'no MQTT' });
  assert.deepEqual(
    history.latest().map(({ kind, times }) => [kind, times]),
    [
      ['refused', 1],
      ['refused', 5000],
      ['connected', 1],
    ],
  );
});

test('of too many clients those are forgotten whose last event is the longest ago', () => {
  const { history } = alone({ clients: 3 });
  for (const name of ['a', 'b', 'c', 'a', 'd']) history.connected(client(name), false);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((name) => history.of(name).length),
    [2, 0, 1, 1],
  );
  assert.equal(history.clients, 3);
});

test('long texts are cut, and all histories together keep to their bytes', () => {
  const { history } = alone({ bytes: 100_000 });
  for (let i = 0; i < 500; i++) {
    for (let k = 0; k < 4; k++) history.subscribed(client(`c${i}`), `${k}/${'x'.repeat(60_000)}`, 0);
  }
  assert.ok(history.clients < 100_000 / 4 / 160 && history.clients > 10, `${history.clients}`);
  assert.equal(history.of('c499')[0]!.topic!.length, 259);
  assert.equal(history.of('c499').length, 4);
});

test('a client identifier that is too long for a history of its own is told among all', () => {
  const { history } = alone();
  const long = 'x'.repeat(50_000);
  history.connected(client(long), false);
  assert.deepEqual(history.of(long), []);
  assert.equal(history.latest()[0]!.clientId!.length, 259);
});
