import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textBytes } from '@cauldron/testkit';
import fc from 'fast-check';
import { describePayload, textOf, toPayload } from './payload-kind.ts';

const SEED = 7003;
const kindOf = (text: string): string => describe(textBytes(text)).kind;
const describe = (bytes: Uint8Array) => describePayload(bytes, bytes.length);
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

test('numbers are numbers however devices write them, and what only looks like one is text', () => {
  for (const text of ['0', '-1', '+7', '21.5', '.5', '5.', '1e3', '-2.5E-7', ' 42\n']) {
    assert.equal(kindOf(text), 'number', text);
  }
  for (const text of ['21.5 °C', '1,5', '0x10', 'NaN', 'Infinity', '--1', '1.2.3', 'e5', '.', '-']) {
    assert.equal(kindOf(text), 'text', text);
  }
});

test('true and false are booleans', () => {
  assert.equal(kindOf('true'), 'boolean');
  assert.equal(kindOf('false'), 'boolean');
  assert.equal(kindOf('truely'), 'text');
});

test('JSON is what parses as such, and not everything that begins with a brace', () => {
  for (const text of ['{}', '{"a": 1}', '[1, 2]', '"text"', 'null']) assert.equal(kindOf(text), 'json', text);
  for (const text of ['{a: 1}', '{', '[1,', '{{name}}', 'nullify', '"open']) assert.equal(kindOf(text), 'text', text);
});

test('a document of which only the beginning is there is judged by how it begins', () => {
  const bytes = textBytes('{"list": [1, 2, 3');
  assert.equal(describePayload(bytes, 5000).kind, 'json');
  assert.equal(describePayload(textBytes('{name} says'), 5000).kind, 'text');
  assert.equal(describePayload(textBytes('12345'), 5000).kind, 'text');
});

test('a long document is JSON by its ends, without being read', () => {
  assert.equal(kindOf(`{"a": "${'x'.repeat(100_000)}"}`), 'json');
  assert.equal(kindOf(`[${'1,'.repeat(50_000)}1]`), 'json');
  assert.equal(kindOf(`"${'x'.repeat(100_000)}"}`), 'text');
});

test('images are known by their first bytes alone', () => {
  const png = latin1('\x89PNG\r\n\x1a\n....');
  assert.deepEqual(describePayload(png, 12_300), {
    kind: 'image',
    mediaType: 'image/png',
    preview: 'PNG image, 12.3 kB',
  });
  assert.equal(describe(latin1('\xff\xd8\xff\xe0')).mediaType, 'image/jpeg');
  assert.equal(describe(latin1('GIF89a..')).mediaType, 'image/gif');
  assert.equal(describe(latin1('RIFF....WEBPVP8 ')).mediaType, 'image/webp');
  assert.equal(describe(latin1('RIFF....WAVE')).mediaType, null);
});

test('what a browser would run is text and never an image', () => {
  for (const text of [
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    '<html><script>1</script>',
    '<?xml version="1.0"?>',
  ]) {
    assert.deepEqual([kindOf(text), describe(textBytes(text)).mediaType], ['text', null]);
  }
});

test('bytes that are no text, or text with control characters, are binary and shown in hex', () => {
  assert.deepEqual(describe(new Uint8Array([0, 1, 254])), {
    kind: 'binary',
    mediaType: null,
    preview: '3 bytes: 00 01 fe',
  });
  assert.equal(kindOf('a\u0000b'), 'binary');
  assert.equal(kindOf('a\u001bb'), 'binary');
  assert.equal(kindOf('a\tb\r\nc'), 'text');
  assert.equal(describe(latin1('caf\xe9')).kind, 'binary');
  assert.equal(describe(new Uint8Array(20)).preview, `20 bytes: ${'00 '.repeat(16)}…`);
});

test('an empty payload is empty', () => {
  assert.deepEqual(describe(new Uint8Array(0)), { kind: 'empty', mediaType: null, preview: '' });
});

test('a preview is one line of at most 120 characters, which says that there is more', () => {
  const long = describe(textBytes(`first\n  second ${'word '.repeat(100)}`)).preview;
  assert.ok(long.startsWith('first second word'));
  assert.equal(long.length, 120);
  assert.ok(long.endsWith('…'));
  assert.equal(describe(textBytes('short')).preview, 'short');
});

test(`a preview is well-formed and short whatever comes (seed ${SEED})`, () => {
  const texts = fc.string({ unit: 'binary', maxLength: 200 });
  fc.assert(
    fc.property(texts, (text) => {
      const { preview } = describe(textBytes(text));
      assert.ok(preview.length <= 120 && preview.isWellFormed() && !preview.includes('\n'));
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test(`text that is cut anywhere is text up to its last whole character (seed ${SEED})`, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(100), (text, at) => {
      const whole = textBytes(text);
      const cut = whole.subarray(0, Math.min(at, whole.length));
      const read = textOf(cut, true);
      assert.ok(read !== null && text.startsWith(read));
      assert.ok(cut.length - textBytes(read).length < 4);
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test('an answer carries text as it is, other bytes in base64, and says what is missing', () => {
  assert.deepEqual(toPayload(textBytes('20 °'), 5), { encoding: 'utf8', data: '20 °', size: 5, truncated: false });
  assert.deepEqual(toPayload(new Uint8Array([255]), 9), { encoding: 'base64', data: '/w==', size: 9, truncated: true });
});
