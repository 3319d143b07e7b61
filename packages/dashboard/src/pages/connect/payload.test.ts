import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, hexDump, hexOf, prettyJson, preview, textOf } from './payload.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('text is text, and what is not UTF-8 or has control characters is bytes', () => {
  assert.equal(textOf(bytes('Grüße\tan\nalle 🎈')), 'Grüße\tan\nalle 🎈');
  assert.equal(textOf(Uint8Array.of(0xff, 0xfe)), null);
  assert.equal(textOf(Uint8Array.of(0x41, 0x00)), null);
  assert.equal(textOf(new Uint8Array(0)), '');
});

test('a preview is one line and bounded, whatever the payload is', () => {
  assert.equal(preview(bytes('{\n  "a": 1\n}')), '{ "a": 1 }');
  assert.equal(preview(Uint8Array.of(1, 2, 255)), '01 02 ff');
  for (const length of [0, 1, 239, 240, 241, 959, 960, 961, 962, 963, 5000]) {
    for (const character of ['a', 'ü', '€', '🎈']) {
      const shown = preview(bytes(character.repeat(length)), 240);
      assert.ok(
        shown.length <= 241 && shown.startsWith(character.repeat(Math.min(length, 1))),
        `${length} ${character}`,
      );
    }
  }
});

test('only objects and lists are indented as JSON', () => {
  assert.equal(prettyJson('{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  for (const text of ['17', '"x"', '{"a":', 'hello', '']) assert.equal(prettyJson(text), null, text);
});

test('bytes written as hex are read as they were, in the ways people write them', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(fromHex(hexOf(all)), all);
  for (const text of ['0aff', '0A FF', '0x0a,0xFF', '0a:ff', '0a\nff']) {
    assert.deepEqual(fromHex(text), Uint8Array.of(0x0a, 0xff), text);
  }
  for (const text of ['0', '0g', 'abc', 'hello']) assert.equal(fromHex(text), null, text);
});

test('a dump has a line for each 16 bytes, and says how many it leaves out', () => {
  assert.equal(hexDump(bytes('Hello, dump!\n....')).split('\n').length, 2);
  assert.match(hexDump(bytes('Hi\u0001')), /^000000 {2}48 69 01 +Hi\.$/);
  assert.match(hexDump(new Uint8Array(5000)), /… and 904 bytes more$/);
});
