import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishPacket } from '@cauldron/protocol';
import { PacketType } from '@cauldron/protocol';
import { UsageError } from './command.ts';
import { parseFormat } from './format.ts';
import { PayloadError } from './message-json.ts';
import { isConversion, type Moment, strftime } from './strftime.ts';

const utf8 = new TextEncoder();
// Local time, so that the tests hold in every time zone.
const at: Moment = { ms: new Date(2026, 2, 5, 14, 7, 9, 123).getTime(), nanoseconds: 123_456_789 };
const message: PublishPacket = {
  type: PacketType.publish,
  topic: 'a/b',
  payload: utf8.encode('{"x":1}'),
  qos: 1,
  retain: true,
  dup: false,
  packetId: 7,
  properties: {
    contentType: 'text/plain',
    responseTopic: 'r/t',
    correlationData: utf8.encode('cd'),
    messageExpiryInterval: 60,
    payloadFormatIndicator: 1,
    userProperties: [
      ['k1', 'v1'],
      ['k2', 'v2'],
      ['k1', 'v3'],
    ],
    subscriptionIdentifiers: [4, 5],
  },
};
const plain: PublishPacket = {
  ...message,
  payload: new Uint8Array(0),
  qos: 0,
  packetId: 0,
  retain: false,
  properties: undefined,
};
const show = (format: string, of = message): string => new TextDecoder().decode(parseFormat(format)(of, at));

const cases: readonly [format: string, expected: string][] = [
  ['%t|%p|%q|%r|%l|%m|%%', 'a/b|{"x":1}|1|1|7|7|%'],
  ['%x|%X', '7b2278223a317d|7B2278223A317D'],
  ['%A|%C|%D|%E|%F|%P|%R|%S', '|text/plain|cd|60|1|k1:v1 k2:v2 k1:v3|r/t|4 5'],
  ['%10t|%-10t|%.2t|%10.2t', '       a/b|a/b       |a/|        a/'],
  ['%05l|%08m|%-05l|%5E|%05E|%-5E', '00007|00000007|7    |   60|00060|60   '],
  ['%020x', '0000007b2278223a317d'],
  ['%10p|%-10p|', '   {"x":1}|{"x":1}   |'],
  ['@Y-@m-@d @H:@M:@S.@N @@', '2026-03-05 14:07:09.123456789 @'],
  ['\\\\ \\n\\t\\r\\0\\a\\e\\v', '\\ \n\t\r\0\x07\x1b\v'],
  ['no sequence, héllo', 'no sequence, héllo'],
];
for (const [format, expected] of cases) {
  test(`the format ${JSON.stringify(format)} prints what mosquitto_sub documents`, () => {
    assert.equal(show(format), expected);
  });
}

test('what a message does not have is empty, or blank to the width', () => {
  assert.equal(show('%A|%C|%D|%E|%F|%P|%R|%S|%p|%x|%4E|%04E', plain), '||||||||||    |0000');
});

test('a payload that is no text is printed byte by byte', () => {
  const bytes = Uint8Array.of(0, 255, 10, 128);
  assert.deepEqual(new Uint8Array(parseFormat('%p')({ ...message, payload: bytes }, at)), bytes);
});

test('%U is seconds and nanoseconds, %I the local time with its zone', () => {
  assert.equal(show('%U'), `${Math.floor(at.ms / 1000)}.123456789`);
  assert.match(show('%I'), /^2026-03-05T14:07:09[+-]\d{4}$/);
});

test('%j is one line of JSON with the keys of mosquitto_sub; a repeated user property becomes a list', () => {
  const line = show('%j');
  assert.deepEqual(Object.keys(JSON.parse(line)), [
    'tst',
    'topic',
    'qos',
    'retain',
    'payloadlen',
    'mid',
    'properties',
    'payload',
  ]);
  const { tst, ...rest } = JSON.parse(line);
  assert.match(tst, /^2026-03-05T14:07:09\.123456[+-]\d{4}$/);
  assert.deepEqual(rest, {
    topic: 'a/b',
    qos: 1,
    retain: 1,
    payloadlen: 7,
    mid: 7,
    properties: {
      'user-properties': { k1: ['v1', 'v3'], k2: 'v2' },
      'content-type': 'text/plain',
      'response-topic': 'r/t',
      'correlation-data': 'cd',
      'payload-format-indicator': 1,
      'message-expiry-interval': 60,
      'subscription-identifier': [4, 5],
    },
    payload: '{"x":1}',
  });
});

test('%j of an empty message without properties has neither mid nor properties, and the payload null', () => {
  const { tst: _, ...rest } = JSON.parse(show('%j', plain));
  assert.deepEqual(rest, { topic: 'a/b', qos: 0, retain: 0, payloadlen: 0, payload: null });
});

test('%J puts the payload in as it was written, on one line', () => {
  const payload = utf8.encode('{"big": 12345678901234567890,\n "e": 1.10}');
  assert.ok(show('%J', { ...plain, payload }).endsWith(',"payload":{"big": 12345678901234567890,  "e": 1.10}}'));
});

test('%J of a payload that is no JSON throws PayloadError', () => {
  assert.throws(() => show('%J', { ...plain, payload: utf8.encode('soup') }), PayloadError);
});

test('--pretty spreads JSON over lines', () => {
  const text = new TextDecoder().decode(parseFormat('%J', true)(message, at));
  assert.ok(text.includes('\n  "payload": {\n    "x": 1\n  }\n}'));
});

for (const [format, text] of [
  ['%z', /no sequence %z; there are %% /],
  ['abc%', /ends inside the sequence %/],
  ['%-5', /ends inside the sequence %-5/],
  ['@', /ends with a lone @/],
  ['@Q', /no time sequence @Q/],
  ['\\q', /no escape \\q; there are/],
  ['abc\\', /ends with a lone \\/],
] as const) {
  test(`the format ${JSON.stringify(format)} is refused`, () => {
    assert.throws(
      () => parseFormat(format),
      (error) => error instanceof UsageError && text.test(error.message),
    );
  });
}

// Checked against strftime(3) in the C locale.
const times: readonly [letter: string, expected: string][] = [
  ['a', 'Thu'],
  ['A', 'Thursday'],
  ['b', 'Mar'],
  ['B', 'March'],
  ['c', 'Thu Mar  5 14:07:09 2026'],
  ['C', '20'],
  ['D', '03/05/26'],
  ['e', ' 5'],
  ['F', '2026-03-05'],
  ['G', '2026'],
  ['I', '02'],
  ['j', '064'],
  ['k', '14'],
  ['l', ' 2'],
  ['p', 'PM'],
  ['r', '02:07:09 PM'],
  ['R', '14:07'],
  ['T', '14:07:09'],
  ['u', '4'],
  ['U', '09'],
  ['V', '10'],
  ['w', '4'],
  ['W', '09'],
  ['y', '26'],
  ['%', '%'],
];
for (const [letter, expected] of times) {
  test(`@${letter} is ${JSON.stringify(expected)}`, () => {
    assert.equal(strftime(letter, at), expected);
  });
}

test('the ISO week belongs to the year of its Thursday', () => {
  const newYear: Moment = { ms: new Date(2027, 0, 1).getTime(), nanoseconds: 0 };
  assert.equal(strftime('G', newYear) + strftime('V', newYear), '202653');
  assert.equal(strftime('j', newYear), '001');
  assert.equal(isConversion('Q'), false);
});
