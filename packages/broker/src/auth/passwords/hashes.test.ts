import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkArgon2Cost, hashArgon2id } from './argon2id.ts';
import { looksHashed, parseHash } from './formats.ts';
import { DEFAULT_ARGON2_COST, nodeHashFunctions } from './hash-functions.ts';
import { HashSyntaxError } from './password-hash.ts';
import { createScramVerifier } from './scram-verifier.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const CHEAP = { memory: 64, passes: 1, parallelism: 1 };

/** Lines of other programs: argon2's own test, mosquitto_passwd 2.0.11, and the password of RFC 7677's example. */
const KNOWN = [
  {
    by: 'the argon2 reference program',
    password: 'password',
    text: '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    description: 'argon2id m=65536,t=2,p=1',
  },
  {
    by: 'mosquitto_passwd',
    password: 'secret',
    text: '$7$101$V+7ytMXNxclkjkkC$Q7yVwpKfWuZQw01pkb2T+ZqtTfQV3YfB/64PYQy8L5frzuLyW3IuaidlC31cP+Lorwjrj1/7fbROyysJr3hgDw==',
    description: "mosquitto's $7$ (PBKDF2-SHA512, 101 iterations)",
  },
  {
    by: 'mosquitto_passwd -H sha512',
    password: 'secret',
    text: '$6$TWfkdBxNOfh2t5G4$cffiKtpd9aSoIucAB93Qc7typrquV3GqLSqfwHjAxzD6pm+SYXIRPrIin4OcrDC37KvGuHtC9SlILkg551uKZg==',
    description: "mosquitto's $6$ (one SHA-512)",
  },
];

for (const { by, password, text, description } of KNOWN) {
  test(`a line of ${by} is checked`, async () => {
    assert.ok(looksHashed(text));
    const hash = parseHash(text);
    assert.deepEqual([hash.text, hash.description], [text, description]);
    assert.equal(await hash.verify(bytes(password), nodeHashFunctions), true);
    for (const wrong of ['', `${password} `, password.slice(1), password.toUpperCase()]) {
      assert.equal(await hash.verify(bytes(wrong), nodeHashFunctions), false, wrong);
    }
  });
}

test("a new hash is one of argon2id with a salt of its own, and is that password's", async () => {
  const [first, second] = await Promise.all([1, 2].map(() => hashArgon2id(bytes('pa:ss'), CHEAP, nodeHashFunctions)));
  assert.match(first!, /^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(first, second);
  assert.equal(await parseHash(first!).verify(bytes('pa:ss'), nodeHashFunctions), true);
  assert.equal(await parseHash(first!).verify(bytes('pa:s'), nodeHashFunctions), false);
});

test('passwords are bytes: what is no UTF-8 is told apart', async () => {
  const [one, other] = [Uint8Array.of(0xff, 0x00, 0xfe), Uint8Array.of(0xff, 0x00, 0xfd)];
  const argon2id = await hashArgon2id(one, CHEAP, nodeHashFunctions);
  const scram = await createScramVerifier(one, nodeHashFunctions, 10);
  for (const text of [argon2id, scram.text]) {
    assert.equal(await parseHash(text).verify(one, nodeHashFunctions), true, text);
    assert.equal(await parseHash(text).verify(other, nodeHashFunctions), false, text);
  }
});

test('a SCRAM verifier checks a password, however its characters were typed', async () => {
  const verifier = await createScramVerifier(bytes('caf\u00e9\u00a0x'), nodeHashFunctions, 10);
  assert.match(verifier.text, /^SCRAM-SHA-256\$10:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/);
  const read = parseHash(verifier.text);
  assert.equal(read.text, verifier.text);
  assert.equal(await read.verify(bytes('cafe\u0301 x'), nodeHashFunctions), true);
  assert.equal(await read.verify(bytes('cafe x'), nodeHashFunctions), false);
});

test('what is weaker than wanted is to be upgraded, what is as strong or chosen otherwise is not', async () => {
  const needs = (text: string) => parseHash(text).needsUpgrade(DEFAULT_ARGON2_COST);
  const withCost = (cost: string) => `$argon2id$v=19$${cost}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc`;
  assert.deepEqual(
    KNOWN.map(({ text }) => needs(text)),
    [false, true, true],
  );
  assert.deepEqual(
    ['m=19456,t=2,p=1', 'm=19456,t=1,p=1', 'm=8192,t=2,p=1', 'm=12288,t=3,p=1', 'm=47104,t=1,p=1'].map((cost) =>
      needs(withCost(cost)),
    ),
    [false, true, true, false, false],
  );
  assert.equal((await createScramVerifier(bytes('x'), nodeHashFunctions, 10)).needsUpgrade(), false);
});

const SALT = 'c29tZXNhbHQ';
const HASH32 = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
const HASH64 = `${'A'.repeat(86)}==`;
const BROKEN: readonly [text: string, says: RegExp][] = [
  [`$argon2id$v=19$m=4294967295,t=1,p=1$${SALT}$${HASH32}`, /memory of argon2id \(KiB\) is above 1048576/],
  [
    `$argon2id$v=19$m=99999999999999999999,t=1,p=1$${SALT}$${HASH32}`,
    /memory of argon2id \(KiB\) is not a whole number/,
  ],
  [`$argon2id$v=19$m=1048576,t=100,p=1$${SALT}$${HASH32}`, /memory times passes must not exceed/],
  [`$argon2id$v=19$m=65536,t=99999,p=1$${SALT}$${HASH32}`, /number of passes of argon2id is above 4096/],
  [`$argon2id$v=19$m=65536,t=1,p=255$${SALT}$${HASH32}`, /number of lanes of argon2id is above 16/],
  [`$argon2id$v=19$m=8,t=1,p=2$${SALT}$${HASH32}`, /at least 8 KiB for each lane/],
  [`$argon2id$v=19$m=0,t=1,p=1$${SALT}$${HASH32}`, /not a whole number of at least 1/],
  [`$argon2id$v=19$t=1,m=64,p=1$${SALT}$${HASH32}`, /not written like m=19456,t=2,p=1/],
  [`$argon2id$v=16$m=64,t=1,p=1$${SALT}$${HASH32}`, /only version 19/],
  [`$argon2id$m=64,t=1,p=1$${SALT}$${HASH32}`, /only version 19/],
  [`$argon2i$v=19$m=64,t=1,p=1$${SALT}$${HASH32}`, /only argon2id is read/],
  [`$argon2id$v=19$m=64,t=1,p=1$${SALT}`, /the hash is not base64/],
  [`$argon2id$v=19$m=64,t=1,p=1$${SALT}$${HASH32}$x`, /more than five parts/],
  [`$argon2id$v=19$m=64,t=1,p=1$c2Fs$${HASH32}`, /the salt has 3 bytes instead of 8 to 128/],
  [`$argon2id$v=19$m=64,t=1,p=1$${SALT}$${'A'.repeat(4000)}`, /the hash has 3000 bytes instead of 16 to 128/],
  [`$7$4294967295$${SALT}$${HASH64}`, /number of iterations is above 10000000/],
  [`$7$-1$${SALT}$${HASH64}`, /number of iterations is not a whole number/],
  [`$7$101$${SALT}$${HASH32}`, /the hash has 32 bytes instead of 64/],
  [`$7$101$${SALT}`, /the hash is not base64/],
  [`$7$101$$${HASH64}`, /the salt has 0 bytes/],
  [`$6$${SALT}$not base64!`, /the hash is not base64/],
  [`$6$${SALT}$${HASH64}$x`, /more than a salt and a hash/],
  [`SCRAM-SHA-256$4096:${SALT}$${HASH32}`, /not written like SCRAM-SHA-256/],
  [`SCRAM-SHA-256$99999999:${SALT}$${HASH32}:${HASH32}`, /number of iterations is above/],
  [`SCRAM-SHA-256$4096:${SALT}$${HASH32}:${SALT}`, /the server key has 8 bytes instead of 32/],
  [`SCRAM-SHA-512$4096:${SALT}$${HASH32}:${HASH32}`, /only SCRAM-SHA-256 is read/],
  ['secret', /not hashed in a form that is known/],
  ['', /not hashed in a form that is known/],
];

for (const [text, says] of BROKEN) {
  test(`a broken or greedy hash is refused before anything is computed: ${says.source}: ${text.slice(0, 40)}`, () => {
    assert.throws(
      () => parseHash(text),
      (error) => {
        assert.ok(error instanceof HashSyntaxError, String(error));
        assert.match(error.message, says);
        for (const secret of [SALT, HASH32, HASH64]) assert.ok(!error.message.includes(secret), error.message);
        return true;
      },
    );
  });
}

test('a cost that cannot be computed is refused, saying what it may be', () => {
  checkArgon2Cost(DEFAULT_ARGON2_COST);
  assert.throws(
    () => checkArgon2Cost({ memory: 19_456, passes: 0, parallelism: 1 }),
    /passes must be a whole number from 1 to 4096/,
  );
  assert.throws(() => checkArgon2Cost({ memory: 4, passes: 1, parallelism: 1 }), /at least 8 KiB for each lane/);
  assert.throws(() => checkArgon2Cost({ memory: Number.NaN, passes: 1, parallelism: 1 }), RangeError);
});
