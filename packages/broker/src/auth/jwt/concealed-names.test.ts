import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JwtProvider } from './jwt-provider.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = `${part({ alg: 'HS256' })}.${part({ sub: 'ann' })}.c2lnbmF0dXJl`;
const secret = '0123456789abcdef'.repeat(4);

test('a token is a secret wherever it stands in what a client gives for its user name', async (t) => {
  const provider = new JwtProvider({ secret, from: 'username' });
  t.after(() => provider.close());
  for (const name of [token, `Bearer ${token}`, ` ${token} `, `"${token}"`, `ann:${token}`, `${token}\n`]) {
    assert.equal(provider.conceals(name), true, JSON.stringify(name));
  }
  for (const name of ['ann', 'a.b.c', 'ann.of.cleves', '', 'eyJ', 'v1.2.3']) {
    assert.equal(provider.conceals(name), false, JSON.stringify(name));
  }
});
