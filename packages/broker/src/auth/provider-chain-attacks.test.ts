// Ways around the chain of providers that must not be there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChainFixture, StubPasswordFile, StubProvider, settled } from './fixtures/chain-fixture.ts';
import type { Verdict } from './provider.ts';

const ali = { username: 'ali', password: 'open sesame' };
const passwords = () => new StubPasswordFile('passwords', { ali: 'open sesame', marjana: 'boiling oil' });
const from = (network: number) => ({ remoteAddress: `198.51.100.${network}:1` });

/** Has answers wait for their turn, one after the other. */
function oneAtATime(provider: StubProvider, waiting: (() => void)[]): void {
  provider.answer = (username, signal) =>
    new Promise<Verdict>((resolve) => {
      if (signal.aborted) return;
      waiting.push(() =>
        resolve(username === 'ali' ? { outcome: 'refuse', reason: 'wrong password' } : { outcome: 'unknown' }),
      );
    });
}

test('guesses sent all at once are not answered after so many failures: those that wait are refused unasked', async () => {
  for (const places of ['one address', 'many addresses']) {
    const provider = passwords();
    const waiting: (() => void)[] = [];
    oneAtATime(provider, waiting);
    const fixture = new ChainFixture([provider], { failuresBeforeDelay: 3 });
    const answers = Array.from({ length: 100 }, (_, index) =>
      fixture.ask({ username: 'ali', password: `guess ${index}` }, from(places === 'one address' ? 1 : index + 1)),
    );
    for (let index = 0; index < 3; index += 1) {
      waiting[index]!();
      await settled();
    }
    await fixture.time.advance(250);
    const outcomes = await Promise.all(answers.map(async (answer) => answer));
    assert.ok(outcomes.every((answer) => answer.outcome === 'refuse' && answer.reasonCode === 0x86));
    const kinds = fixture.refused.map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'credentials').length, 3, places);
    assert.equal(kinds.filter((kind) => kind === 'delayed').length, 97, places);
    assert.deepEqual(fixture.health, [], 'nothing is wrong with the provider');
    assert.equal(fixture.chain.pending, 0);
  }
});

test('a login of another user from elsewhere, and of one known there, waits on while guesses are refused', async () => {
  const provider = passwords();
  const fixture = new ChainFixture([provider], { failuresBeforeDelay: 3, cacheTime: 0 });
  assert.equal(await fixture.passes(ali, from(1)), true);
  const waiting: (() => void)[] = [];
  oneAtATime(provider, waiting);
  const guesses = Array.from({ length: 10 }, (_, at) => fixture.ask({ username: 'ali', password: `${at}` }, from(2)));
  const known = fixture.ask(ali, from(1));
  const other = fixture.ask({ username: 'marjana', password: 'x' }, from(3));
  for (const answer of waiting.slice(0, 3)) {
    answer();
    await settled();
  }
  assert.equal(fixture.chain.pending, 2);
  for (const answer of waiting.slice(3)) answer();
  await fixture.time.advance(250);
  await Promise.all([...guesses, known, other]);
});

test('the last step of an exchange waits for failures too: many begun before them are not as many guesses', async () => {
  const provider = new StubProvider('scram', {}, ['SCRAM-SHA-256']);
  let proofs = 0;
  const scram = { method: 'SCRAM-SHA-256' };
  provider.answer = () => ({ outcome: 'continue', data: undefined, exchange: 'begun', username: 'ali' });
  const fixture = new ChainFixture([provider], { failuresBeforeDelay: 3, failureDelay: 60 });
  const begun: unknown[] = [];
  for (let host = 1; host <= 20; host += 1) {
    const first = await fixture.login({}, { ...scram, ...from(host) });
    assert.ok(first.outcome === 'continue');
    begun.push(first.exchange);
  }
  provider.answer = () => {
    proofs += 1;
    return { outcome: 'refuse', reason: 'wrong proof' };
  };
  for (const [host, exchange] of begun.entries()) await fixture.login({}, { ...scram, ...from(host + 1), exchange });
  assert.equal(proofs, 3);
});

test('a name that nobody has waits for guesses like that of a user, so that the wait tells nobody which names there are', async () => {
  const times: Record<string, number> = {};
  for (const username of ['ali', 'nobody']) {
    const provider = passwords();
    const fixture = new ChainFixture([provider], { failuresBeforeDelay: 3 });
    for (let host = 1; host <= 3; host += 1) await fixture.login({ username, password: 'guess' }, from(host));
    // Logins take long now, as in a storm of them.
    provider.answer = () =>
      new Promise((resolve) => fixture.time.set(600, () => resolve({ outcome: 'refuse', reason: 'wrong' })));
    const asked = fixture.time.now;
    void Promise.resolve(fixture.ask({ username, password: 'guess' }, from(9))).then(() => {
      times[username] = fixture.time.now - asked;
    });
    await fixture.time.advance(1000);
  }
  assert.deepEqual(times, { ali: 250, nobody: 250 });
});

test('guesses at a name keep nobody out who shows a token under it', async () => {
  const token = { username: 'device', password: 'signed' };
  for (const order of ['tokens first', 'passwords first']) {
    const tokens = new StubProvider('jwt');
    tokens.answer = undefined;
    Object.assign(tokens, { guessable: false, methods: [] });
    let signed = false;
    tokens.answer = () => (signed ? { outcome: 'accept' } : { outcome: 'unknown' });
    const providers = order === 'tokens first' ? [tokens, passwords()] : [passwords(), tokens];
    const fixture = new ChainFixture(providers, { failuresBeforeDelay: 3 });
    for (let host = 1; host <= 5; host += 1) await fixture.login({ ...token, password: 'guess' }, from(host));
    signed = true;
    assert.equal(await fixture.passes(token, from(9)), true, order);
  }
});

test('while a user has to wait, no password of a provider behind those of tokens is tried', async () => {
  const tokens = new StubProvider('jwt');
  Object.assign(tokens, { guessable: false });
  const provider = passwords();
  const fixture = new ChainFixture([tokens, provider], { failuresBeforeDelay: 3 });
  for (let host = 1; host <= 3; host += 1) await fixture.login({ username: 'ali', password: 'guess' }, from(host));
  const before = provider.asked;
  assert.equal(await fixture.passes(ali, from(9)), false);
  assert.equal(provider.asked, before);
  assert.equal(fixture.refused.at(-1)!.kind, 'delayed');
});

test('what a provider without knowledge of changes was asked about first is not remembered for other clients', async () => {
  const hook = new StubProvider('http');
  let banned = false;
  hook.answer = () => (banned ? { outcome: 'refuse', reason: 'not from there' } : { outcome: 'unknown' });
  const fixture = new ChainFixture([hook, passwords()]);
  assert.equal(await fixture.passes(ali), true);
  banned = true;
  assert.equal(await fixture.passes(ali, { clientId: 'another' }), false, 'another client');
  assert.equal(await fixture.passes(ali, from(7)), false, 'another address');
  assert.equal(await fixture.passes(ali, { listener: 'public' }), false, 'another listener');
  fixture.time.now += 30_000;
  assert.equal(await fixture.passes(ali), false, 'longer than a provider without knowledge of changes is trusted');
});

test('what a provider asked first says is remembered no longer than that provider wants', async () => {
  const hook = new StubProvider('http');
  const fixture = new ChainFixture([{ provider: hook, cacheTime: 0 }, passwords()]);
  await fixture.login(ali);
  await fixture.login(ali);
  assert.equal(hook.asked, 2);
});

test('one that takes what cannot be guessed and never changes its mind about what is not its own keeps nothing from being remembered', async () => {
  const tokens = new StubProvider('jwt');
  Object.assign(tokens, { guessable: false, ignoresClient: true });
  const provider = passwords();
  const fixture = new ChainFixture([tokens, provider]);
  await fixture.login(ali);
  fixture.time.now += 100_000;
  assert.ok(!(fixture.ask(ali, { clientId: 'another' }) instanceof Promise));
  assert.equal(provider.asked, 1);
});

test('spellings that a directory takes for one user share one wait', async () => {
  const directory = new StubProvider('ldap');
  directory.answer = () => ({ outcome: 'refuse', reason: 'wrong password' });
  const fixture = new ChainFixture([directory], { failuresBeforeDelay: 3, failureDelay: 60 });
  const names = ['ann', 'Ann', 'aNN', 'ANN', ' ann', 'ann ', '\uff41nn'];
  for (const [host, username] of names.entries()) await fixture.login({ username, password: 'guess' }, from(host + 1));
  assert.equal(directory.asked, 3);
});

test('who proves to be somebody else is not known under the name it gave: it guesses at that no longer than others', async () => {
  const tokens = new StubProvider('jwt');
  Object.assign(tokens, { guessable: false });
  const provider = passwords();
  const fixture = new ChainFixture([tokens, provider], { failuresBeforeDelay: 3 });
  for (let host = 1; host <= 5; host += 1) {
    tokens.answer = () => ({ outcome: 'accept', username: 'mallory' });
    await fixture.login({ username: 'ali', password: 'token of mallory' }, from(host));
    tokens.answer = () => ({ outcome: 'unknown' });
    await fixture.login({ username: 'ali', password: 'guess' }, from(host));
  }
  assert.equal(provider.asked, 3);
});

test('a login that began before a reload is not remembered after it: what it was checked with may not hold any more', async () => {
  const tokens = new StubProvider('jwt');
  const fixture = new ChainFixture([tokens]);
  tokens.answer = () => new Promise((resolve) => fixture.time.set(100, () => resolve({ outcome: 'accept' })));
  const underWay = fixture.ask(ali);
  await fixture.chain.reload();
  await fixture.time.advance(100);
  assert.equal((await underWay).outcome, 'accept');
  tokens.answer = () => ({ outcome: 'refuse', reason: 'the key is gone' });
  assert.equal(await fixture.passes(ali), false);
});

test('a certificate that shows another user than the client says makes nobody wait but its address', async () => {
  const fixture = new ChainFixture([passwords()], { failuresBeforeDelay: 3, failureDelay: 60 });
  const peer = { by: 'certificate', username: 'mallory' } as const;
  for (let host = 1; host <= 5; host += 1) await fixture.login({ username: 'ali' }, { ...from(host), peer });
  assert.equal(await fixture.passes(ali, from(9)), true);
});
