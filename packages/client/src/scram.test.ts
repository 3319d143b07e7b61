import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScramExchange, type ScramOptions } from './scram-exchange.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** The exchange of RFC 7677 section 3. */
const NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const SERVER_FIRST = `r=${NONCE}${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const SIGNATURE = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

const exchangeOf = (options: ScramOptions = {}, username = 'user', password = 'pencil'): ScramExchange =>
  new ScramExchange(username, password, { nonce: NONCE, ...options });

test('the exchange of RFC 7677 section 3 is ours, byte for byte', async () => {
  const exchange = exchangeOf();
  assert.equal(text(exchange.first()), `n,,n=user,r=${NONCE}`);
  assert.equal(
    text(await exchange.next(bytes(SERVER_FIRST))),
    `c=biws,r=${NONCE}${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  );
  exchange.done(bytes(SIGNATURE));
});

test('each login has a nonce of its own, of 18 random bytes', () => {
  const nonces = new Set([1, 2, 3].map(() => text(new ScramExchange('u', 'p', {}).first()).slice('n,,n=u,r='.length)));
  assert.equal(nonces.size, 3);
  for (const nonce of nonces) assert.equal(Buffer.from(nonce, 'base64').length, 18);
});

test('commas and equals signs in a name are escaped, and names and passwords prepared as SASLprep says', async () => {
  assert.match(text(exchangeOf({}, 'a=b,c\u00a0\u2168').first()), /^n,,n=a=3Db=2Cc IX,r=/);
  const typed = await exchangeOf({}, 'user', 'pencil\u00ad').next(bytes(SERVER_FIRST));
  assert.deepEqual(typed, await exchangeOf().next(bytes(SERVER_FIRST)));
  // A control character cannot be prepared: taken as it is, so that it is another password than without it.
  assert.notDeepEqual(await exchangeOf({}, 'user', 'pencil\u0007').next(bytes(SERVER_FIRST)), typed);
});

test('a password may be a function, which is asked at every login', async () => {
  let asked = 0;
  const password = async () => {
    asked += 1;
    return 'pencil';
  };
  for (let i = 0; i < 2; i++) {
    const exchange = new ScramExchange('user', password, { nonce: NONCE });
    await exchange.next(bytes(SERVER_FIRST));
    exchange.done(bytes(SIGNATURE));
  }
  assert.equal(asked, 2);
});

const salt = 's=W22ZaJ0SNY7soEsUEjb6gQ==';
const refused: readonly [string, string, RegExp][] = [
  ['a nonce that is not ours', `r=x${NONCE}y,${salt},i=4096`, /nonce/],
  ['our nonce and nothing of its own', `r=${NONCE},${salt},i=4096`, /nonce/],
  ['too few iterations', `r=${NONCE}x,${salt},i=4095`, /hashes the password 4095 times only.*minIterations/],
  [
    'so many iterations that they keep us busy',
    `r=${NONCE}x,${salt},i=1000001`,
    /1000001 times.*maxIterations is 1000000/,
  ],
  ['more digits than a number has', `r=${NONCE}x,${salt},i=99999999999`, /does not answer as SCRAM demands/],
  ['an extension it insists on', `m=x,r=${NONCE}x,${salt},i=4096`, /does not answer as SCRAM demands/],
  ['a salt that is no base64', `r=${NONCE}x,s=abc,i=4096`, /does not answer as SCRAM demands/],
  ['its error', 'e=unknown-user', /refused the login: unknown-user/],
  ['nothing', '', /does not answer as SCRAM demands/],
];
for (const [what, answer, error] of refused) {
  test(`a broker that answers with ${what} is not told a proof`, async () => {
    const password = (): string => assert.fail('the password was asked for');
    const exchange = new ScramExchange('user', password, { nonce: NONCE });
    await assert.rejects(exchange.next(bytes(answer)), error);
  });
}

test('bytes that are no UTF-8 are refused as an answer', async () => {
  await assert.rejects(exchangeOf().next(new Uint8Array([0xff])), /no UTF-8/);
});

test('the bounds of iterations can be moved', async () => {
  await exchangeOf({ minIterations: 10 }).next(bytes(`r=${NONCE}x,${salt},i=10`));
  await assert.rejects(exchangeOf({ maxIterations: 5000 }).next(bytes(`r=${NONCE}x,${salt},i=5001`)), /is 5000/);
});

test('a broker that forges its last message, leaves it out or skips the exchange is not trusted', async () => {
  const exchange = exchangeOf();
  assert.throws(() => exchange.done(bytes(SIGNATURE)), /did not prove/);
  await exchange.next(bytes(SERVER_FIRST));
  for (const forged of [
    undefined,
    '',
    'v=',
    'e=x',
    SIGNATURE.replace('v=6', 'v=7'),
    SIGNATURE.slice(0, -2),
    'v=AAAA',
  ]) {
    assert.throws(() => exchange.done(forged === undefined ? undefined : bytes(forged)), /did not prove/, forged);
  }
  await assert.rejects(exchange.next(bytes(SERVER_FIRST)), /second proof/);
});

test('without crypto.subtle, as in a page of http:, it says what is missing', async (t) => {
  t.mock.getter(globalThis.crypto as { subtle: unknown }, 'subtle', () => undefined);
  await assert.rejects(exchangeOf().next(bytes(SERVER_FIRST)), /pages of https: or localhost/);
});
