import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsOf, type LastMinute } from './findings.ts';
import type { Counted } from './recent-counters.ts';
import type { Trouble, TroubleKind } from './trouble.ts';

interface Told {
  readonly growth?: Partial<Record<Counted, number>>;
  readonly trouble?: Partial<Record<TroubleKind, Partial<Trouble>>>;
}

function minuteOf({ growth = {}, trouble = {} }: Told, more: Partial<LastMinute> = {}): LastMinute {
  return {
    growth: (counter) => growth[counter] ?? 0,
    trouble: (kind) => {
      const told = trouble[kind];
      return told === undefined ? null : { times: 1, clients: new Map(), more: false, reason: null, ...told };
    },
    loopDelayMax: 0,
    cpu: null,
    commits: null,
    queuedMessages: 0,
    ...more,
  };
}

const named = (...names: readonly (string | readonly [string, number])[]) =>
  new Map(names.map((one) => (typeof one === 'string' ? [one, { times: 1 }] : [one[0], { times: one[1] }])));

/** The only finding. */
function only(told: Told, more?: Partial<LastMinute>) {
  const found = findingsOf(minuteOf(told, more));
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0]!;
}

test('a minute in which nothing went wrong has no findings', () => {
  assert.deepEqual(findingsOf(minuteOf({})), []);
});

test('clients that are too slow are told with their number, their names and what to do', () => {
  const finding = only({
    growth: { droppedSlowConsumer: 1240 },
    trouble: { 'slow-consumer': { clients: named('a', 'b', 'c') } },
  });
  assert.deepEqual(finding, {
    code: 'slow-consumers',
    severity: 'warning',
    message: '3 clients dropped messages in the last minute: too slow (1,240 messages)',
    advice:
      'They read less than they are sent, so QoS 0 is left out. Have them subscribe to less or read faster, or send with QoS 1, which waits for them.',
    clients: ['c', 'b', 'a'],
  });
});

test('one client is told in the singular', () => {
  const finding = only({ growth: { droppedQueueFull: 1 }, trouble: { 'queue-full': { clients: named('a') } } });
  assert.equal(finding.message, '1 client dropped messages in the last minute: their queues are full (1 message)');
  assert.match(finding.advice!, /limits\.maxQueuedMessages/);
});

test('of many clients ten are named, the latest first', () => {
  const names = Array.from({ length: 500 }, (_, i) => `c${i}`);
  const finding = only({ trouble: { 'slow-consumer': { clients: named(...names), more: true } } });
  assert.match(finding.message, /^more than 500 clients/);
  assert.deepEqual(finding.clients, names.slice(-10).reverse());
});

const drops: readonly [kind: TroubleKind, counter: Counted, code: string, severity: string][] = [
  ['lost', 'droppedLost', 'lost-messages', 'error'],
  ['too-large', 'droppedTooLarge', 'too-large-for-clients', 'warning'],
  ['too-old', 'droppedTooOld', 'too-old-messages', 'warning'],
  ['not-allowed', 'droppedNotAllowed', 'rights-taken', 'info'],
];
for (const [kind, counter, code, severity] of drops) {
  test(`messages that are dropped as ${kind} are a finding with a way out`, () => {
    const finding = only({ growth: { [counter]: 2 }, trouble: { [kind]: { clients: named('a') } } });
    assert.deepEqual([finding.code, finding.severity, finding.clients], [code, severity, ['a']]);
    assert.match(finding.message, /1 client dropped messages in the last minute: .* \(2 messages\)$/);
    assert.ok(finding.advice);
  });
}

test('messages for clients that are away are no finding: QoS 0 does not wait', () => {
  assert.deepEqual(findingsOf(minuteOf({ growth: { droppedOffline: 1_000_000 } })), []);
});

test('messages that expired and messages shed for want of memory are told by their number', () => {
  assert.equal(
    only({ growth: { droppedExpired: 40 } }).message,
    '40 messages expired in the last minute before their clients took them',
  );
  const shed = only({ growth: { droppedMemoryPressure: 1 } });
  assert.deepEqual([shed.code, shed.severity], ['shed-messages', 'warning']);
});

test('a few refused logins are information, and many of them a warning, with the last reason', () => {
  const few = only({ trouble: { login: { times: 1, reason: 'wrong password', clients: named('a') } } });
  assert.deepEqual([few.code, few.severity], ['refused-logins', 'info']);
  assert.equal(few.message, '1 login was refused in the last minute; the last: wrong password');
  const many = only({ trouble: { login: { times: 12, reason: 'wrong password', clients: named('a') } } });
  assert.deepEqual(
    [many.severity, many.message],
    ['warning', '12 logins were refused in the last minute; the last: wrong password'],
  );
});

test('refused connections, bans, rate limits, denials, protocol errors and silence are told of their clients', () => {
  const trouble = { times: 3, reason: 'why', clients: named('a', 'b') };
  const texts = (['refused', 'banned', 'throttled', 'denied', 'protocol', 'silent'] as const).map((kind) => {
    const { code, severity, message, clients } = only({ trouble: { [kind]: trouble } });
    assert.deepEqual(clients, ['b', 'a'], kind);
    return [code, severity, message];
  });
  assert.deepEqual(texts, [
    ['refused-connections', 'warning', '3 connections were refused in the last minute; the last: why'],
    ['banned-clients', 'warning', '2 clients connected too often in the last minute and may not for a while'],
    ['throttled-clients', 'warning', '2 clients sent more than allowed in the last minute and were slowed (why)'],
    ['denied', 'warning', '2 clients tried 3 times what the rules do not allow in the last minute; the last: why'],
    [
      'protocol-errors',
      'warning',
      '3 connections ended in the last minute because of what their clients sent; the last: why',
    ],
    ['silent-clients', 'info', '2 clients fell silent in the last minute: nothing came for 1.5 times the keep alive'],
  ]);
});

test('an identifier that two clients take from each other is found, one that came back once is not', () => {
  assert.deepEqual(
    findingsOf(minuteOf({ trouble: { 'taken-over': { clients: named(['once', 1], ['twice', 2]) } } })),
    [],
  );
  const finding = only({ trouble: { 'taken-over': { clients: named(['once', 1], ['both', 17]) } } });
  assert.equal(finding.code, 'shared-client-id');
  assert.match(finding.message, /^1 client identifier is used by two clients.*up to 17 times/);
});

test('a late loop is a warning, and an error where everybody waited for a second', () => {
  assert.deepEqual(findingsOf(minuteOf({}, { loopDelayMax: 199 })), []);
  const late = only({}, { loopDelayMax: 430.4 });
  assert.deepEqual(
    [late.severity, late.message],
    ['warning', 'The broker was late by up to 430 ms in the last minute: everybody waited that long'],
  );
  assert.equal(only({}, { loopDelayMax: 1000 }).severity, 'error');
});

test('a processor that was busy for a minute is found', () => {
  assert.deepEqual(findingsOf(minuteOf({}, { cpu: 0.9 })), []);
  assert.equal(only({}, { cpu: 0.97 }).message, 'The broker used 97 % of a processor core over the last minute');
});

test('a slow store is found where it was written to in the last minute', () => {
  assert.deepEqual(findingsOf(minuteOf({}, { commits: { count: 0, p99: 500 } })), []);
  assert.deepEqual(findingsOf(minuteOf({}, { commits: { count: 9, p99: 20 } })), []);
  assert.match(only({}, { commits: { count: 9, p99: 140 } }).message, /one of a hundred commits takes 140 ms/);
});

test('publishers that wait for the disk are told', () => {
  assert.equal(only({ growth: { publishersStalled: 3 } }).code, 'stalled-publishers');
});

test('queues are growing where they gained a thousand messages, and a fifth of all, in a minute', () => {
  assert.deepEqual(findingsOf(minuteOf({ growth: { queuedMessages: 999 } }, { queuedMessages: 999 })), []);
  assert.deepEqual(findingsOf(minuteOf({ growth: { queuedMessages: 1500 } }, { queuedMessages: 100_000 })), []);
  assert.equal(
    only({ growth: { queuedMessages: 4000 } }, { queuedMessages: 12_400 }).message,
    '12,400 messages wait for clients, 4,000 more than a minute ago',
  );
});

test('the worst comes first', () => {
  const found = findingsOf(
    minuteOf(
      { growth: { droppedExpired: 1, droppedLost: 1 }, trouble: { lost: { clients: named('a') }, banned: {} } },
      { loopDelayMax: 5000 },
    ),
  );
  assert.deepEqual(
    found.map(({ severity }) => severity),
    ['error', 'error', 'warning', 'info'],
  );
});
