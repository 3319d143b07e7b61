import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { loginRequest } from '@cauldron/testkit';
import { SignJWT } from 'jose';
import { Authority } from '../../../../../test/support/certificates.ts';
import { tempDir } from '../../../../../test/support/temp-dir.ts';
import { JwtProvider } from './jwt-provider.ts';
import type { JwtOptions } from './options.ts';

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const NOW = 1_800_000_000;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pairs: readonly [string, Pair][] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map((alg): [string, Pair] => [alg, rsa]),
  ['ES256', p256],
  ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['ES512', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  ['EdDSA', ed],
];
const pem = ({ publicKey }: Pair): string => publicKey.export({ type: 'spki', format: 'pem' }) as string;
const jwk = ({ publicKey }: Pair, more: object = {}): object => ({ ...publicKey.export({ format: 'jwk' }), ...more });
const jwks = (...keys: object[]): string => JSON.stringify({ keys });

const sign = (pair: Pair, alg: string, kid?: string): Promise<string> =>
  new SignJWT({ sub: 'ann', exp: NOW + 60 })
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .sign(pair.privateKey);

/** A file with this text, in a folder of its own. */
function file(t: TestContext, text: string | Uint8Array): string {
  const path = join(tempDir(t), 'key');
  writeFileSync(path, text);
  return path;
}

const open = (options: JwtOptions): JwtProvider => new JwtProvider(options, { clock: () => NOW * 1000 });

async function said(provider: JwtProvider, token: string): Promise<string> {
  const request = loginRequest({ username: 'ann', password: token });
  const verdict = await provider.authenticate(request, new AbortController().signal);
  return verdict.outcome === 'refuse' ? verdict.reason : verdict.outcome;
}

test('every kind of key checks its own tokens, from PEM, JSON Web Key and Key Set', async (t) => {
  for (const [alg, pair] of pairs) {
    const token = await sign(pair, alg);
    for (const publicKeyFile of [pem(pair), JSON.stringify(jwk(pair)), jwks(jwk(pair))].map((text) => file(t, text))) {
      assert.equal(await said(open({ publicKeyFile }), token), 'accept', alg);
    }
    assert.equal(await said(open({ jwksFile: file(t, jwks(jwk(pair))) }), token), 'accept', alg);
  }
});

test('a key checks no tokens of another kind', async (t) => {
  const files = [rsa, p256, ed].map((pair) => file(t, pem(pair)));
  const tokens = await Promise.all([sign(rsa, 'RS256'), sign(p256, 'ES256'), sign(ed, 'EdDSA')]);
  for (const [index, publicKeyFile] of files.entries()) {
    for (const [other, token] of tokens.entries()) {
      const expected = index === other ? 'accept' : 'the algorithm of the token is not accepted';
      assert.equal(await said(open({ publicKeyFile }), token), expected);
    }
  }
  assert.throws(
    () => open({ publicKeyFile: files[1]!, algorithms: ['ES384'] }),
    /no key of publicKeyFile is for .* ES384/,
  );
});

test('a certificate is as good as its key', async (t) => {
  const { cert, key } = new Authority(t).issue('issuer');
  const privateKey = createPrivateKey(readFileSync(key));
  const token = await sign({ privateKey, publicKey: createPublicKey(privateKey) }, 'ES256');
  assert.equal(await said(open({ publicKeyFile: cert }), token), 'accept');
});

test('a file of a secret counts byte for byte', async (t) => {
  const secret = Buffer.concat([Buffer.alloc(32, 0xff), Buffer.from('\n')]);
  const token = await new SignJWT({ sub: 'ann', exp: NOW + 60 }).setProtectedHeader({ alg: 'HS256' }).sign(secret);
  assert.equal(await said(open({ secretFile: file(t, secret) }), token), 'accept');
  assert.match(await said(open({ secretFile: file(t, secret.subarray(0, 32)) }), token), /signature/);
});

test('the key of a set is the one that the token names', async (t) => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = open({ jwksFile: file(t, jwks(jwk(p256, { kid: 'a' }), jwk(other, { kid: 'b' }), jwk(ed))) });
  assert.equal(await said(provider, await sign(p256, 'ES256', 'a')), 'accept');
  assert.equal(await said(provider, await sign(other, 'ES256', 'b')), 'accept');
  assert.match(await said(provider, await sign(other, 'ES256', 'a')), /signature of the token is wrong/);
  assert.match(await said(provider, await sign(p256, 'ES256', 'c')), /key that is not known/);
  assert.match(await said(provider, await sign(p256, 'ES256')), /which of several keys/);
  assert.equal(await said(provider, await sign(ed, 'EdDSA', 'whatever')), 'accept');
});

test('keys of a set that are for other things, or private, check nothing', async (t) => {
  const others = [{ use: 'enc' }, { key_ops: ['encrypt'] }, { alg: 'ES384' }, { kid: 7 }].map((more) =>
    jwk(p256, more),
  );
  const useless = [null, 7, {}, { kty: 'oct', k: 'c2VjcmV0' }, { kty: 'EC', crv: 'P-256' }, { kty: 'new' }];
  const provider = open({ jwksFile: file(t, jwks(jwk(ed), ...others)) });
  assert.match(await said(provider, await sign(p256, 'ES256')), /not accepted/);
  assert.throws(() => open({ jwksFile: file(t, jwks(...others)) }), /no public key for signatures/);
  assert.throws(
    () => open({ jwksFile: file(t, JSON.stringify({ keys: useless.filter((key) => !('k' in Object(key))) })) }),
    /no public key/,
  );
  assert.throws(
    () => open({ jwksFile: file(t, jwks(...Array.from({ length: 101 }, () => jwk(ed)))) }),
    /more than 100/,
  );
});

test('a key file that cannot be used is refused with its name and what belongs there, and not shown', (t) => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const secp = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const hidden = ed.privateKey.export({ format: 'jwk' });
  const wrong: readonly [JwtOptions, RegExp][] = [
    [{ publicKeyFile: '/no/such/key' }, /cannot read publicKeyFile "\/no\/such\/key" \(ENOENT\)/],
    [{ publicKeyFile: file(t, 'hunter2') }, /holds no public key/],
    [
      { publicKeyFile: file(t, '-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----') },
      /holds no public key/,
    ],
    [{ publicKeyFile: file(t, rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })) }, /private key/],
    [{ publicKeyFile: file(t, rsa.privateKey.export({ type: 'pkcs1', format: 'pem' })) }, /private key/],
    [{ publicKeyFile: file(t, pem(rsa) + pem(ed)) }, /more than one key/],
    [{ publicKeyFile: file(t, pem(small)) }, /kind that is not accepted; use RSA of at least 2048 bits/],
    [{ publicKeyFile: file(t, pem(secp)) }, /kind that is not accepted/],
    [{ publicKeyFile: file(t, JSON.stringify(hidden)) }, /private key or a secret/],
    [{ jwksFile: file(t, jwks(hidden)) }, /private key or a secret/],
    [{ jwksFile: file(t, jwks(jwk(ed), { kty: 'oct', k: 'hunter2' })) }, /private key or a secret/],
    [{ jwksFile: file(t, '{"keys":[]}') }, /no public key/],
    [{ jwksFile: file(t, '[]') }, /no public key/],
    [{ jwksFile: file(t, 'hunter2') }, /no JSON/],
    [{ secretFile: file(t, 'hunter2') }, /has 7 bytes; HS256 takes at least 32/],
    [{ secret: 'hunter2' }, /has 7 bytes/],
    [{ secret: '' }, /has 0 bytes/],
    [{}, /there is none/],
    [{ secret: 'hunter2', jwksFile: 'x' }, /secret and jwksFile/],
    [{ jwksUrl: 'http://id.example.org/hunter2' }, /plain http.*be any user.*allowPlain/],
    [{ secret: 'x'.repeat(32), ca: 'x' }, /ca is for a jwksUrl/],
    [{ secret: 'x'.repeat(32), algorithms: [] }, /algorithms is empty/],
    [{ secret: 'x'.repeat(32), algorithms: ['none' as never] }, /"none" is not known/],
    [{ secret: 'x'.repeat(32), issuer: '' }, /issuer is empty/],
    [{ secret: 'x'.repeat(32), audience: [] }, /audience is empty/],
    [{ secret: 'x'.repeat(32), usernameClaim: '' }, /name of a claim/],
    [{ secret: 'x'.repeat(32), clockTolerance: -1 }, /clockTolerance/],
    [{ secret: 'x'.repeat(32), clockTolerance: Number.NaN }, /clockTolerance/],
    [{ secret: 'x'.repeat(32), timeout: 0 }, /timeout is a number of seconds above 0/],
  ];
  for (const [options, reason] of wrong) {
    assert.throws(
      () => open(options),
      (error: Error) => reason.test(error.message) && !inspect(error).includes('hunter2'),
      inspect({ options, reason }),
    );
  }
});

test('a file is read again, and one that cannot be used changes nothing', async (t) => {
  const publicKeyFile = file(t, pem(rsa));
  const provider = open({ publicKeyFile });
  const [before, after] = await Promise.all([sign(rsa, 'RS256'), sign(p256, 'ES256')]);
  writeFileSync(publicKeyFile, pem(p256));
  assert.equal(await said(provider, before), 'accept');
  await provider.reload();
  assert.match(await said(provider, before), /not accepted/);
  assert.equal(await said(provider, after), 'accept');
  writeFileSync(publicKeyFile, 'nothing');
  await assert.rejects(provider.reload(), /holds no public key/);
  assert.equal(await said(provider, after), 'accept');
});
