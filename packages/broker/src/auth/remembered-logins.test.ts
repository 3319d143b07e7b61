import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ChainFixture, StubPasswordFile, StubProvider } from './fixtures/chain-fixture.ts';
import { VerifiedCache } from './verified-cache.ts';

const ali = { username: 'ali', password: 'open sesame' };
const wrong = { username: 'ali', password: 'open barley' };
const passwords = () => new StubPasswordFile('passwords', { ali: 'open sesame', marjana: 'boiling oil' });

test('a user who was verified lately comes in without a promise and without anybody being asked', async () => {
  const provider = passwords();
  const slow = new StubProvider('slow');
  provider.answer = async () => ({ outcome: 'accept', rights: { roles: ['captain'] } });
  const fixture = new ChainFixture([provider, slow]);
  const first = await fixture.login(ali);
  for (const parts of [{}, { clientId: 'other' }, { remoteAddress: '198.51.100.7:1', listener: 'tls' }]) {
    const again = fixture.ask(ali, parts);
    assert.ok(!(again instanceof Promise));
    assert.deepEqual(again, first);
  }
  assert.deepEqual([provider.asked, fixture.chain.counters.loginsCached], [1, 3]);
  assert.deepEqual(fixture.accepted.at(-1), { username: 'ali', anonymous: false, provider: 'passwords', cached: true });
});

test('another password than the verified one is asked about, and refused', async () => {
  const provider = passwords();
  const fixture = new ChainFixture([provider]);
  assert.equal(await fixture.passes(ali), true);
  for (const login of [wrong, { username: 'ali' }, { username: 'al', password: 'iopen sesame' }]) {
    assert.equal(await fixture.passes(login), false, inspect(login));
  }
  assert.equal(provider.asked, 4);
});

test('a verified login holds until its credentials change, the user is gone, its time is over, or all is forgotten', async () => {
  const ends: [string, (fixture: ChainFixture, provider: StubPasswordFile) => void | Promise<void>][] = [
    ['other password', (_, provider) => void provider.passwords.set('ali', 'new')],
    ['user gone', (_, provider) => void provider.passwords.delete('ali')],
    ['told', (_, provider) => provider.changed!(['ali'])],
    ['time', (fixture) => void (fixture.time.now += 300_000)],
    ['clear', ({ chain }) => chain.clear()],
    ['reload', ({ chain }) => chain.reload()],
  ];
  for (const [what, end] of ends) {
    const provider = passwords();
    const fixture = new ChainFixture([provider]);
    await fixture.login(ali);
    fixture.time.now += 299_999 * (what === 'time' ? 0 : 1);
    assert.equal(await fixture.passes(ali), true);
    assert.equal(provider.asked, 1, what);
    await end(fixture, provider);
    await fixture.login(ali);
    assert.equal(provider.asked, 2, what);
  }
});

test('a login whose user is gone by the time it was verified is not remembered', async () => {
  const provider = new StubPasswordFile('passwords');
  provider.answer = () => ({ outcome: 'accept' });
  const fixture = new ChainFixture([provider]);
  await fixture.login(ali);
  await fixture.login(ali);
  assert.equal(provider.asked, 2);
});

test('a verified login ends when a provider that comes first begins to know the user', async () => {
  const first = new StubPasswordFile('first');
  const fixture = new ChainFixture([first, passwords()]);
  assert.equal(await fixture.passes(ali), true);
  first.passwords.set('ali', 'another one');
  assert.equal(await fixture.passes(ali), false);
});

test('where the provider knows nothing of changes, it holds for the same client at the same host, for a short time', async () => {
  const provider = new StubProvider('http', { ali: 'open sesame' });
  const fixture = new ChainFixture([provider]);
  await fixture.login(ali);
  await fixture.login(ali, { remoteAddress: '192.0.2.1:4444' });
  assert.equal(provider.asked, 1);
  for (const other of [{ clientId: 'c2' }, { remoteAddress: '192.0.2.2:50000' }, { listener: 'tls' }]) {
    const before: number = provider.asked;
    await fixture.login(ali, other);
    assert.equal(provider.asked, before + 1, inspect(other));
  }
  fixture.time.now += 29_999;
  await fixture.login(ali);
  assert.equal(provider.asked, 4);
  fixture.time.now += 1;
  await fixture.login(ali);
  assert.equal(provider.asked, 5);
});

test('a provider may have a time of its own, 0 included, and nothing is remembered beyond its expiry', async () => {
  const never = new StubProvider('never', { ali: 'open sesame' });
  const fixture = new ChainFixture([{ provider: never, cacheTime: 0 }]);
  for (let index = 0; index < 3; index += 1) await fixture.login(ali);
  assert.equal(never.asked, 3);

  const tokens = new StubProvider('jwt');
  const short = new ChainFixture([{ provider: tokens, cacheTime: 100 }]);
  const expiresAt = short.time.now + 10_000;
  tokens.answer = () => ({ outcome: 'accept', username: 'ali', expiresAt });
  await short.login(ali);
  short.time.now = expiresAt - 1;
  await short.login(ali);
  assert.equal(tokens.asked, 1);
  short.time.now = expiresAt;
  assert.equal(await short.passes(ali), false);
});

test('users whose password was guessed at from elsewhere, and from their own address, still come in', async () => {
  const provider = passwords();
  const fixture = new ChainFixture([provider]);
  const home = { remoteAddress: '192.0.2.1:1' };
  await fixture.login(ali, home);
  for (let index = 0; index < 40; index += 1) {
    await fixture.login(wrong, { remoteAddress: `198.51.100.${index}:1` });
    await fixture.login({ username: 'marjana', password: 'guess' }, home);
  }
  assert.ok(fixture.chain.counters.loginsDelayed > 20);
  const fromAfar = { remoteAddress: '203.0.113.9:1' };
  assert.equal(await fixture.passes(ali, fromAfar), true, 'verified lately: from anywhere');
  fixture.chain.clear();
  assert.equal(await fixture.passes(ali, home), true, 'from an address it is known at, without being remembered');
  fixture.chain.clear();
  const guessed = { username: 'marjana', password: 'boiling oil' };
  assert.equal(
    await fixture.passes(guessed, fromAfar),
    false,
    'a guessed user from an address it is not known at waits',
  );
  assert.equal(fixture.refused.at(-1)!.kind, 'delayed');
});

test('while it waits, a login is refused without a provider being asked', async () => {
  const provider = passwords();
  const fixture = new ChainFixture([provider], { failuresBeforeDelay: 2, failureDelay: 10 });
  for (let index = 0; index < 10; index += 1) await fixture.login(wrong);
  assert.deepEqual([provider.asked, fixture.chain.counters.loginsDelayed], [2, 8]);
  fixture.time.now += 10_000;
  assert.equal(await fixture.passes(ali), true);
});

test('parts of a login never run into each other, and the key of another process finds nothing', () => {
  const key = (fill: number) => new VerifiedCache<string>(10, new Uint8Array(32).fill(fill));
  const bytes = (text: string) => new TextEncoder().encode(text);
  const cache = key(1);
  const keys = [
    cache.keyOf('', 'ab', bytes('c')),
    cache.keyOf('', 'a', bytes('bc')),
    cache.keyOf('a', 'b', bytes('c')),
    cache.keyOf('', undefined, bytes('abc')),
    cache.keyOf('', '', bytes('abc')),
    cache.keyOf('', 'abc', undefined),
    cache.keyOf('', 'abc', bytes('')),
    cache.keyOf('', 'ab\0', bytes('c')),
    cache.keyOf('', 'ab', bytes('c'.repeat(65_535))),
    key(2).keyOf('', 'ab', bytes('c')),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(cache.keyOf('', 'ab', bytes('c')), keys[0]);
  assert.equal(key(1).keyOf('', 'ab', bytes('c')), keys[0]);
});
