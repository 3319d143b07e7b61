import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesOf, contentOf, type Json, NOW, storeOf, tempFolder } from '../../../../test/support/store-tools.ts';
import { FolderInUse, lockFolder } from '../store/folder-lock.ts';
import { exportStore } from './export.ts';
import { ImportRefused, importStore } from './import.ts';
import { StoreToolError } from './tool-error.ts';

const AT = new Date(NOW).toISOString();

test('a retained message needs no more than a topic and a payload', async (t) => {
  const folder = await storeOf(t, ['{"type":"retained","topic":"a/b","payload":"21.5","qos":1}']);
  const [line] = contentOf(folder);
  assert.deepEqual(line, { type: 'retained', topic: 'a/b', payload: '21.5', qos: 1, publishedAt: AT });
});

test('what a line leaves out has the default that docs/store.md names', async (t) => {
  const folder = await storeOf(t, [
    { type: 'session', clientId: 'pump' },
    { type: 'session', clientId: 'brief', sessionExpiryInterval: 60 },
    { type: 'subscription', clientId: 'pump', filter: 'a/#', qos: 1 },
    { type: 'message', id: 900, topic: 'a/x', qos: 2, properties: { messageExpiryInterval: 10 } },
    { type: 'queued', clientId: 'pump', message: 900 },
    { type: 'inflight', clientId: 'pump', sent: [{ packetId: 7, message: 900 }] },
  ]);
  assert.deepEqual(contentOf(folder), [
    { type: 'session', clientId: 'pump', sessionExpiryInterval: 4_294_967_295 },
    { type: 'subscription', clientId: 'pump', filter: 'a/#', qos: 1 },
    { type: 'session', clientId: 'brief', sessionExpiryInterval: 60, endsAt: new Date(NOW + 60_000).toISOString() },
    {
      type: 'message',
      id: 1,
      topic: 'a/x',
      payload: '',
      qos: 2,
      properties: { messageExpiryInterval: 10 },
      publishedAt: AT,
      expiresAt: new Date(NOW + 10_000).toISOString(),
    },
    { type: 'queued', clientId: 'pump', message: 1, qos: 2 },
    { type: 'inflight', clientId: 'pump', sent: [{ packetId: 7, message: 1, qos: 2 }] },
  ]);
});

test('a time may be ISO 8601 of any zone or milliseconds, and "expiresAt" alone makes an expiry interval', async (t) => {
  const retained = { type: 'retained', payload: 'x' };
  const folder = await storeOf(t, [
    { ...retained, topic: 'a', publishedAt: '2026-01-31T09:00:00+01:00' },
    { ...retained, topic: 'b', publishedAt: NOW, expiresAt: NOW + 1500 },
  ]);
  const [a, b] = contentOf(folder);
  assert.equal(a!.publishedAt, AT);
  assert.deepEqual(b!.properties, { messageExpiryInterval: 2 });
  assert.equal(b!.expiresAt, new Date(NOW + 1500).toISOString());
});

test('null is as good as a key that is left out, empty lines count for nothing, and CRLF and a byte order mark may be there', async (t) => {
  const folder = await storeOf(t, [
    '\ufeff',
    '',
    '{"type":"retained","topic":"a","payload":"1","publisher":null}\r',
    ' ',
  ]);
  assert.equal(contentOf(folder).length, 1);
});

test('the first line may say the version, and then the last has to be there', async (t) => {
  const header = { cauldron: 'store-export', version: 1 };
  const line = { type: 'retained', topic: 'a', payload: '1' };
  assert.equal(contentOf(await storeOf(t, [header, line, { type: 'end' }])).length, 1);
  await refused(t, [header, line], /^line 2: the file ends here .* cut short$/);
  await refused(t, [header, line, { type: 'end', lines: 2 }], /^line 3: 2 lines should stand before .* but 1 do/);
  await refused(t, [header, line, { type: 'end' }, line], /^line 4: there is something behind the last line/);
  await refused(t, [line, header], /^line 2: the line with "cauldron" has to be the first/);
  await refused(t, [{ ...header, version: 2, news: 1 }], /^line 1: the file has version 2 .* up to 1/);
});

test('an export that was cut off anywhere is refused', async (t) => {
  const folder = await storeOf(t, [
    { type: 'session', clientId: 'ü' },
    { type: 'retained', topic: 'a', payload: '1' },
  ]);
  const whole = Buffer.from([...exportStore(folder)].join(''));
  for (let end = 1; end < whole.length - 1; end += 7) {
    const lines = whole.subarray(0, end).toString('latin1').split('\n');
    const target = join(tempFolder(t), 'store');
    await assert.rejects(
      importStore(
        target,
        lines.map((line) => Buffer.from(line, 'latin1')),
      ),
      ImportRefused,
    );
  }
});

async function refused(t: Parameters<typeof tempFolder>[0], lines: (Json | string)[], problem: RegExp): Promise<void> {
  const folder = join(tempFolder(t), 'store');
  const failure = await importStore(folder, bytesOf(lines)).then(
    () => assert.fail('it was imported'),
    (error: unknown) => error,
  );
  assert.ok(failure instanceof ImportRefused, String(failure));
  assert.match(failure.problems[0]!, problem);
  assert.equal(existsSync(join(folder, 'cauldron.db')), false);
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.startsWith('lock')),
    [],
  );
}

const session = { type: 'session', clientId: 'c' };
const message = { type: 'message', id: 1, topic: 'a', qos: 1 };
const cases: [problem: RegExp, ...lines: (Json | string)[]][] = [
  [/^line 1: this is no JSON: /, '{"type":"retained",'],
  [/^line 1: \[\] is not an object/, '[]'],
  [/^line 1: "type" is missing; there are session, subscription, message, /, { topic: 'a' }],
  [/^line 1: "retaind" is no type of a line; did you mean "retained"\?$/, { type: 'retaind' }],
  [/^line 2: unknown key "qso"; did you mean "qos"\?$/, '', { type: 'retained', topic: 'a', payload: '1', qso: 1 }],
  [/^line 1: "topic": .* wildcard '\+'/, { type: 'retained', topic: 'a/+', payload: '1' }],
  [/^line 1: "qos": 3 is not accepted; it takes 0, 1 or 2$/, { type: 'retained', topic: 'a', payload: '1', qos: 3 }],
  [/^line 1: "payload": 21.5 is not accepted; it takes text$/, { type: 'retained', topic: 'a', payload: 21.5 }],
  [/^line 1: "payloadBase64": "\?" is not accepted/, { type: 'retained', topic: 'a', payloadBase64: '?' }],
  [
    /^line 1: both "payload" and "payloadBase64"/,
    { type: 'retained', topic: 'a', payload: 'a', payloadBase64: 'YQ==' },
  ],
  [/^line 1: the payload is empty, .* leave the line out$/, { type: 'retained', topic: 'a' }],
  [
    /^line 2: a retained message of "a" stands on line 1 already/,
    ...[1, 2].map((n) => ({ type: 'retained', topic: 'a', payload: `${n}` })),
  ],
  [
    /^line 1: "publishedAt": "yesterday" is not accepted; it takes a time in ISO 8601/,
    { type: 'retained', topic: 'a', payload: '1', publishedAt: 'yesterday' },
  ],
  [
    /^line 1: "properties": "userProperties": \[0\]: \["a"\] is not accepted; it takes a pair/,
    { type: 'retained', topic: 'a', payload: '1', properties: { userProperties: [['a']] } },
  ],
  [/^line 1: .*half of a surrogate pair/, '{"type":"retained","topic":"a","payload":"\\ud800"}'],
  [/^line 2: a session of "c" stands on line 1 already/, session, session],
  [/^line 1: "clientId": "" is not accepted/, { type: 'session', clientId: '' }],
  [/^line 1: .* neither "endsAt" nor "willDueAt"/, { ...session, connected: true, endsAt: AT }],
  [/^line 1: "willDueAt" is given, but no "will"/, { ...session, willDueAt: AT }],
  [/^line 1: "qos" is missing; it takes 0, 1 or 2$/, { type: 'subscription', clientId: 'c', filter: 'a' }],
  [
    /^line 1: no line before this one has a session of "c"/,
    { type: 'subscription', clientId: 'c', filter: 'a', qos: 1 },
  ],
  [
    /^line 3: a subscription of this client to "a" stands on line 2 already/,
    session,
    ...[1, 2].map((qos) => ({ type: 'subscription', clientId: 'c', filter: 'a', qos })),
  ],
  [
    /^line 2: .* one identifier at most/,
    session,
    { type: 'subscription', clientId: 'c', filter: 'a', qos: 1, subscriptionIdentifiers: [1, 2] },
  ],
  [/^line 2: a message with the id 1 stands on line 1 already/, message, message],
  [
    /^line 2: no line before this one has a message with the id 5$/,
    session,
    { type: 'queued', clientId: 'c', message: 5 },
  ],
  [
    /^line 2: packet identifier 3: "message" is missing/,
    session,
    { type: 'inflight', clientId: 'c', sent: [{ packetId: 3 }] },
  ],
  [
    /^line 2: packet identifier 3: only messages with QoS 2/,
    session,
    { type: 'inflight', clientId: 'c', sent: [{ packetId: 3, released: true, qos: 1 }] },
  ],
  [
    /^line 3: packet identifier 3: a message with QoS 0/,
    session,
    { ...message, qos: 0 },
    { type: 'inflight', clientId: 'c', sent: [{ packetId: 3, message: 1 }] },
  ],
  [/^line 2: "received" has packet identifier 9 twice/, session, { type: 'inflight', clientId: 'c', received: [9, 9] }],
  [
    /^line 2: "message" and "topic" exclude each other/,
    { ...message, payload: 'x' },
    { type: 'retained', message: 1, topic: 'a' },
  ],
  [/^line 2: the payload is empty/, message, { type: 'retained', message: 1 }],
];

for (const [problem, ...lines] of cases) {
  const shown = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join(' ');
  test(`refused with its line and the reason, and nothing imported: ${shown}`, (t) => refused(t, lines, problem));
}

test('bytes that are no UTF-8 are refused with their line', async (t) => {
  const folder = tempFolder(t);
  const lines = [Buffer.from('{"type":"retained","topic":"a","payload":"1"}'), Buffer.of(0x7b, 0xff, 0x7d)];
  await assert.rejects(importStore(folder, lines), { problems: ['line 2: this is no text in UTF-8'] });
});

test('of many wrong lines the first ten are told', async (t) => {
  const failure = await importStore(tempFolder(t), bytesOf(new Array(20).fill('?'))).catch((error: unknown) => error);
  assert.ok(failure instanceof ImportRefused);
  assert.deepEqual([failure.problems.length, failure.problems[9]!.slice(0, 8)], [10, 'line 10:']);
});

test('a folder that holds a store is refused and stays as it is', async (t) => {
  const folder = await storeOf(t, [{ type: 'retained', topic: 'a', payload: 'old' }]);
  const lines = bytesOf([{ type: 'retained', topic: 'a', payload: 'new' }]);
  await assert.rejects(importStore(folder, lines), { name: 'StoreToolError', message: /holds a store already/ });
  assert.equal(contentOf(folder)[0]!.payload, 'old');
});

test('a folder that another process has is refused', async (t) => {
  const folder = tempFolder(t);
  const lock = lockFolder(folder);
  t.after(() => lock.release());
  await assert.rejects(importStore(folder, []), FolderInUse);
});

test('what an import that was killed has left does not matter', async (t) => {
  const folder = tempFolder(t);
  const lines = async function* () {
    yield* bytesOf([{ type: 'retained', topic: 'a', payload: '1' }]);
    throw new StoreToolError('the input ended early');
  };
  await assert.rejects(importStore(folder, lines()), { message: 'the input ended early' });
  assert.equal(existsSync(join(folder, 'cauldron.db')), false);
  await importStore(folder, bytesOf([{ type: 'retained', topic: 'a', payload: '2' }]));
  assert.deepEqual(
    contentOf(folder).map(({ payload }) => payload),
    ['2'],
  );
});

test('messages that nothing refers to are left out and counted', async (t) => {
  const folder = tempFolder(t);
  const { unused, counts } = await importStore(
    folder,
    bytesOf([message, { ...message, id: 2 }, session, { type: 'queued', clientId: 'c', message: 2 }]),
  );
  assert.deepEqual([unused, counts.message], [1, 2]);
  assert.equal(contentOf(folder).filter(({ type }) => type === 'message').length, 1);
});
