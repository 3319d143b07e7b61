import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeUtf8 } from '@cauldron/protocol';
import { Message } from './message.ts';

const message = (payload: Uint8Array): Message => new Message('a', payload, 0, false, false, undefined, {}, 0);

test('the payload is there as text and as JSON', () => {
  assert.equal(message(encodeUtf8('süß')).text(), 'süß');
  assert.deepEqual(message(encodeUtf8('{"a":[1]}')).json(), { a: [1] });
  assert.equal(message(new Uint8Array(0)).text(), '');
});

test('bytes that are no UTF-8 become U+FFFD, and no error', () => {
  assert.equal(message(Uint8Array.of(0x61, 0xff)).text(), 'a\ufffd');
});

test('what is no JSON is a SyntaxError', () => {
  assert.throws(() => message(encodeUtf8('{')).json(), SyntaxError);
});

test('a message in a text is its payload', () => {
  assert.equal(`${message(encodeUtf8('ready'))}`, 'ready');
});
