import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loginRequest, providerContract, ScramClient } from '@cauldron/testkit';
import { hashArgon2id } from './argon2id.ts';
import { type Argon2Cost, type HashFunctions, nodeHashFunctions } from './hash-functions.ts';
import { HashingGate } from './hashing-gate.ts';
import { type PasswordFileOptions, PasswordFileProvider } from './password-file-provider.ts';
import { createScramVerifier } from './scram-verifier.ts';

const root = mkdtempSync(join(tmpdir(), 'cauldron-password-provider-'));
after(() => rmSync(root, { recursive: true }));
let files = 0;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const never = new AbortController().signal;
/** What tests hash with: the same work as in earnest, a thousandth of it. */
const COST: Argon2Cost = { memory: 64, passes: 2, parallelism: 1 };

/** The same password, "secret", in each form. */
const SECRET = {
  argon2id: await hashArgon2id(bytes('secret'), COST, nodeHashFunctions),
  weaker: await hashArgon2id(bytes('secret'), { ...COST, passes: 1 }, nodeHashFunctions),
  stronger: await hashArgon2id(bytes('secret'), { ...COST, memory: 128 }, nodeHashFunctions),
  pbkdf2:
    '$7$101$V+7ytMXNxclkjkkC$Q7yVwpKfWuZQw01pkb2T+ZqtTfQV3YfB/64PYQy8L5frzuLyW3IuaidlC31cP+Lorwjrj1/7fbROyysJr3hgDw==',
  sha512:
    '$6$TWfkdBxNOfh2t5G4$cffiKtpd9aSoIucAB93Qc7typrquV3GqLSqfwHjAxzD6pm+SYXIRPrIin4OcrDC37KvGuHtC9SlILkg551uKZg==',
  scram: (await createScramVerifier(bytes('secret'), nodeHashFunctions, 10)).text,
};
const EVERY_FORM = Object.entries(SECRET)
  .map(([name, text]) => `${name}:${text}\n`)
  .join('');

/** Node's hashes, counted. */
class CountedHashes implements HashFunctions {
  counts = { argon2id: 0, pbkdf2: 0, sha512: 0 };
  readonly costs: Argon2Cost[] = [];

  argon2id(...args: Parameters<HashFunctions['argon2id']>): Promise<Uint8Array> {
    this.counts.argon2id += 1;
    this.costs.push(args[2]);
    return nodeHashFunctions.argon2id(...args);
  }

  pbkdf2(...args: Parameters<HashFunctions['pbkdf2']>): Promise<Uint8Array> {
    this.counts.pbkdf2 += 1;
    return nodeHashFunctions.pbkdf2(...args);
  }

  sha512(...parts: readonly Uint8Array[]): Uint8Array {
    this.counts.sha512 += 1;
    return nodeHashFunctions.sha512(...parts);
  }
}

function newFile(text: string, mode = 0o600): string {
  const folder = join(root, `${++files}`);
  mkdirSync(folder);
  const path = join(folder, 'passwords');
  writeFileSync(path, text, { mode });
  return path;
}

async function open(text: string, options: Partial<PasswordFileOptions> = {}) {
  const file = newFile(text);
  const warnings: string[] = [];
  const provider = await PasswordFileProvider.open({
    file,
    argon2: COST,
    upgradeDelay: 0,
    warn: (message) => warnings.push(message),
    ...options,
  });
  const login = (username: string | undefined, password: string | undefined) =>
    provider.authenticate(loginRequest({ username, password }), never);
  return { provider, file, warnings, login, read: () => readFileSync(file, 'utf8') };
}

const outcomeOf = async (verdict: Promise<{ outcome: string }>): Promise<string> => (await verdict).outcome;

for (const form of Object.keys(SECRET)) {
  providerContract(`password file, ${form}`, async () => ({
    provider: (await open(EVERY_FORM)).provider,
    right: { username: form, password: 'secret' },
    wrong: [
      { username: form, password: 'Secret' },
      { username: form, password: 'secret ' },
    ],
    stranger: { username: 'nobody', password: 'secret' },
  }));
}

test('every refusal computes one argon2id of the configured cost, whoever the user is and whatever it sent', async () => {
  const hashes = new CountedHashes();
  const { provider } = await open(EVERY_FORM, { hashes });
  const passwords = [undefined, '', 'wrong', 'x'.repeat(65_535)];
  for (const username of ['nobody', ...Object.keys(SECRET)]) {
    for (const password of passwords) {
      hashes.costs.length = 0;
      const { outcome } = await provider.authenticate(loginRequest({ username, password }), never);
      assert.equal(outcome, username === 'nobody' ? 'unknown' : 'refuse');
      const configured = hashes.costs.filter((cost) => cost.memory === COST.memory && cost.passes === COST.passes);
      assert.equal(configured.length, 1, `${username}, password of ${password?.length} bytes`);
    }
  }
});

test('the refusal of somebody unknown and of an argon2id user compute the very same', async () => {
  const countsOf = async (username: string) => {
    const hashes = new CountedHashes();
    const { login } = await open(EVERY_FORM, { hashes });
    await login(username, 'wrong');
    return [hashes.counts, hashes.costs];
  };
  assert.deepEqual(await countsOf('nobody'), await countsOf('argon2id'));
});

test('a right password computes its own hash and no more', async () => {
  const hashes = new CountedHashes();
  const { login, provider } = await open(EVERY_FORM, { hashes, upgrade: false });
  for (const username of Object.keys(SECRET)) assert.equal(await outcomeOf(login(username, 'secret')), 'accept');
  await provider.settled();
  assert.deepEqual(hashes.counts, { argon2id: 3, pbkdf2: 2, sha512: 1 });
});

test('who gives no name, or another method, is not of a password file, and costs nothing', async () => {
  const hashes = new CountedHashes();
  const { provider, login } = await open(EVERY_FORM, { hashes });
  assert.equal(await outcomeOf(login(undefined, 'secret')), 'unknown');
  const kerberos = loginRequest({ username: 'sha512', password: 'secret' }, { method: 'KERBEROS' });
  assert.equal((await provider.authenticate(kerberos, never)).outcome, 'unknown');
  assert.deepEqual(hashes.counts, { argon2id: 0, pbkdf2: 0, sha512: 0 });
});

test('after a login, weaker hashes are replaced by argon2id, and the rest of the file stays', async () => {
  const { provider, login, read, warnings } = await open(`# staff\n${EVERY_FORM}\n# end\n`);
  const before = read().split('\n');
  for (const username of Object.keys(SECRET)) await login(username, 'secret');
  await provider.settled();
  const changed = read()
    .split('\n')
    .flatMap((line, index) => (line === before[index] ? [] : [line.replace(/\$[^$]+\$[^$]+$/, '')]));
  const argon2id = '$argon2id$v=19$m=64,t=2,p=1';
  assert.deepEqual(changed, [`weaker:${argon2id}`, `pbkdf2:${argon2id}`, `sha512:${argon2id}`]);
  assert.deepEqual(warnings, []);
  await provider.reload();
  for (const username of Object.keys(SECRET)) {
    assert.equal(await outcomeOf(login(username, 'secret')), 'accept', username);
    assert.equal(await outcomeOf(login(username, 'wrong')), 'refuse', username);
  }
});

test('a line with spaces and a carriage return is upgraded as any other', async () => {
  const { provider, login, read } = await open(`# staff\r\n bob : ${SECRET.sha512} \r\n`);
  assert.equal(await outcomeOf(login('bob', 'secret')), 'accept');
  await provider.settled();
  assert.match(read(), /^# staff\r\nbob:\$argon2id\$\S+\n$/);
});

test('a wrong password upgrades nothing', async () => {
  const { provider, login, read } = await open(EVERY_FORM);
  for (const username of Object.keys(SECRET)) await login(username, 'wrong');
  await provider.settled();
  assert.equal(read(), EVERY_FORM);
});

test('an upgrade is no change of credentials, neither before nor after the file is read again', async () => {
  const { provider, login } = await open(EVERY_FORM);
  const changes: (readonly string[])[] = [];
  provider.changed = (usernames) => changes.push(usernames);
  const credentials = provider.credentialsOf('sha512');
  await login('sha512', 'secret');
  await provider.settled();
  assert.equal(provider.credentialsOf('sha512'), credentials);
  await provider.reload();
  assert.equal(provider.credentialsOf('sha512'), credentials);
  assert.deepEqual(changes, []);
});

test('a file that is read again just when an upgrade is being written shows no change of credentials', async () => {
  const { provider, login, read } = await open(EVERY_FORM);
  const changes: (readonly string[])[] = [];
  provider.changed = (usernames) => changes.push(usernames);
  await login('sha512', 'secret');
  const settled = provider.settled();
  // The new file is there, and the provider has not been told yet that it is.
  while (read() === EVERY_FORM) await new Promise(setImmediate);
  await provider.reload();
  await settled;
  await provider.reload();
  assert.deepEqual(changes, []);
  assert.equal(await outcomeOf(login('sha512', 'secret')), 'accept');
});

test('what was read before an upgrade was written does not undo it', async () => {
  const many = Array.from({ length: 30_000 }, (_, index) => `u${index}:${SECRET.sha512}\n`).join('');
  const { provider, login, read } = await open(EVERY_FORM + many);
  const changes: (readonly string[])[] = [];
  provider.changed = (usernames) => changes.push(usernames);
  await login('sha512', 'secret');
  // Reading so many lines takes longer than writing the upgrade, which begins after it.
  await Promise.all([provider.reload(), provider.settled()]);
  assert.match(read(), /^sha512:\$argon2id\$/m);
  await provider.reload();
  assert.deepEqual(changes, []);
});

test('a hundred logins at the same time upgrade a line once, and a hundred lines are written together', async () => {
  const hashes = new CountedHashes();
  const users = Array.from({ length: 100 }, (_, index) => `u${index}`);
  const { provider, login, read, file } = await open(users.map((name) => `${name}:${SECRET.sha512}\n`).join(''), {
    hashes,
    upgradeDelay: 60_000,
  });
  const { ino } = statSync(file);
  await Promise.all([...users, ...users].map((name) => login(name, 'secret')));
  assert.equal(statSync(file).ino, ino);
  await provider.settled();
  assert.equal(hashes.counts.argon2id, 100);
  assert.equal(read().match(/^u\d+:\$argon2id\$/gm)?.length, 100);
});

test('what the administrator wrote meanwhile is not overwritten by an upgrade', async () => {
  const { provider, login, read, file } = await open(EVERY_FORM, { upgradeDelay: 60_000 });
  await login('sha512', 'secret');
  await login('pbkdf2', 'secret');
  const edited = EVERY_FORM.replace(`sha512:${SECRET.sha512}`, `sha512:${SECRET.stronger}\nnew:${SECRET.argon2id}`);
  writeFileSync(file, edited);
  await provider.settled();
  const lines = read().split('\n');
  assert.ok(lines.includes(`sha512:${SECRET.stronger}`));
  assert.ok(lines.includes(`new:${SECRET.argon2id}`));
  assert.ok(lines.some((line) => line.startsWith('pbkdf2:$argon2id$')));
});

test('a file that cannot be written is said once, and logins go on', async () => {
  const { provider, login, read, file, warnings } = await open(EVERY_FORM);
  // A folder in the place of the new file stops root as well, which a mode would not.
  mkdirSync(`${file}.new`);
  for (const username of ['sha512', 'pbkdf2', 'sha512', 'weaker']) {
    assert.equal(await outcomeOf(login(username, 'secret')), 'accept');
    await provider.settled();
  }
  assert.equal(read(), EVERY_FORM);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /passwords cannot be upgraded; the hashes in it stay as they are, and logins go on: /);
  rmSync(`${file}.new`, { recursive: true });
  await provider.reload();
  await login('sha512', 'secret');
  await provider.settled();
  assert.match(read(), /^sha512:\$argon2id\$/m);
});

test('a reload tells whose credentials changed, and which users are gone', async () => {
  const { provider, login, file } = await open(
    `ann:${SECRET.argon2id}\nbob:${SECRET.argon2id}\ncarl:${SECRET.scram}\n`,
  );
  const changes: (readonly string[])[] = [];
  provider.changed = (usernames) => changes.push(usernames);
  await provider.reload();
  assert.deepEqual(changes, []);

  const [annBefore, bobBefore] = [provider.credentialsOf('ann'), provider.credentialsOf('bob')];
  const other = await hashArgon2id(bytes('other'), COST, nodeHashFunctions);
  writeFileSync(file, `# moved\nbob:${other}\ndora:${SECRET.argon2id}\nann:${SECRET.argon2id}\n`);
  await provider.reload();
  assert.deepEqual(changes, [['bob', 'carl']]);
  assert.equal(provider.credentialsOf('ann'), annBefore);
  assert.notEqual(provider.credentialsOf('bob'), bobBefore);
  assert.equal(provider.credentialsOf('carl'), undefined);
  assert.equal(await outcomeOf(login('bob', 'secret')), 'refuse');
  assert.equal(await outcomeOf(login('bob', 'other')), 'accept');
  assert.equal(await outcomeOf(login('dora', 'secret')), 'accept');
  assert.equal(await outcomeOf(login('carl', 'secret')), 'unknown');
});

test('a user who is removed and comes back has other credentials than before', async () => {
  const { provider, file } = await open(`ann:${SECRET.argon2id}\n`);
  const before = provider.credentialsOf('ann');
  writeFileSync(file, '');
  await provider.reload();
  writeFileSync(file, `ann:${SECRET.argon2id}\n`);
  await provider.reload();
  assert.notEqual(provider.credentialsOf('ann'), before);
});

test('a file that cannot be used is refused at the start, and a reload goes on with what it had', async () => {
  await assert.rejects(open('ann:hunter2\n'), /passwords:1: the password is not hashed in a form that is known/);
  const { provider, login, file } = await open(EVERY_FORM);
  writeFileSync(file, 'ann\n');
  await assert.rejects(provider.reload(), /passwords:1: the line is not written like user:hash/);
  assert.equal(await outcomeOf(login('argon2id', 'secret')), 'accept');
  rmSync(file);
  await assert.rejects(provider.reload(), /passwords cannot be read \(ENOENT\): there is no such file/);
  assert.equal(await outcomeOf(login('argon2id', 'secret')), 'accept');
  await assert.rejects(open(EVERY_FORM, { argon2: { ...COST, memory: 2 } }), RangeError);
});

test('a password that is changed while it is checked lets nobody in with the old one', async () => {
  const gate = new HashingGate({ concurrency: 1 });
  const { provider, login, file } = await open(EVERY_FORM, { gate });
  let goOn = () => {};
  void gate.run('other', () => new Promise<void>((resolve) => (goOn = resolve)));
  const verdict = login('argon2id', 'secret');
  writeFileSync(file, `argon2id:${await hashArgon2id(bytes('other'), COST, nodeHashFunctions)}\n`);
  await provider.reload();
  goOn();
  const { outcome, reason } = (await verdict) as { outcome: string; reason?: string };
  assert.deepEqual([outcome, reason], ['refuse', 'the credentials of the user were changed during the login']);
});

test('a file that everybody can read is warned of once', async () => {
  const file = newFile(EVERY_FORM, 0o644);
  const warnings: string[] = [];
  const provider = await PasswordFileProvider.open({ file, argon2: COST, warn: (message) => warnings.push(message) });
  await provider.reload();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /can be read by every user of this machine \(mode 0644\)/);
});

/** One exchange with the provider; the verdict on its last message, and whether the server proved itself. */
async function scram(
  provider: PasswordFileProvider,
  login: { username: string; password: string },
  parts: Partial<Parameters<typeof loginRequest>[1]> = {},
) {
  const client = new ScramClient(login);
  const step = (data: Uint8Array, exchange?: unknown) =>
    provider.authenticate(loginRequest({}, { method: 'SCRAM-SHA-256', data, exchange, ...parts }), never);
  const first = await step(client.first());
  if (first.outcome !== 'continue') return { verdict: first, first: '', isServer: false };
  const verdict = await step(client.final(first.data!), first.exchange);
  const isServer = verdict.outcome === 'accept' && client.isServer(verdict.data!);
  return { verdict, first: new TextDecoder().decode(first.data), isServer };
}

test('a user with a SCRAM line logs in without sending the password, and sees that the server knows it', async () => {
  const { provider } = await open(EVERY_FORM);
  const { verdict, isServer } = await scram(provider, { username: 'scram', password: 'secret' });
  assert.deepEqual([verdict.outcome, (verdict as { username?: string }).username, isServer], ['accept', 'scram', true]);
  const wrong = await scram(provider, { username: 'scram', password: 'wrong' });
  assert.deepEqual(wrong.verdict, { outcome: 'refuse', reason: 'the password is wrong' });
});

test('SCRAM answers for a name that nobody has, or that has no SCRAM line, look like those for a user', async () => {
  const { provider } = await open(EVERY_FORM);
  const shape = (first: string) => first.replace(/r=[^,]+/, 'r=').replace(/s=[A-Za-z0-9+/]{22}==/, 's=');
  const user = await scram(provider, { username: 'scram', password: 'wrong' });
  for (const username of ['nobody', 'argon2id']) {
    const [one, again] = [
      await scram(provider, { username, password: 'secret' }),
      await scram(provider, { username, password: 'secret' }),
    ];
    assert.equal(shape(one.first), shape(user.first));
    assert.equal(one.first.split(',')[1], again.first.split(',')[1], 'the same salt each time');
    assert.equal(one.verdict.outcome, user.verdict.outcome);
  }
  const salts = await Promise.all(
    ['a', 'b', 'c'].map(async (username) => (await scram(provider, { username, password: 'x' })).first.split(',')[1]),
  );
  assert.equal(new Set(salts).size, 3);
});

test('the salt of a name that nobody has stays over a restart where the secret does', async () => {
  const saltOf = async (secret: Uint8Array) => {
    const { provider } = await open(EVERY_FORM, { secret });
    return (await scram(provider, { username: 'nobody', password: 'x' })).first.split(',')[1];
  };
  const secret = new Uint8Array(32).fill(7);
  assert.equal(await saltOf(secret), await saltOf(secret));
  assert.notEqual(await saltOf(secret), await saltOf(new Uint8Array(32)));
});

test('a client that authenticates again stays the user it is', async () => {
  const { provider } = await open(`${EVERY_FORM}bob:${SECRET.scram}\n`);
  const again = { reauthentication: true, username: 'scram' };
  const same = await scram(provider, { username: 'scram', password: 'secret' }, again);
  assert.equal(same.verdict.outcome, 'accept');
  const { verdict } = await scram(provider, { username: 'bob', password: 'secret' }, again);
  assert.deepEqual(verdict, {
    outcome: 'refuse',
    reason: 'a client may not become another user by authenticating again',
  });
  const nobody = await scram(provider, { username: 'scram', password: 'secret' }, { reauthentication: true });
  assert.equal(nobody.verdict.outcome, 'refuse');
});

test('a user name beside SCRAM, or a user to act as, has to be the one that logs in', async () => {
  const { provider } = await open(EVERY_FORM);
  const login = { username: 'scram', password: 'secret' };
  assert.equal((await scram(provider, login, { username: 'scram' })).verdict.outcome, 'accept');
  assert.equal((await scram(provider, login, { username: 'argon2id' })).verdict.outcome, 'refuse');
  for (const [gs2Header, outcome] of [
    ['n,a=scram,', 'accept'],
    ['n,a=argon2id,', 'refuse'],
    ['p=tls-exporter,,', 'refuse'],
  ] as const) {
    const { verdict } = await scram(provider, { ...login, gs2Header } as typeof login);
    assert.equal(verdict.outcome, outcome, gs2Header);
  }
});

test('credentials that change in the middle of a SCRAM exchange end it', async () => {
  const { provider, file } = await open(EVERY_FORM);
  const client = new ScramClient({ username: 'scram', password: 'secret' });
  const request = (data: Uint8Array, exchange?: unknown) =>
    loginRequest({}, { method: 'SCRAM-SHA-256', data, exchange });
  const first = await provider.authenticate(request(client.first()), never);
  assert.ok(first.outcome === 'continue');
  writeFileSync(file, `scram:${(await createScramVerifier(bytes('secret'), nodeHashFunctions, 10)).text}\n`);
  await provider.reload();
  const { outcome } = await provider.authenticate(request(client.final(first.data!), first.exchange), never);
  assert.equal(outcome, 'refuse');
});

test('messages that are no SCRAM, and exchanges of somebody else, are refused', async () => {
  const { provider } = await open(EVERY_FORM);
  const step = (data: Uint8Array | undefined, exchange?: unknown) =>
    provider.authenticate(loginRequest({}, { method: 'SCRAM-SHA-256', data, exchange }), never);
  assert.equal((await step(undefined)).outcome, 'refuse');
  assert.equal((await step(bytes('nonsense'))).outcome, 'refuse');
  assert.equal((await step(bytes('c=biws,r=x,p=x'), { forged: true })).outcome, 'refuse');
});

test('a password of a user with both lines is checked against its password hash', async () => {
  const scramOfOther = (await createScramVerifier(bytes('other'), nodeHashFunctions, 10)).text;
  const { provider, login } = await open(`ann:${SECRET.argon2id}\nann:${scramOfOther}\n`);
  assert.equal(await outcomeOf(login('ann', 'secret')), 'accept');
  assert.equal(await outcomeOf(login('ann', 'other')), 'refuse');
  assert.equal((await scram(provider, { username: 'ann', password: 'other' })).verdict.outcome, 'accept');
});
