import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashArgon2id, nodeHashFunctions } from '../passwords/index.ts';
import { HashSyntaxError, MAX_PASSWORD_LENGTH } from '../passwords/password-hash.ts';
import { createPasswordVerifier } from './stored-password.ts';

const COST = { memory: 64, passes: 1, parallelism: 1 };
const CHEAPER = { memory: 32, passes: 1, parallelism: 1 };
const remoteAddress = '192.0.2.7:50000';
const bytes = (text: string): Uint8Array => Buffer.from(text);
const forever = new AbortController().signal;

/** A verifier that counts what it computes with the full cost. */
function counting(): { verify: ReturnType<typeof createPasswordVerifier>; full: () => number } {
  let full = 0;
  const hashes: typeof nodeHashFunctions = {
    ...nodeHashFunctions,
    argon2id: (password, salt, cost, length) => {
      if (cost.memory === COST.memory) full += 1;
      return nodeHashFunctions.argon2id(password, salt, cost, length);
    },
  };
  return { verify: createPasswordVerifier({ argon2: COST, hashes }), full: () => full };
}

test('the right password is told from others', async () => {
  const { verify } = counting();
  const line = await hashArgon2id(bytes('secret'), COST, nodeHashFunctions);
  assert.equal(await verify({ password: bytes('secret'), line, remoteAddress }, forever), true);
  assert.equal(await verify({ password: bytes('other'), line, remoteAddress }, forever), false);
});

test('every refusal computes one hash of the full cost, whatever is stored', async () => {
  const full = await hashArgon2id(bytes('secret'), COST, nodeHashFunctions);
  const cheap = await hashArgon2id(bytes('secret'), CHEAPER, nodeHashFunctions);
  for (const line of [undefined, full, cheap]) {
    const { verify, full: computed } = counting();
    assert.equal(await verify({ password: bytes('other'), line, remoteAddress }, forever), false);
    assert.equal(computed(), 1, `stored: ${line}`);
  }
  const { verify, full: computed } = counting();
  await assert.rejects(verify({ password: bytes('x'), line: 'plain', remoteAddress }, forever), HashSyntaxError);
  assert.equal(computed(), 1);
});

test('an empty and an overlong password are wrong, even where their hash is stored', async () => {
  for (const password of [bytes(''), bytes('a'.repeat(MAX_PASSWORD_LENGTH + 1))]) {
    const line = await hashArgon2id(password, COST, nodeHashFunctions);
    const { verify, full } = counting();
    assert.equal(await verify({ password, line, remoteAddress }, forever), false);
    assert.equal(full(), 1);
  }
});

test('a check that nobody waits for is not begun', async () => {
  const { verify, full } = counting();
  const late = AbortSignal.abort(new Error('too late'));
  await assert.rejects(verify({ password: bytes('x'), line: undefined, remoteAddress }, late), /too late/);
  assert.equal(full(), 0);
});
