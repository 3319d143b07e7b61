import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { loginRequest, providerContract } from '@cauldron/testkit';
import { SignJWT } from 'jose';
import { Authority } from '../../../../../test/support/certificates.ts';
import { type Answer, json, silence, WebService } from '../../../../../test/support/web-service.ts';
import type { Verdict } from '../provider.ts';
import { JwtProvider } from './jwt-provider.ts';
import type { JwtOptions } from './options.ts';

const START = 1_800_000_000;
const old = generateKeyPairSync('ed25519');
const fresh = generateKeyPairSync('ed25519');
const jwk = ({ publicKey }: typeof old, kid: string): object => ({ ...publicKey.export({ format: 'jwk' }), kid });
const oldSet = json({ keys: [jwk(old, 'old')] });
const freshSet = json({ keys: [jwk(old, 'old'), jwk(fresh, 'fresh')] });

const sign = ({ privateKey }: typeof old, kid: string): Promise<string> =>
  new SignJWT({ sub: 'ann', exp: START + 1e6 }).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey);
const [OLD, FRESH, MADE_UP] = await Promise.all([sign(old, 'old'), sign(fresh, 'fresh'), sign(fresh, 'made up')]);

class Subject {
  readonly service: WebService;
  readonly provider: JwtProvider;
  /** Seconds since the start; moved by the test. */
  seconds = 0;

  constructor(service: WebService, options: JwtOptions) {
    this.service = service;
    this.provider = new JwtProvider(
      { jwksUrl: service.url, ...options },
      { clock: () => (START + this.seconds) * 1000 },
    );
  }

  async login(token = OLD, signal = new AbortController().signal): Promise<Verdict> {
    return this.provider.authenticate(loginRequest({ username: 'ann', password: token }), signal);
  }

  async outcome(token?: string): Promise<Verdict['outcome']> {
    return (await this.login(token)).outcome;
  }

  get fetches(): number {
    return this.service.asked.length;
  }
}

async function open(t: TestContext, answer: Answer, options: JwtOptions = {}): Promise<Subject> {
  const subject = new Subject(await WebService.start(answer), options);
  t.after(async () => {
    await subject.provider.close();
    await subject.service.stop();
  });
  return subject;
}

providerContract(
  'jwt with published keys',
  async () => {
    const { service, provider } = new Subject(await WebService.start(oldSet), {});
    return {
      provider,
      right: { username: 'ann', password: OLD },
      wrong: [
        { username: 'ann', password: await sign(fresh, 'old') },
        { username: 'ben', password: OLD },
      ],
      // One that makes it look at the keys: otherwise it says nothing of whether they can be had.
      stranger: { username: 'zoe', password: MADE_UP },
      stall: () => {
        service.answer = silence;
      },
      fail: () => service.stop(),
      dispose: () => service.stop(),
    };
  },
  { remote: true },
);

test('keys are fetched when they are first needed, once for all who wait, and then used', async (t) => {
  const subject = await open(t, oldSet);
  assert.equal(subject.fetches, 0);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => subject.outcome()));
  assert.ok(outcomes.every((outcome) => outcome === 'accept'));
  subject.seconds = 599;
  await subject.outcome();
  assert.equal(subject.fetches, 1);
  subject.seconds = 600;
  assert.equal(await subject.outcome(), 'accept');
  assert.equal(subject.fetches, 2);
});

test('a key that was taken out of the set is used no longer than maxAge', async (t) => {
  const subject = await open(t, freshSet, { jwksMaxAge: 60 });
  assert.equal(await subject.outcome(FRESH), 'accept');
  subject.service.answer = oldSet;
  subject.seconds = 60;
  assert.equal(await subject.outcome(FRESH), 'refuse');
});

test('a token with an unknown key has the set fetched again, once a cooldown', async (t) => {
  const subject = await open(t, oldSet);
  assert.equal(await subject.outcome(FRESH), 'refuse');
  assert.equal(subject.fetches, 1);
  subject.service.answer = freshSet;
  subject.seconds = 29;
  assert.equal(await subject.outcome(FRESH), 'refuse');
  assert.equal(subject.fetches, 1);
  subject.seconds = 30;
  // Whoever comes while the set is being fetched waits for it, too.
  const outcomes = await Promise.all([FRESH, MADE_UP, FRESH, OLD].map((token) => subject.outcome(token)));
  assert.deepEqual(outcomes, ['accept', 'refuse', 'accept', 'accept']);
  for (let count = 0; count < 50; count++) assert.equal(await subject.outcome(MADE_UP), 'refuse');
  assert.equal(subject.fetches, 2);
  subject.seconds = 61;
  for (let count = 0; count < 50; count++) assert.equal(await subject.outcome(MADE_UP), 'refuse');
  assert.equal(subject.fetches, 3);
});

test('a token that cannot be right has nothing fetched', async (t) => {
  const subject = await open(t, oldSet);
  const header = Buffer.from('{"alg":"HS256","kid":"x"}').toString('base64url');
  assert.equal(await subject.outcome(`${header}.e30.AAAA`), 'refuse');
  assert.equal(await subject.outcome('carrot soup'), 'unknown');
  assert.equal(subject.fetches, 0);
});

test('while the set cannot be fetched old keys are used, for a bounded time', async (t) => {
  const subject = await open(t, oldSet, { jwksMaxAge: 60, jwksStaleTime: 100 });
  assert.equal(await subject.outcome(), 'accept');
  subject.service.answer = json({}, 500);
  for (const [seconds, outcome] of [
    [60, 'accept'],
    [159, 'accept'],
    [160, 'unavailable'],
    [1000, 'unavailable'],
  ] as const) {
    subject.seconds = seconds;
    assert.equal(await subject.outcome(), outcome, `after ${seconds} s`);
  }
  subject.service.answer = oldSet;
  subject.seconds = 1005;
  assert.equal(await subject.outcome(), 'accept');
});

test('a key that is not known is no reason to refuse while the set cannot be fetched', async (t) => {
  const subject = await open(t, oldSet);
  await subject.outcome();
  subject.service.answer = json({}, 503);
  subject.seconds = 30;
  const verdict = await subject.login(FRESH);
  assert.ok(verdict.outcome === 'unavailable', inspect(verdict));
  assert.match(verdict.reason, /not known, and the key set could not be fetched: it answered with status 503/);
  assert.equal(await subject.outcome(), 'accept');
});

test('a place that does not answer is asked again every few seconds, not for each login', async (t) => {
  const subject = await open(t, json({}, 500));
  for (let count = 0; count < 20; count++) assert.equal(await subject.outcome(), 'unavailable');
  assert.equal(subject.fetches, 1);
  subject.seconds = 5;
  subject.service.answer = oldSet;
  assert.equal(await subject.outcome(), 'accept');
  assert.equal(subject.fetches, 2);
});

test('a place that is silent holds up the first login that finds it so, and then none', async (t) => {
  const subject = await open(t, oldSet, { timeout: 2 });
  await subject.outcome();
  subject.service.answer = silence;
  subject.seconds = 601;
  assert.equal(await subject.outcome(), 'accept');
  assert.equal(subject.fetches, 2);
  const asked = Promise.withResolvers<void>();
  subject.service.answer = () => asked.resolve();
  subject.seconds = 606;
  // Twenty logins that wait for it would take twenty seconds.
  const hurry = AbortSignal.timeout(10_000);
  for (let count = 0; count < 20; count++) assert.equal((await subject.login(OLD, hurry)).outcome, 'accept');
  assert.ok(!hurry.aborted);
  // It was asked again, behind the back of those logins, and once.
  await asked.promise;
  assert.equal(subject.fetches, 3);
});

test('old keys are used before the time of a login is over that has no more than the fetch', async (t) => {
  const subject = await open(t, oldSet, { timeout: 4 });
  await subject.outcome();
  subject.service.answer = silence;
  subject.seconds = 601;
  const logins = Array.from({ length: 5 }, () => subject.login(OLD, AbortSignal.timeout(3900)));
  for (const verdict of await Promise.all(logins)) assert.equal(verdict.outcome, 'accept');
  assert.equal(subject.fetches, 2);
});

test('a login that is given up does not end the fetch that others wait for', async (t) => {
  const release = Promise.withResolvers<void>();
  const subject = await open(t, (...parts) => release.promise.then(() => oldSet(...parts)));
  const abort = new AbortController();
  const impatient = subject.login(OLD, abort.signal);
  const patient = subject.outcome();
  abort.abort();
  assert.deepEqual(await impatient, { outcome: 'unavailable', reason: 'the key set was not there in time' });
  release.resolve();
  assert.equal(await patient, 'accept');
  assert.equal(subject.fetches, 1);
});

test('what is no set of keys is no answer, and its text is not repeated', async (t) => {
  const raw =
    (text: string): Answer =>
    (response) =>
      response.end(text);
  const answers: readonly [Answer, RegExp][] = [
    [raw('hunter2'), /no JSON/],
    [raw(''), /no JSON/],
    [json({ keys: [] }), /no public key/],
    [json({ keys: [{ kty: 'oct', k: 'hunter2' }] }), /no public key/],
    [json({ keys: [{ ...old.privateKey.export({ format: 'jwk' }), kid: 'old' }] }), /no public key/],
    [json({ keys: Array.from({ length: 101 }, () => jwk(old, 'old')) }), /more than 100/],
    [raw(`{"keys":[${' '.repeat(300_000)}]}`), /larger than 262144 bytes/],
    [json({ keys: [jwk(old, 'old')] }, 201), /status 201/],
    [(response) => response.writeHead(302, { location: '/elsewhere' }).end(), /status 302/],
  ];
  for (const [answer, reason] of answers) {
    const verdict = await (await open(t, answer)).login();
    assert.ok(verdict.outcome === 'unavailable', inspect(verdict));
    assert.match(verdict.reason, reason);
    assert.ok(!verdict.reason.includes('hunter2'));
  }
});

test('keys that were right are kept when garbage follows', async (t) => {
  const subject = await open(t, oldSet);
  await subject.outcome();
  subject.service.answer = json({ keys: [] });
  subject.seconds = 700;
  assert.equal(await subject.outcome(), 'accept');
});

test('after a reload the set is fetched again, and old keys do until it is there', async (t) => {
  const subject = await open(t, oldSet);
  await subject.outcome();
  await subject.provider.reload();
  subject.service.answer = json({}, 500);
  assert.equal(await subject.outcome(), 'accept');
  assert.equal(subject.fetches, 2);
});

test('keys are fetched over TLS from a place with a certificate of the authority only', async (t) => {
  const authority = new Authority(t);
  const { cert, key } = authority.issue('right', { san: 'IP:127.0.0.1' });
  const service = await WebService.start(oldSet, { cert: readFileSync(cert), key: readFileSync(key) });
  t.after(() => service.stop());
  for (const [options, outcome] of [
    [{ ca: authority.file }, 'accept'],
    [{}, 'unavailable'],
  ] as const) {
    const subject = new Subject(service, options);
    t.after(() => subject.provider.close());
    assert.equal(await subject.outcome(), outcome);
  }
  assert.throws(() => new Subject(service, { ca: '/no/such/file' }), /jwt: ca: cannot read "\/no\/such\/file"/);
});
