import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_ARGON2_COST, nodeHashFunctions, PasswordFile } from '../packages/broker/src/auth/passwords/index.ts';
import { CROWD, NEWCOMERS, PASSWORD, passwordFile } from './users.ts';

test('the file has all users with the same password, newcomers as the broker itself would write them', async () => {
  const file = await PasswordFile.parse(passwordFile('argon2id'), 'passwords');
  assert.equal(file.usernames.length, CROWD.count + NEWCOMERS.count);
  const [known, fresh] = [file.user('user-9999')?.password, file.user('new-0')?.password];
  for (const hash of [known, fresh]) {
    assert.equal(await hash?.verify(Buffer.from(PASSWORD), nodeHashFunctions), true);
    assert.equal(await hash?.verify(Buffer.from('another'), nodeHashFunctions), false);
  }
  assert.equal(known?.kind, 'mosquitto-pbkdf2');
  assert.equal(fresh?.kind, 'argon2id');
  assert.ok(fresh?.costs(DEFAULT_ARGON2_COST));
});

test('a broker that knows no argon2id gets a file without it', () => {
  assert.ok(!passwordFile('pbkdf2').includes('argon2id'));
});
