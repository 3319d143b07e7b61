import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import type { AuthenticationRequest } from '@cauldron/core';
import { loginRequest, providerContract } from '@cauldron/testkit';
import fc from 'fast-check';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { tempTree } from '../../../../../test/support/temp-dir.ts';
import type { Verdict } from '../provider.ts';
import { JwtProvider } from './jwt-provider.ts';
import type { JwtOptions } from './options.ts';

const SECRET = 'a secret of thirty-two bytes or more';
/** Seconds; the tests' time stands still here. */
const NOW = 1_800_000_000;
const CLAIMS = { sub: 'ann', exp: NOW + 60 };
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RSA_PEM = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string;

type SigningKey = Parameters<SignJWT['sign']>[0];

const sign = (claims: JWTPayload, key: SigningKey = Buffer.from(SECRET), header: Partial<JWTHeaderParameters> = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...header }).sign(key);

/** A token with anything in it, signed with the secret. */
function forge(header: unknown, payload: unknown, secret: string | Buffer = SECRET): string {
  const part = (value: unknown): string =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const open = (options: Partial<JwtOptions> = {}): JwtProvider =>
  new JwtProvider(
    { ...(options.publicKeyFile === undefined && { secret: SECRET }), ...options },
    { clock: () => NOW * 1000 },
  );

const login = (
  provider: JwtProvider,
  password: string,
  parts: Partial<AuthenticationRequest> = {},
  signal = new AbortController().signal,
): Promise<Verdict> => provider.authenticate(loginRequest({ username: 'ann', password }, parts), signal);

/** The reason, which repeats no part of the token. */
function reasonOf(verdict: Verdict, token: string): string {
  assert.ok(verdict.outcome === 'refuse', inspect(verdict));
  for (const part of token.split('.')) {
    if (part.length > 3) assert.ok(!verdict.reason.includes(part), verdict.reason);
  }
  assert.ok(!verdict.reason.includes('hunter2'), verdict.reason);
  return verdict.reason;
}

const refusal = async (options: Partial<JwtOptions>, token: string): Promise<string> =>
  reasonOf(await login(open(options), token), token);

function keyFile(t: TestContext, text: string): string {
  return join(tempTree(t, { 'key.pem': text }), 'key.pem');
}

providerContract('jwt', async () => ({
  provider: open(),
  right: { username: 'ann', password: await sign(CLAIMS) },
  wrong: [
    { username: 'ann', password: await sign(CLAIMS, randomBytes(32)) },
    { username: 'ann', password: await sign({ ...CLAIMS, exp: NOW - 1 }) },
    { username: 'ben', password: await sign(CLAIMS) },
  ],
  stranger: { username: 'zoe', password: 'no token' },
}));

providerContract('jwt as user name', async () => ({
  provider: open({ from: 'username' }),
  right: { username: await sign(CLAIMS) },
  rightUsername: 'ann',
  wrong: [{ username: await sign(CLAIMS, randomBytes(32)) }],
  stranger: { username: 'zoe' },
  secret: 'username' as const,
}));

test('a token says who it is, until when, and what it may do', async () => {
  const claims = { ...CLAIMS, roles: ['cook'], acl: [{ deny: 'write', topic: 'a/#' }], groups: 'x' };
  const expected = {
    ...{ outcome: 'accept', username: 'ann', expiresAt: (NOW + 60) * 1000 },
    rights: {
      roles: ['cook'],
      rules: [{ permission: 'deny', access: 'write', topic: 'a/#', source: 'claim "acl" of the token' }],
    },
  };
  assert.deepEqual(await login(open(), await sign(claims)), expected);
});

test('claims are called as they are configured, and found in others by their path', async () => {
  const provider = open({
    usernameClaim: 'https://x.org/name',
    rolesClaim: 'realm.roles',
    groupsClaim: 'g',
    rulesClaim: 'r',
  });
  const claims = {
    'https://x.org/name': 'ann',
    exp: NOW + 1,
    realm: { roles: ['cook'] },
    g: 'a b',
    sub: 'ben',
    acl: 7,
  };
  const verdict = await login(provider, await sign({ ...claims, r: [] }));
  assert.ok(verdict.outcome === 'accept', inspect(verdict));
  assert.deepEqual([verdict.username, verdict.rights], ['ann', { roles: ['cook'], groups: ['a', 'b'], rules: [] }]);
});

test('a claim is never one that every object has', async () => {
  for (const usernameClaim of ['constructor.name', '__proto__.x', 'toString', 'sub.length']) {
    assert.match(await refusal({ usernameClaim }, await sign(CLAIMS)), /names a user/);
  }
});

test('what is no token is for the next provider', async () => {
  const texts = [
    '',
    'carrot soup',
    'a.b.c',
    '..',
    'eyJhbGciOiJIUzI1NiJ9',
    'eyJhbGciOiJIUzI1NiJ9.e30',
    'a.b.c.d.e',
    'ä.ö.ü',
  ];
  const notObjects = [forge('[1]', CLAIMS), forge('"x"', CLAIMS), forge('null', CLAIMS), `${await sign(CLAIMS)}\n`];
  for (const text of [...texts, ...notObjects]) {
    assert.deepEqual(await login(open(), text), { outcome: 'unknown' }, text);
  }
  assert.deepEqual(await login(open(), await sign(CLAIMS), { method: 'SCRAM-SHA-256' }), { outcome: 'unknown' });
});

test('a token that fails is refused with the reason, and nothing of it', async () => {
  const tokens: readonly [string, RegExp][] = [
    [await sign({ ...CLAIMS, exp: NOW }), /has expired/],
    [await sign({ ...CLAIMS, nbf: NOW + 1 }), /not valid yet/],
    [await sign({ sub: 'ann' }), /no claim "exp"/],
    [await sign({ ...CLAIMS, exp: 'hunter2' as never }), /"exp" of the token has the wrong form/],
    [await sign(CLAIMS, randomBytes(32)), /signature of the token is wrong/],
    [(await sign(CLAIMS)).replace(/.$/, ''), /signature of the token is wrong|malformed/],
    [
      (await sign(CLAIMS)).replace(/\.[^.]*\./, `.${Buffer.from('{"sub":"root"}').toString('base64url')}.`),
      /signature/,
    ],
    [await sign({ exp: NOW + 1 }), /no claim "sub" that names a user/],
    [await sign({ ...CLAIMS, sub: '' }), /names a user/],
    [forge({ alg: 'HS256' }, { sub: 7, exp: NOW + 1 }), /names a user/],
    [await sign({ ...CLAIMS, sub: 'hunter2' }), /another user/],
    [await sign({ ...CLAIMS, roles: [7] }), /claim "roles" of the token is no list of names/],
    [await sign({ ...CLAIMS, acl: [{ allow: 'hunter2', topic: '#' }] }), /rule 1 of claim "acl"/],
    [await sign({ ...CLAIMS, acl: [{ deny: 'read', topic: 'hunter2/##' }] }), /topic of rule 1/],
    [await sign({ ...CLAIMS, acl: null }), /claim "acl" of the token is no list/],
    [forge({ alg: 'HS256' }, 'hunter2'), /malformed/],
    [forge({ alg: 'HS256' }, '[1]'), /malformed/],
    [forge({ typ: 'JWT' }, CLAIMS), /malformed/],
    [forge({ alg: ['HS256'] }, CLAIMS), /malformed/],
    [forge({ alg: 'HS256', kid: 7 }, CLAIMS), /malformed/],
    [forge({ alg: 'HS256', crit: ['hunter2'], hunter2: 1 }, CLAIMS), /not supported/],
    [forge({ alg: 'HS256', b64: false, crit: ['b64'] }, CLAIMS), /malformed|signature/],
  ];
  for (const [token, said] of tokens) assert.match(await refusal({}, token), said, token);
});

test('no signature is never a signature', async () => {
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    const unsigned = forge({ alg }, CLAIMS).replace(/[^.]*$/, '');
    assert.match(await refusal({}, unsigned), /not accepted/);
    assert.match(await refusal({}, `${unsigned}AAAA`), /not accepted/);
  }
  assert.match(
    await refusal({}, forge({ alg: 'HS256' }, CLAIMS).replace(/[^.]*$/, '')),
    /signature of the token is wrong/,
  );
});

test('a public key is no secret, however a token is signed with it', async (t) => {
  const publicKeyFile = keyFile(t, RSA_PEM);
  const der = rsa.publicKey.export({ type: 'spki', format: 'der' });
  const modulus = rsa.publicKey.export({ format: 'jwk' }).n!;
  for (const secret of [RSA_PEM, RSA_PEM.trim(), der, Buffer.from(modulus, 'base64url'), modulus]) {
    assert.match(await refusal({ publicKeyFile }, forge({ alg: 'HS256' }, CLAIMS, secret)), /not accepted/);
  }
  assert.throws(() => open({ publicKeyFile, algorithms: ['RS256', 'HS256'] }), /HS256 does not go with publicKeyFile/);
  assert.throws(() => open({ algorithms: ['RS256'] }), /RS256 does not go with secret/);
});

test('a key that the token brings along or points to counts for nothing', async (t) => {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = own.publicKey.export({ format: 'jwk' }) as never;
  const publicKeyFile = keyFile(t, RSA_PEM);
  for (const header of [
    { jwk },
    { jku: 'https://evil.example/' },
    { x5u: 'https://evil.example/' },
    { kid: '../key' },
  ]) {
    const token = await sign(CLAIMS, own.privateKey, { alg: 'RS256', ...header });
    assert.match(await refusal({ publicKeyFile }, token), /signature of the token is wrong/);
  }
});

test('only the algorithms that were listed are accepted', async (t) => {
  const publicKeyFile = keyFile(t, RSA_PEM);
  for (const alg of ['RS256', 'RS384', 'PS256', 'PS512']) {
    const token = await sign(CLAIMS, rsa.privateKey, { alg });
    assert.equal((await login(open({ publicKeyFile }), token)).outcome, 'accept', alg);
    assert.equal(
      (await login(open({ publicKeyFile, algorithms: ['PS256'] }), token)).outcome === 'accept',
      alg === 'PS256',
    );
  }
});

test('each secret algorithm takes a secret as long as its hash', async () => {
  for (const bits of [256, 384, 512] as const) {
    const token = await sign(CLAIMS, Buffer.alloc(bits / 8, 0x61), { alg: `HS${bits}` });
    const provider = open({ secret: 'a'.repeat(bits / 8) });
    assert.equal((await login(provider, token)).outcome, 'accept');
    assert.throws(() => open({ secret: 'a'.repeat(bits / 8 - 1), algorithms: [`HS${bits}`] }), /at least/);
  }
});

test('issuer and audience have to be the configured ones, or one of them', async () => {
  const token = await sign({ ...CLAIMS, iss: 'https://id', aud: ['mqtt', 'web'] });
  for (const fine of [
    { issuer: 'https://id' },
    { issuer: ['x', 'https://id'] },
    { audience: 'web' },
    { audience: ['x', 'mqtt'] },
  ]) {
    assert.equal((await login(open(fine), token)).outcome, 'accept', inspect(fine));
  }
  assert.match(await refusal({ issuer: 'https://id/' }, token), /another issuer/);
  assert.match(await refusal({ audience: 'mqt' }, token), /another audience/);
  assert.match(await refusal({ issuer: 'x' }, await sign(CLAIMS)), /no claim "iss"/);
  assert.match(await refusal({ audience: 'x' }, await sign(CLAIMS)), /no claim "aud"/);
});

test('the clocks may differ by the tolerance, and a token then ends by as much later', async () => {
  const late = await sign({ ...CLAIMS, exp: NOW - 9 });
  const verdict = await login(open({ clockTolerance: 10 }), late);
  assert.ok(verdict.outcome === 'accept' && verdict.expiresAt === (NOW + 1) * 1000, inspect(verdict));
  assert.match(await refusal({ clockTolerance: 9 }, late), /expired/);
  const early = await sign({ ...CLAIMS, nbf: NOW + 10 });
  assert.equal((await login(open({ clockTolerance: 10 }), early)).outcome, 'accept');
  assert.match(await refusal({ clockTolerance: 9 }, early), /not valid yet/);
});

test('a token without an end is accepted where that is allowed', async () => {
  const verdict = await login(open({ requireExpiry: false }), await sign({ sub: 'ann' }));
  assert.ok(verdict.outcome === 'accept' && verdict.expiresAt === undefined);
  assert.match(await refusal({ requireExpiry: false }, await sign({ sub: 'ann', exp: NOW - 1 })), /expired/);
});

test('an end far beyond all times is a time', async () => {
  const verdict = await login(open(), forge({ alg: 'HS256' }, '{"sub":"ann","exp":1e999}'));
  assert.ok(verdict.outcome === 'accept' && verdict.expiresAt === 8.64e15);
});

test('a client that names nobody is the user of the token; one that names another is refused unless that is allowed', async () => {
  const token = await sign(CLAIMS);
  for (const username of [undefined, '', 'ann']) {
    const verdict = await login(open(), token, { username });
    assert.ok(verdict.outcome === 'accept' && verdict.username === 'ann', inspect(username));
  }
  const said = await login(open({ matchUsername: false }), token, { username: 'device' });
  assert.ok(said.outcome === 'accept' && said.username === 'ann');
  assert.match(reasonOf(await login(open(), token, { username: 'Ann' }), token), /another user/);
});

test('a password beside a token as user name is not looked at', async () => {
  const verdict = await login(open({ from: 'username' }), 'anything', { username: await sign(CLAIMS) });
  assert.ok(verdict.outcome === 'accept' && verdict.username === 'ann');
  assert.deepEqual(await login(open({ from: 'username' }), await sign(CLAIMS)), { outcome: 'unknown' });
});

test('whatever the bytes of a token are, it is refused or not one, and nothing fails', async (t) => {
  const provider = open();
  const json = fc.jsonValue().map((value) => JSON.stringify(value));
  const header = fc.oneof(
    json,
    fc.record({ alg: fc.oneof(fc.constant('HS256'), json) }).map((value) => JSON.stringify(value)),
  );
  const token = fc.oneof(
    fc.tuple(header, json).map(([head, payload]) => forge(head, payload)),
    fc.tuple(header, json, fc.string()).map(([head, payload, key]) => forge(head, payload, key)),
    fc.string(),
    fc.stringMatching(/^[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,20}$/),
  );
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      const { outcome } = await login(provider, text);
      assert.ok(['refuse', 'unknown'].includes(outcome), outcome);
    }),
    { seed, numRuns: 500 },
  );
});
