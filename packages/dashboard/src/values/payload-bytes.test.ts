import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hexLine, hexLines, hexText, payloadBytes, payloadText } from './payload-bytes.ts';

test('a payload gives its bytes and its text in either encoding', () => {
  assert.deepEqual([...payloadBytes({ encoding: 'utf8', data: 'ü' })], [0xc3, 0xbc]);
  assert.deepEqual([...payloadBytes({ encoding: 'base64', data: 'AP+A' })], [0, 255, 128]);
  assert.equal(payloadText({ encoding: 'utf8', data: 'ü' }), 'ü');
  assert.equal(payloadText({ encoding: 'base64', data: 'Qf8=' }), 'A�');
});

test('a hex dump shows where, what, and the printable characters of it', () => {
  const bytes = Uint8Array.from({ length: 19 }, (_, at) => at + 0x38);
  assert.deepEqual(hexLine(bytes, 0, 16), {
    offset: '000000',
    hex: '38 39 3a 3b 3c 3d 3e 3f  40 41 42 43 44 45 46 47',
    text: '89:;<=>?@ABCDEFG',
  });
  assert.equal(hexLine(bytes, 1, 16).hex.trimEnd(), '48 49 4a');
  assert.equal(hexLine(bytes, 1, 16).hex.length, hexLine(bytes, 0, 16).hex.length, 'all lines are equally wide');
  assert.equal(hexLine(bytes, 1, 16).offset, '000010');
  assert.equal(hexLine(Uint8Array.of(0, 10, 0x7f, 0xff, 0x41), 0, 8).text, '....A');
  assert.equal(hexLines(19, 16), 2);
  assert.equal(hexLines(0, 16), 0);
  assert.equal(hexText(bytes).split('\n').length, 2);
});
