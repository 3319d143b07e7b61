import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChainFixture, StubPasswordFile, StubProvider, settled } from './fixtures/chain-fixture.ts';
import type { Verdict } from './provider.ts';

const ali = { username: 'ali', password: 'open sesame' };
const wrong = { username: 'ali', password: 'open barley' };
const passwords = () => new StubPasswordFile('passwords', { ali: 'open sesame', marjana: 'boiling oil' });
const peer = { by: 'certificate', username: 'ali' } as const;

test('the right password of the first provider that knows the user lets the client in, with its rights', async () => {
  const empty = new StubProvider('empty');
  const fixture = new ChainFixture([empty, passwords(), new StubProvider('last', { ali: 'other' })]);
  const answer = fixture.ask(ali);
  assert.ok(!(answer instanceof Promise) && answer.outcome === 'accept');
  assert.equal(answer.rights!.provider, 'passwords');
  assert.equal(answer.anonymous, undefined);
  assert.deepEqual(fixture.accepted, [{ username: 'ali', anonymous: false, provider: 'passwords', cached: false }]);
  assert.deepEqual([empty.asked, fixture.chain.counters.loginsAccepted], [1, 1]);
});

test('a provider that knows the user and refuses is the last one asked', async () => {
  const second = new StubProvider('second', { ali: 'open barley' });
  const fixture = new ChainFixture([passwords(), second]);
  assert.equal(await fixture.passes(wrong), false);
  assert.equal(second.asked, 0);
});

test('an unknown user, a wrong password and a wait for failures get the same answer; the log gets the reason', async () => {
  const fixture = new ChainFixture([passwords()], { failuresBeforeDelay: 2 });
  const at = { remoteAddress: '192.0.2.1:1' };
  const answers = [
    await fixture.login({ username: 'qasim', password: 'open sesame' }, at),
    await fixture.login(wrong, at),
    await fixture.login(wrong, at),
  ];
  const reasonString = 'the user name or the password is wrong';
  const same = { outcome: 'refuse', reasonCode: 0x86, reasonString, noted: true };
  assert.deepEqual(answers, [same, same, same]);
  assert.deepEqual(
    fixture.refused.map(({ kind, provider }) => [kind, provider]),
    [
      ['credentials', undefined],
      ['credentials', 'passwords'],
      ['delayed', undefined],
    ],
  );
  assert.match(fixture.refused[2]!.reason, /too many failed logins of the address/);
});

test('a refusal leaves at the next multiple of the refusal time after the request, however long it took', async () => {
  for (const [work, leaves] of [
    [0, 250],
    [10, 250],
    [249, 250],
    [251, 500],
    [600, 750],
  ] as const) {
    const slow = new StubProvider('slow');
    const fixture = new ChainFixture([slow]);
    slow.answer = () =>
      new Promise((resolve) => fixture.time.set(work, () => resolve({ outcome: 'refuse', reason: 'no' })));
    let left = false;
    void Promise.resolve(fixture.ask(ali)).then(() => {
      left = true;
    });
    await fixture.time.advance(leaves - 1);
    assert.equal(left, false, `${work} ms of work: left too early`);
    await fixture.time.advance(1);
    assert.equal(left, true, `${work} ms of work: left too late`);
  }
});

test('no more refusals wait than logins may; one more is told at once that the server is busy', async () => {
  const fixture = new ChainFixture([passwords()], { maxPending: 3, failuresBeforeDelay: 0 });
  const held = [fixture.ask(wrong), fixture.ask(wrong), fixture.ask(wrong)];
  assert.ok(held.every((answer) => answer instanceof Promise));
  const busy = fixture.ask(wrong);
  assert.ok(!(busy instanceof Promise) && busy.outcome === 'refuse' && busy.reasonCode === 0x89);
  assert.equal(fixture.chain.counters.loginsBusy, 1);
  await fixture.time.advance(250);
  for (const answer of await Promise.all(held)) assert.equal(answer.outcome, 'refuse');
  assert.equal(fixture.time.timers, 0);
});

test('a provider that never answers is given up in time, refuses, and holds nobody else up', async () => {
  const dead = new StubProvider('dead');
  let aborted: unknown;
  dead.answer = (username, signal) => {
    if (username !== 'ali') return { outcome: 'unknown' };
    signal.addEventListener('abort', () => {
      aborted = signal.reason;
    });
    return new Promise(() => {});
  };
  const fixture = new ChainFixture([dead, passwords()], { timeout: 5 });
  const answer = fixture.ask(ali) as Promise<{ outcome: string; reasonCode?: number }>;
  assert.equal(await fixture.passes({ username: 'marjana', password: 'boiling oil' }), true);
  assert.equal(fixture.chain.pending, 1);
  await fixture.time.advance(5000);
  const { outcome, reasonCode } = await answer;
  assert.deepEqual([outcome, reasonCode], ['refuse', 0x88]);
  assert.match((aborted as Error).message, /no answer within 5 s/);
  assert.deepEqual([fixture.chain.counters.loginsTimedOut, fixture.chain.pending, fixture.time.timers], [1, 0, 0]);
  assert.deepEqual(fixture.health, ['dead: no answer within 5 s (timeout)']);
});

test('a provider that fails refuses without asking the next one; that is told once, and when it works again', async () => {
  const failing = new StubProvider('ldap');
  const next = passwords();
  const fixture = new ChainFixture([failing, next], { cacheTime: 0 });
  const failures: (() => Verdict | Promise<Verdict>)[] = [
    () => {
      throw new Error('connection refused');
    },
    () => Promise.reject(new Error('connection reset')),
    () => ({ outcome: 'unavailable', reason: 'too many connections' }),
    () => ({ outcome: 'continue', data: undefined, exchange: 1 }),
  ];
  for (const failure of failures) {
    failing.answer = failure;
    const answer = await fixture.login(ali);
    assert.ok(answer.outcome === 'refuse' && answer.reasonCode === 0x88);
    assert.doesNotMatch(answer.reasonString!, /connection/);
  }
  assert.equal(next.asked, 0);
  failing.answer = undefined;
  assert.equal(await fixture.passes(ali), true);
  assert.deepEqual(fixture.health, ['ldap: connection refused', 'ldap again']);
  assert.deepEqual([fixture.chain.counters.providerUnavailable, fixture.chain.unavailable.length], [3, 0]);
});

test('no more logins wait for providers than configured; users verified lately still come in', async () => {
  const slow = passwords();
  const fixture = new ChainFixture([slow], { maxPending: 2 });
  assert.equal(await fixture.passes(ali), true);
  slow.answer = () => new Promise(() => {});
  for (const host of [7, 8]) fixture.ask(wrong, { remoteAddress: `198.51.100.${host}:1` });
  const busy = fixture.ask(wrong, { remoteAddress: '198.51.100.9:1' });
  assert.ok(!(busy instanceof Promise) && busy.outcome === 'refuse' && busy.reasonCode === 0x89);
  assert.equal((fixture.ask(ali) as { outcome: string }).outcome, 'accept');
  await fixture.chain.close();
});

test('one address takes no more than a quarter of the places, unless its users are known there', async () => {
  const slow = passwords();
  const fixture = new ChainFixture([slow], { maxPending: 8, failuresBeforeDelay: 5 });
  assert.equal(await fixture.passes(ali), true);
  fixture.chain.clear();
  slow.answer = () => new Promise(() => {});
  const outcome = (answer: unknown) =>
    answer instanceof Promise ? 'waits' : (answer as { reasonCode?: number }).reasonCode;
  const stranger = { username: 'qasim', password: 'x' };
  const answers = Array.from({ length: 3 }, () => fixture.ask(stranger));
  assert.deepEqual(answers.map(outcome), ['waits', 'waits', 0x89]);
  assert.equal(outcome(fixture.ask(ali)), 'waits', 'known there');
  assert.equal(outcome(fixture.ask(stranger, { remoteAddress: '198.51.100.7:1' })), 'waits', 'another address');
  for (let index = 0; index < 4; index += 1) fixture.ask(stranger, { remoteAddress: '127.0.0.1:1' });
  assert.equal(fixture.chain.pending, 8, 'what everybody shares may take them all');
  await fixture.chain.close();
  await settled();
  assert.equal(fixture.chain.pending, 0);
});

test('clients that show nothing are anonymous where the listener allows it, and told what is missing where not', async () => {
  const fixture = new ChainFixture([passwords()]);
  const refused = await fixture.login({});
  assert.ok(refused.outcome === 'refuse' && refused.reasonCode === 0x87);
  assert.match(refused.reasonString!, /user name and password/);
  fixture.anonymous = true;
  assert.deepEqual(await fixture.login({}), { outcome: 'accept', anonymous: true });
  assert.equal(await fixture.passes(wrong), false, 'a wrong password does not fall back to anonymous');
  assert.equal(await fixture.passes({ username: 'ali' }), false);
  assert.deepEqual(fixture.accepted, [{ username: undefined, anonymous: true, provider: 'nobody', cached: false }]);
});

test('without providers a user name proves nothing: anonymous where allowed, refused where not', async () => {
  const fixture = new ChainFixture([]);
  assert.equal(await fixture.passes(ali), false);
  fixture.anonymous = true;
  assert.deepEqual(await fixture.login(ali), { outcome: 'accept', anonymous: true });
});

test('a certificate or pre-shared key says who the client is; another user name than that is refused', async () => {
  const provider = passwords();
  const fixture = new ChainFixture([provider]);
  for (const login of [{}, { username: 'ali' }, wrong]) {
    const answer = fixture.ask(login, { peer });
    assert.ok(!(answer instanceof Promise) && answer.outcome === 'accept');
    assert.deepEqual([answer.username, answer.rights!.provider], ['ali', 'certificate']);
  }
  assert.equal(await fixture.passes({ username: 'marjana', password: 'boiling oil' }, { peer }), false);
  assert.match(fixture.refused[0]!.reason, /the certificate is of 'ali', the client says 'marjana'/);
  assert.equal(provider.asked, 0);
});

const scram = { method: 'SCRAM-SHA-256', data: Uint8Array.of(1) };

function exchanging(final: Verdict): StubProvider {
  const provider = new StubProvider('scram', {}, ['SCRAM-SHA-256']);
  let step = 0;
  provider.answer = () => {
    step += 1;
    return step % 2 === 1 ? { outcome: 'continue', data: Uint8Array.of(2), exchange: 'nonce' } : final;
  };
  return provider;
}

test('an enhanced exchange stays with the provider that does its method, until that says who it is', async () => {
  const other = new StubProvider('other', {}, ['OTHER']);
  const fixture = new ChainFixture([other, exchanging({ outcome: 'accept', username: 'ali', data: Uint8Array.of(3) })]);
  const first = await fixture.login({}, scram);
  assert.ok(first.outcome === 'continue');
  assert.deepEqual(first.data, Uint8Array.of(2));
  const last = await fixture.login({}, { ...scram, exchange: first.exchange });
  assert.ok(last.outcome === 'accept');
  assert.deepEqual([last.username, last.data, other.asked], ['ali', Uint8Array.of(3), 0]);
});

test('an authentication method that no provider does is refused with 0x8C [MQTT-4.12.0-1]', async () => {
  const fixture = new ChainFixture([passwords()]);
  fixture.anonymous = true;
  const answer = fixture.ask({}, { method: 'GS2-KRB5' });
  assert.ok(!(answer instanceof Promise) && answer.outcome === 'refuse' && answer.reasonCode === 0x8c);
});

test('what a method proves has to be the user of the certificate', async () => {
  const fixture = new ChainFixture([exchanging({ outcome: 'accept', username: 'qasim' })]);
  const first = await fixture.login({}, { ...scram, peer });
  assert.ok(first.outcome === 'continue');
  const last = await fixture.login({}, { ...scram, peer, exchange: first.exchange });
  assert.equal(last.outcome, 'refuse');
});

test('whoever authenticates again has to be the same user, and is refused with codes that DISCONNECT may carry', async () => {
  const again = { ...scram, reauthentication: true };
  const refusals: [Verdict, number][] = [
    [{ outcome: 'accept', username: 'qasim' }, 0x87],
    [{ outcome: 'refuse', reason: 'wrong proof' }, 0x87],
    [{ outcome: 'unavailable', reason: 'gone' }, 0x89],
  ];
  for (const [final, reasonCode] of refusals) {
    const fixture = new ChainFixture([exchanging(final)]);
    const first = await fixture.login({ username: 'ali' }, again);
    assert.ok(first.outcome === 'continue');
    const last = await fixture.login({ username: 'ali' }, { ...again, exchange: first.exchange });
    assert.ok(last.outcome === 'refuse');
    assert.equal(last.reasonCode, reasonCode);
  }
  const fixture = new ChainFixture([exchanging({ outcome: 'accept', username: 'ali' })]);
  const first = await fixture.login({ username: 'ali' }, again);
  assert.ok(first.outcome === 'continue');
  assert.equal((await fixture.login({ username: 'ali' }, { ...again, exchange: first.exchange })).outcome, 'accept');
});

test('what has expired lets nobody in, and when it will expire is passed on', async () => {
  const tokens = new StubProvider('jwt');
  const fixture = new ChainFixture([tokens]);
  tokens.answer = () => ({ outcome: 'accept', username: 'ali', expiresAt: fixture.time.now });
  assert.equal(await fixture.passes(ali), false);
  const expiresAt = fixture.time.now + 5000;
  tokens.answer = () => ({ outcome: 'accept', username: 'ali', expiresAt });
  const answer = fixture.ask(ali);
  assert.ok(!(answer instanceof Promise) && answer.outcome === 'accept');
  assert.equal(answer.expiresAt, expiresAt);
});

test('rights have equal keys where they are equal, whatever the order of roles, and others where not', async () => {
  const provider = new StubProvider('sql');
  const fixture = new ChainFixture([provider], { cacheTime: 0 });
  const rule = { permission: 'allow', access: 'read', topic: 'a/#', source: 'row 1' } as const;
  const keys = [];
  for (const rights of [
    { roles: ['a', 'b'], rules: [rule] },
    { roles: ['b', 'a'], rules: [rule] },
    { roles: ['a'], rules: [rule] },
    { groups: ['a', 'b'], rules: [rule] },
    { roles: ['a', 'b'], rules: [{ ...rule, topic: 'b/#' }] },
    { roles: ['a', 'b'], rules: [rule], superuser: true },
  ]) {
    provider.answer = () => ({ outcome: 'accept', rights });
    const answer = await fixture.login(ali);
    assert.ok(answer.outcome === 'accept');
    keys.push(answer.rights!.key);
  }
  assert.equal(keys[0], keys[1]);
  assert.equal(new Set(keys).size, 5);
});

test('changed users are told on, and a login that was under way meanwhile does not count', async () => {
  const provider = passwords();
  const fixture = new ChainFixture([provider]);
  const told: unknown[] = [];
  const stop = fixture.chain.onUserChanged((...change) => told.push(change));
  let answer: (verdict: Verdict) => void = () => {};
  provider.answer = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const underWay = fixture.ask(ali) as Promise<{ outcome: string; reasonCode?: number }>;
  provider.changed!(['ali']);
  answer({ outcome: 'accept' });
  const result = await underWay;
  assert.deepEqual([result.outcome, result.reasonCode], ['refuse', 0x88]);
  assert.deepEqual(told, [['passwords', ['ali']]]);
  stop();
  provider.changed!(['ali']);
  assert.equal(told.length, 1);
});

test('an exchange that began before the credentials of its user changed does not count', async () => {
  const provider = exchanging({ outcome: 'accept', username: 'ali' });
  const fixture = new ChainFixture([provider]);
  const first = await fixture.login({}, scram);
  assert.ok(first.outcome === 'continue');
  provider.changed!(['ali']);
  const last = await fixture.login({}, { ...scram, exchange: first.exchange });
  assert.ok(last.outcome === 'refuse' && last.reasonCode === 0x88);
});

test('a user whose name stands in the data of a method waits like any other for those who guess at it', async () => {
  const provider = new StubProvider('scram', {}, ['SCRAM-SHA-256']);
  let step = 0;
  provider.answer = () => {
    step += 1;
    if (step % 2 === 0) return { outcome: 'refuse', reason: 'wrong proof' };
    return { outcome: 'continue', data: undefined, exchange: step, username: 'ali' };
  };
  const fixture = new ChainFixture([provider], { failuresBeforeDelay: 3 });
  const outcomes: string[] = [];
  for (let host = 1; host <= 5; host += 1) {
    const from = { ...scram, remoteAddress: `198.51.100.${host}:1` };
    const first = await fixture.login({}, from);
    outcomes.push(first.outcome);
    if (first.outcome === 'continue') await fixture.login({}, { ...from, exchange: first.exchange });
    else step = 0;
  }
  assert.deepEqual(outcomes, ['continue', 'continue', 'continue', 'refuse', 'refuse']);
  assert.match(fixture.refused.at(-1)!.reason, /too many failed logins of the user/);
});

test('what cannot be guessed makes its address wait, and no other that gives the same name', async () => {
  const tokens = new StubProvider('jwt', { token: 'signed' });
  Object.assign(tokens, { guessable: false });
  const fixture = new ChainFixture([tokens]);
  const forged = { username: 'token', password: 'forged' };
  for (let index = 0; index < 20; index += 1) await fixture.login(forged, { remoteAddress: '198.51.100.1:1' });
  assert.ok(fixture.chain.counters.loginsDelayed > 10);
  assert.equal(await fixture.passes({ username: 'token', password: 'signed' }), true);
});

test('a reload reads all providers again; those that cannot are named, and the others are not kept from it', async () => {
  const broken = passwords();
  broken.reload = () => Promise.reject(new Error('line 7 is no user'));
  const fine = new StubPasswordFile('more', { baba: 'forty' });
  const fixture = new ChainFixture([broken, fine]);
  await assert.rejects(fixture.chain.reload(), /stay as they were: line 7 is no user/);
  assert.equal(fine.reloaded, 1);
});

test('closing answers everything that waits, refuses what comes, and closes the providers once', async () => {
  const slow = new StubProvider('slow');
  slow.answer = (username) =>
    username === 'ali' ? new Promise(() => {}) : { outcome: 'refuse', reason: 'wrong password' };
  const fixture = new ChainFixture([slow]);
  const waiting = [fixture.ask(ali), fixture.ask({ username: 'qasim', password: 'x' })];
  await settled();
  await Promise.all([fixture.chain.close(), fixture.chain.close()]);
  for (const answer of await Promise.all(waiting)) assert.equal(answer.outcome, 'refuse');
  const late = fixture.ask(ali);
  assert.ok(!(late instanceof Promise) && late.outcome === 'refuse' && late.reasonCode === 0x88);
  assert.deepEqual([slow.closed, fixture.time.timers, fixture.health], [1, 0, []]);
});

test('a login whose turn among others did not come in time is told to come later, and says nothing of the provider', async () => {
  const full = Object.assign(new StubProvider('full'), { isWaiting: () => true });
  full.authenticate = () => new Promise(() => {});
  const fixture = new ChainFixture([full], { timeout: 5 });
  const answer = fixture.login(ali);
  await fixture.time.advance(5000);
  assert.partialDeepStrictEqual(await answer, { outcome: 'refuse', reasonCode: 0x89 });
  assert.deepEqual(fixture.health, []);
  assert.deepEqual([fixture.chain.counters.loginsBusy, fixture.chain.counters.providerUnavailable], [1, 0]);
});
