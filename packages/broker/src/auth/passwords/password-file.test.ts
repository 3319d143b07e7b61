import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHash } from './formats.ts';
import { PasswordFile, PasswordFileError, readPlainLines } from './password-file.ts';

const ARGON = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
const SHA512 = `$6$TWfkdBxNOfh2t5G4$${'A'.repeat(86)}==`;
const KEY = `${'A'.repeat(43)}=`;
const SCRAM = `SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$${KEY}:${KEY}`;

const parse = (text: string): Promise<PasswordFile> => PasswordFile.parse(text, 'passwords');

test('users, comments, blank lines and a second line for SCRAM are read', async () => {
  const file = await parse(`# staff\n\nann:${ARGON}\n  bob : ${SHA512} \r\nann:${SCRAM}\n   \ncarl:${SCRAM}`);
  assert.deepEqual([file.usernames, file.size], [['ann', 'bob', 'carl'], 3]);
  const kinds = file.usernames.map((name) => {
    const user = file.user(name)!;
    return [user.password?.kind, user.scram?.iterations];
  });
  assert.deepEqual(kinds, [
    ['argon2id', 4096],
    ['mosquitto-sha512', undefined],
    [undefined, 4096],
  ]);
  assert.equal(file.user('Ann'), undefined);
  assert.equal(file.user('__proto__'), undefined);
});

test('an empty file, and one of comments, have no users', async () => {
  for (const text of ['', '\n\n', '# nobody yet', '\ufeff# nobody\r\n']) assert.equal((await parse(text)).size, 0);
});

test('changes leave comments, blank lines and the other lines as they were', async () => {
  const file = await parse(`# staff\nann:${SHA512}\n\n  bob : ${SHA512}\nann:${SCRAM}\n# end\n`);
  file.set('ann', parseHash(ARGON));
  file.set('dora', parseHash(ARGON));
  assert.equal(file.toString(), `# staff\nann:${ARGON}\n\n  bob : ${SHA512}\nann:${SCRAM}\n# end\ndora:${ARGON}\n`);
  assert.equal(file.remove('bob'), true);
  assert.equal(file.remove('bob'), false);
  assert.equal(file.unset('ann', 'scram'), true);
  assert.equal(file.toString(), `# staff\nann:${ARGON}\n\n# end\ndora:${ARGON}\n`);
  assert.deepEqual(
    [file.usernames, file.user('bob'), file.user('ann')!.scram],
    [['ann', 'dora'], undefined, undefined],
  );
  assert.equal((await parse(file.toString())).toString(), file.toString());
});

test('removing a user takes both of its lines away, and it can be added again', async () => {
  const file = await parse(`ann:${ARGON}\nann:${SCRAM}\n`);
  assert.equal(file.remove('ann'), true);
  assert.equal(file.toString(), '');
  file.set('ann', parseHash(SCRAM));
  assert.equal(file.toString(), `ann:${SCRAM}\n`);
});

test('a name that cannot stand in a file is not written', async () => {
  const file = await parse('');
  for (const name of ['', 'a:b', 'a\nb', 'a\u0000', ' ann', 'ann ', '#ann', 'a\u0085', 'x'.repeat(70_000)]) {
    assert.throws(() => file.set(name, parseHash(ARGON)), PasswordFileError, JSON.stringify(name.slice(0, 10)));
  }
  for (const name of ['a b', '\u00e4\u4f60', 'x#', '*', '%u', "o'neill"]) file.set(name, parseHash(ARGON));
  assert.equal((await parse(file.toString())).size, 6);
});

const BROKEN: readonly [text: string, says: string][] = [
  [
    'ann:hunter2',
    'passwords:1: the password is not hashed in a form that is known; "cauldron passwd --upgrade passwords" hashes plain passwords',
  ],
  [`# x\n\nann:${ARGON}\nhunter2`, 'passwords:4: the line is not written like user:hash'],
  [`ann:${ARGON}x!`, 'passwords:1: the hash is not base64'],
  [`:${ARGON}`, 'passwords:1: a user name must not be empty'],
  [`hunter2\u0007:${ARGON}`, 'passwords:1: a user name must not hold control characters'],
  [
    `ann:${ARGON}\nbob:${ARGON}\nann:${SHA512}`,
    'passwords:3: the user of line 1 has a password there already; delete one of the two lines',
  ],
  [
    `ann:${SCRAM}\nann:${SCRAM}`,
    'passwords:2: the user of line 1 has a SCRAM verifier there already; delete one of the two lines',
  ],
  [`ann:$6$hunter2`, 'passwords:1: the salt is not base64'],
  [`${'hunter2'.repeat(20_000)}:x`, 'passwords:1: the line is longer than 66559 characters'],
];
for (const [text, message] of BROKEN) {
  test(`what cannot be used is named by its line, and not shown: ${message}`, async () => {
    await assert.rejects(parse(text), (error) => {
      assert.ok(error instanceof PasswordFileError, String(error));
      assert.equal(error.message, message);
      return true;
    });
  });
}

test('a long file lets others have their turns while it is read', async () => {
  const text = Array.from({ length: 5000 }, (_, index) => `user${index}:${ARGON}\n`).join('');
  let turns = 0;
  let isReading = true;
  const count = () => {
    turns += 1;
    if (isReading) setImmediate(count);
  };
  setImmediate(count);
  const file = await parse(text);
  isReading = false;
  assert.equal(file.size, 5000);
  assert.ok(turns >= 8, `${turns} turns`);
});

test('plain lines are told from hashed ones; colons and spaces belong to a plain password', () => {
  const lines = readPlainLines(`# staff\nann:pa:ss word\nbob:${SHA512}\n`, 'plain');
  assert.deepEqual(
    lines.map(({ plain }) => plain),
    [undefined, { username: 'ann', password: 'pa:ss word' }, undefined],
  );
  assert.throws(() => readPlainLines('ann:', 'plain'), /^PasswordFileError: plain:1: the user has an empty password/);
  assert.throws(() => readPlainLines('ann', 'plain'), /plain:1: the line is not written like user:hash/);
  // Half a hash is more likely a broken line than somebody's password.
  assert.throws(() => readPlainLines('ann:$7$101$x', 'plain'), /plain:1: /);
});
