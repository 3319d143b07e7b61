import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saslprep } from '@cauldron/protocol';
import { ScramClient } from '@cauldron/testkit';
import { nodeHashFunctions } from './hash-functions.ts';
import { readClientFirst, ScramError, ScramExchange } from './scram-exchange.ts';
import { createScramVerifier } from './scram-verifier.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (from: Uint8Array | undefined): string => new TextDecoder().decode(from);

/** The example of RFC 7677 section 3. */
const RFC = {
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};
const verifier = await createScramVerifier(
  bytes('pencil'),
  nodeHashFunctions,
  4096,
  Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
);
const begin = (first = RFC.clientFirst) => new ScramExchange(readClientFirst(bytes(first)), verifier, RFC.serverNonce);

test("the server's side of RFC 7677's example comes out to the letter", () => {
  const exchange = begin();
  assert.equal(text(exchange.serverFirst), RFC.serverFirst);
  assert.equal(text(exchange.finish(bytes(RFC.clientFinal))), RFC.serverFinal);
});

test("the client's side of RFC 7677's example comes out to the letter, so that what it tests is SCRAM", () => {
  const client = new ScramClient({ username: 'user', password: 'pencil', nonce: 'rOprNGfwEbeRWgbNEkqO' });
  assert.equal(text(client.first()), RFC.clientFirst);
  assert.equal(text(client.final(bytes(RFC.serverFirst))), RFC.clientFinal);
  assert.equal(client.isServer(bytes(RFC.serverFinal)), true);
  assert.equal(client.isServer(bytes(RFC.serverFinal.replace('6', '7'))), false);
});

test('a wrong password gets no answer that proves anything', () => {
  const exchange = begin('n,,n=user,r=abc');
  const client = new ScramClient({ username: 'user', password: 'pencils', nonce: 'abc' });
  assert.equal(exchange.finish(client.final(exchange.serverFirst)), undefined);
});

test('a client that could bind to the channel and sees that the server does not is let in', () => {
  const client = new ScramClient({ username: 'user', password: 'pencil', gs2Header: 'y,,' });
  const exchange = begin(text(client.first()));
  assert.equal(client.isServer(exchange.finish(client.final(exchange.serverFirst))!), true);
});

test('an exchange is finished once: its last message cannot be sent again', () => {
  const exchange = begin();
  exchange.finish(bytes(RFC.clientFinal));
  assert.throws(() => exchange.finish(bytes(RFC.clientFinal)), /is over already/);
});

test('two exchanges have different nonces, so the last message of one is none of the other', () => {
  const nonceOf = () => text(new ScramExchange(readClientFirst(bytes(RFC.clientFirst)), verifier).serverFirst);
  const nonces = new Set(Array.from({ length: 50 }, nonceOf));
  assert.equal(nonces.size, 50);
  for (const nonce of nonces) assert.match(nonce, /^r=rOprNGfwEbeRWgbNEkqO[\x21-\x2b\x2d-\x7e]{24},s=/);
  const other = new ScramExchange(readClientFirst(bytes(RFC.clientFirst)), verifier);
  assert.throws(() => other.finish(bytes(RFC.clientFinal)), /another nonce/);
});

test('escaped commas and equals signs of names are read', () => {
  assert.equal(readClientFirst(bytes('n,,n=a=2Cb=3Dc,r=x')).username, 'a,b=c');
  assert.equal(readClientFirst(bytes('n,a=a=2Cb,n=ann,r=x')).authzid, 'a,b');
  assert.equal(readClientFirst(bytes('n,,n==3D2C,r=x')).username, '=2C');
  assert.equal(readClientFirst(bytes('n,,n=ann,r=x,ext=1')).nonce, 'x');
});

const BAD_FIRST: readonly [message: string | Uint8Array | undefined, says: RegExp][] = [
  [undefined, /missing/],
  ['', /missing/],
  ['hello', /GS2 header/],
  ['p=tls-unique,,n=ann,r=x', /channel binding is not supported/],
  ['n,,m=1,n=ann,r=x', /extension that is not known/],
  ['n,,n=ann', /no user name and nonce/],
  ['n,,r=x,n=ann', /no user name and nonce/],
  ['n,,n=,r=x', /empty user name/],
  ['n,,n=a=2cb,r=x', /escapes nothing/],
  ['n,,n=a=,r=x', /escapes nothing/],
  ['n,,n=ann,r=', /no user name and nonce/],
  ['n,,n=ann,r=sch\u00f6n', /not printable ASCII/],
  ['n,,n=ann,r=a b', /not printable ASCII/],
  [`n,,n=${'a'.repeat(5000)},r=x`, /longer than 4096 bytes/],
  [Uint8Array.of(0xff, 0xfe), /not UTF-8/],
];
for (const [message, says] of BAD_FIRST) {
  test(`a first message that is none is refused: ${says.source}: ${String(message).slice(0, 30)}`, () => {
    const data = typeof message === 'string' ? bytes(message) : message;
    assert.throws(
      () => readClientFirst(data),
      (error) => error instanceof ScramError && says.test(error.message),
    );
  });
}

const BAD_FINAL: readonly [message: string, says: RegExp][] = [
  ['', /missing/],
  ['c=biws', /no channel data, nonce and proof/],
  [RFC.clientFinal.replace('biws', 'eSws'), /another GS2 header/],
  [RFC.clientFinal.replace('rOpr', 'rOps'), /another nonce/],
  [RFC.clientFinal.replace('%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', ''), /another nonce/],
  [RFC.clientFinal.replace('ndVQ=', ''), /no channel data, nonce and proof/],
  [`${RFC.clientFinal},x=1`, /no channel data, nonce and proof/],
];
for (const [message, says] of BAD_FINAL) {
  test(`a last message that is none, or of another exchange, is refused: ${says.source}: ${message.slice(0, 30)}`, () => {
    assert.throws(
      () => begin().finish(bytes(message)),
      (error) => error instanceof ScramError && says.test(error.message),
    );
  });
}

test("SASLprep does what RFC 4013's examples say, but for the rule about writing directions", () => {
  assert.equal(saslprep('I\u00adX'), 'IX');
  assert.equal(saslprep('user'), 'user');
  assert.equal(saslprep('USER'), 'USER');
  assert.equal(saslprep('\u00aa'), 'a');
  assert.equal(saslprep('\u2168'), 'IX');
  assert.equal(saslprep('\u0007'), undefined);
  assert.equal(saslprep('a\u00a0b'), 'a b');
  assert.equal(saslprep('\ue000'), undefined);
});
