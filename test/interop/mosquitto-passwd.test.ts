// Password files of the real mosquitto_passwd: read as they are, and upgraded when their users log in.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PasswordFileProvider } from '@cauldron/broker/passwords';
import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/core';
import { startBroker } from '../support/broker.ts';
import { CAULDRON, CommandLine, mosquitto } from '../support/command-line.ts';
import { startProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { findTool } from '../support/tools.ts';

const BAD_CREDENTIALS = 0x86;

/** Runs a program that has to end with 0. */
async function done(t: TestContext, command: string, args: readonly string[], input = ''): Promise<string> {
  const started = startProcess(t, command, args, { input });
  const { code } = await started.waitForExit();
  assert.equal(code, 0, started.stderr);
  return started.stdout;
}

const mosquittoPasswd = (t: TestContext, ...args: string[]): Promise<string> =>
  done(t, findTool('mosquitto_passwd'), args);

const passwd = (t: TestContext, args: readonly string[], input = ''): Promise<string> =>
  done(t, process.execPath, [CAULDRON, 'passwd', ...args], input);

/** A broker that asks the provider alone. */
async function brokerFor(t: TestContext, provider: PasswordFileProvider): Promise<CommandLine> {
  const authenticate = async (request: AuthenticationRequest): Promise<AuthenticationResult> => {
    const verdict = await provider.authenticate(request, AbortSignal.timeout(10_000));
    if (verdict.outcome === 'accept') return { outcome: 'accept' };
    return { outcome: 'refuse', reasonCode: BAD_CREDENTIALS };
  };
  const { port } = await startBroker(t, {}, { authenticator: { authenticate } });
  return new CommandLine(t, mosquitto, port);
}

test("users of mosquitto_passwd's files log in with mosquitto's client, and have argon2id hashes from then on", async (t) => {
  const file = join(tempDir(t), 'passwords');
  await mosquittoPasswd(t, '-c', '-b', file, 'ann', 'pass word');
  await mosquittoPasswd(t, '-H', 'sha512', '-b', file, 'bob', 'gr\u00fc\u00dfe');
  const before = readFileSync(file, 'utf8');
  assert.match(before, /^ann:\$7\$\S+\nbob:\$6\$\S+\n$/);
  const provider = await PasswordFileProvider.open({ file, upgradeDelay: 0 });
  const client = await brokerFor(t, provider);
  const login = async (user: string, password: string) =>
    (await client.tryPub(['-t', 'a', '-m', 'x', '-u', user, '-P', password])).code === 0;

  assert.deepEqual(
    [await login('ann', 'wrong'), await login('bob', 'wrong'), await login('carl', 'x')],
    [false, false, false],
  );
  await provider.settled();
  assert.equal(readFileSync(file, 'utf8'), before);

  assert.deepEqual([await login('ann', 'pass word'), await login('bob', 'gr\u00fc\u00dfe')], [true, true]);
  await provider.settled();
  assert.match(readFileSync(file, 'utf8'), /^ann:\$argon2id\$\S+\nbob:\$argon2id\$\S+\n$/);
  await provider.reload();
  assert.deepEqual([await login('ann', 'pass word'), await login('bob', 'gr\u00fc\u00dfe')], [true, true]);
  assert.deepEqual([await login('ann', 'wrong'), await login('bob', 'wrong')], [false, false]);
});

test('cauldron passwd --check agrees with mosquitto_passwd on what of a plain line is the password', async (t) => {
  const folder = tempDir(t);
  const [theirs, ours] = [join(folder, 'theirs'), join(folder, 'ours')];
  const plain = 'ann:pass word\nbob: both ends \t\n';
  writeFileSync(theirs, plain, { mode: 0o600 });
  writeFileSync(ours, plain, { mode: 0o600 });
  await mosquittoPasswd(t, '-U', theirs);
  await passwd(t, ['-U', ours]);
  for (const file of [theirs, ours]) {
    await passwd(t, ['--check', file, 'ann'], 'pass word');
    await passwd(t, ['--check', file, 'bob'], 'both ends');
  }
});

test('a user can be added to, changed in and removed from a file by either tool', async (t) => {
  const file = join(tempDir(t), 'passwords');
  await mosquittoPasswd(t, '-c', '-b', file, 'ann', 'one');
  await passwd(t, [file, 'bob'], 'two');
  await mosquittoPasswd(t, '-b', file, 'carl', 'three');
  await mosquittoPasswd(t, '-D', file, 'ann');
  await passwd(t, ['--check', file, 'bob'], 'two');
  await passwd(t, ['--check', file, 'carl'], 'three');
  await passwd(t, ['-D', file, 'carl']);
  assert.equal(await passwd(t, ['--list', file]), 'bob\targon2id m=19456,t=2,p=1\n');
});
