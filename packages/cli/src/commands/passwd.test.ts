import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, test } from 'node:test';
import { run } from '../main.ts';

const root = mkdtempSync(join(tmpdir(), 'cauldron-passwd-command-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

function newFolder(): string {
  const folder = join(root, `${++folders}`);
  mkdirSync(folder);
  return folder;
}

/** A file of mosquitto_passwd: ann's password is "secret". */
const MOSQUITTO =
  'ann:$7$101$V+7ytMXNxclkjkkC$Q7yVwpKfWuZQw01pkb2T+ZqtTfQV3YfB/64PYQy8L5frzuLyW3IuaidlC31cP+Lorwjrj1/7fbROyysJr3hgDw==\n';

function newFile(text: string, mode = 0o600): string {
  const path = join(newFolder(), 'passwords');
  writeFileSync(path, text, { mode });
  return path;
}

/** A terminal on which a test types; it records whether it shows what is typed. */
class FakeTerminal extends PassThrough {
  readonly isTTY = true;
  readonly rawModes: boolean[] = [];

  setRawMode(raw: boolean): void {
    this.rawModes.push(raw);
  }
}

/** `cauldron passwd ...` with this standard input. */
async function passwd(
  args: readonly string[],
  stdin: string | NodeJS.ReadableStream = '',
  env: NodeJS.ProcessEnv = {},
) {
  const output = { stdout: '', stderr: '' };
  const code = await run(['passwd', ...args], {
    stdout: new PassThrough().on('data', (chunk) => (output.stdout += chunk)),
    stderr: new PassThrough().on('data', (chunk) => (output.stderr += chunk)),
    stdin: typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin,
    env,
    onSignal: () => () => {},
  });
  await new Promise(setImmediate);
  return { code, ...output };
}

const isRight = async (file: string, user: string, password: string): Promise<boolean> =>
  (await passwd(['--check', file, user], password)).code === 0;

test('-c begins a private file with one argon2id line; then users are added, changed and removed', async () => {
  const file = join(newFolder(), 'passwords');
  assert.deepEqual(await passwd(['-c', file, 'ann'], 'pass word\n'), {
    code: 0,
    stdout: `${file}: ann was added\n`,
    stderr: '',
  });
  assert.match(readFileSync(file, 'utf8'), /^ann:\$argon2id\$v=19\$m=19456,t=2,p=1\$\S+\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await passwd([file, 'bob'], 'other')).stdout, `${file}: bob was added\n`);
  assert.equal((await passwd([file, 'ann'], 'new')).stdout, `${file}: ann has a new password\n`);
  assert.deepEqual(
    [await isRight(file, 'ann', 'new'), await isRight(file, 'ann', 'pass word'), await isRight(file, 'bob', 'other')],
    [true, false, true],
  );
  assert.deepEqual(await passwd(['-D', file, 'ann']), { code: 0, stdout: `${file}: ann was removed\n`, stderr: '' });
  assert.equal((await passwd(['--list', file])).stdout, 'bob\targon2id m=19456,t=2,p=1\n');
});

test('-c does not overwrite a file, and without it none is begun', async () => {
  const file = newFile(MOSQUITTO);
  const { code, stderr } = await passwd(['-c', file, 'bob'], 'x');
  assert.deepEqual(
    [code, stderr],
    [1, `cauldron passwd: ${file} is there already; leave -c away to add to it, or delete it to begin anew\n`],
  );
  assert.equal(readFileSync(file, 'utf8'), MOSQUITTO);
  const missing = join(newFolder(), 'none');
  const other = await passwd([missing, 'bob'], 'x');
  assert.equal(other.code, 1);
  assert.match(other.stderr, /there is no .*none; look at its name, or begin a new file with "cauldron passwd -c"/);
});

test('--scram stores a SCRAM line too, which follows later changes of the password', async () => {
  const file = join(newFolder(), 'passwords');
  await passwd(['-c', '--scram', '--scram-iterations', '5000', file, 'ann'], 'one');
  assert.equal(
    (await passwd(['--list', file])).stdout,
    'ann\targon2id m=19456,t=2,p=1, SCRAM-SHA-256 (5000 iterations)\n',
  );
  await passwd([file, 'ann'], 'two');
  assert.equal(
    (await passwd(['--list', file])).stdout,
    'ann\targon2id m=19456,t=2,p=1, SCRAM-SHA-256 (5000 iterations)\n',
  );
  // Both lines are checked.
  assert.deepEqual([await isRight(file, 'ann', 'two'), await isRight(file, 'ann', 'one')], [true, false]);
  await passwd([file, 'bob'], 'x');
  assert.match((await passwd(['--list', file])).stdout, /^bob\targon2id m=19456,t=2,p=1$/m);
});

test("mosquitto_passwd's files are listed, checked and changed as they are", async () => {
  const file = newFile(`# staff\n${MOSQUITTO}`);
  assert.equal((await passwd(['--list', file])).stdout, "ann\tmosquitto's $7$ (PBKDF2-SHA512, 101 iterations)\n");
  assert.deepEqual(await passwd(['--check', file, 'ann'], 'secret'), {
    code: 0,
    stdout: `${file}: the password of ann is right\n`,
    stderr: '',
  });
  assert.deepEqual(await passwd(['--check', file, 'ann'], 'wrong'), {
    code: 1,
    stdout: '',
    stderr: 'cauldron passwd: the password of ann is wrong\n',
  });
  await passwd([file, 'bob'], 'x');
  assert.match(readFileSync(file, 'utf8'), /^# staff\nann:\$7\$101\$\S+\nbob:\$argon2id\$\S+\n$/);
});

test('-U hashes what is plain, leaves what is hashed, and can be run again', async () => {
  const file = newFile(`# staff\nbob:pa:ss word\n${MOSQUITTO}carl:x\n`);
  assert.deepEqual(await passwd(['-U', file]), {
    code: 0,
    stdout: `${file}: 2 plain passwords were hashed\n`,
    stderr: '',
  });
  const text = readFileSync(file, 'utf8');
  assert.match(text, /^# staff\nbob:\$argon2id\$\S+\nann:\$7\$\S+\ncarl:\$argon2id\$\S+\n$/);
  assert.deepEqual([await isRight(file, 'bob', 'pa:ss word'), await isRight(file, 'carl', 'x')], [true, true]);
  const again = await passwd(['-U', file]);
  assert.deepEqual([again.code, readFileSync(file, 'utf8')], [0, text]);
  assert.match(again.stdout, /no plain passwords; hashes of mosquitto_passwd are upgraded when their users log in/);
});

test('a password can come from a file, an environment variable or standard input, and never from an argument', async () => {
  const file = join(newFolder(), 'passwords');
  const secret = newFile('from a file\r\nnot this\n');
  await passwd(['-c', file, 'ann', '--password-file', secret]);
  await passwd([file, 'bob', '--password-env', 'SECRET'], '', { SECRET: 'from the environment' });
  await passwd([file, 'carl', '--password-file', '-'], 'from standard input\nnot this');
  assert.deepEqual(
    await Promise.all([
      isRight(file, 'ann', 'from a file'),
      isRight(file, 'bob', 'from the environment'),
      isRight(file, 'carl', 'from standard input'),
    ]),
    [true, true, true],
  );
  const before = readFileSync(file, 'utf8');
  for (const args of [
    [file, 'dora', 'hunter2'],
    ['-b', file, 'dora', 'hunter2'],
  ]) {
    const { code, stdout, stderr } = await passwd(args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /can be seen by every user of the machine, so it is not taken; pipe it to standard input/);
    assert.ok(!stderr.includes('hunter2'));
  }
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('on a terminal the password is asked for twice, and not shown', async () => {
  const file = join(newFolder(), 'passwords');
  const terminal = new FakeTerminal();
  // Typed with corrections: a backspace over a character of two bytes, and Ctrl-U.
  terminal.write('nonsense\u0015secr\u00e4\u007fet\r');
  setTimeout(() => terminal.write('secret\r'), 20);
  const { code, stdout, stderr } = await passwd(['-c', file, 'ann'], terminal);
  assert.deepEqual([code, stdout], [0, `${file}: ann was added\n`]);
  assert.equal(stderr, 'Password of ann: \nThe same again: \n');
  assert.deepEqual(terminal.rawModes, [true, false, true, false]);
  assert.equal(await isRight(file, 'ann', 'secret'), true);
});

test('what is typed ahead or pasted in one piece answers both questions', async () => {
  const file = join(newFolder(), 'passwords');
  const terminal = new FakeTerminal();
  terminal.write('secret\rsecret\r');
  assert.equal((await passwd(['-c', file, 'ann'], terminal)).code, 0);
  assert.equal(await isRight(file, 'ann', 'secret'), true);
});

for (const [typed, says] of [
  ['secret\rother\r', /the two passwords differ; nothing was changed/],
  ['sec\u0003', /interrupted; nothing was changed/],
  ['\r\r', /the password is empty/],
] as const) {
  test(`on a terminal nothing is changed where ${says.source}`, async () => {
    const file = newFile(MOSQUITTO);
    const terminal = new FakeTerminal();
    terminal.write(typed);
    const { code, stderr } = await passwd([file, 'ann'], terminal);
    assert.equal(code, 1);
    assert.match(stderr, says);
    assert.equal(terminal.rawModes.at(-1), false);
    assert.equal(readFileSync(file, 'utf8'), MOSQUITTO);
  });
}

test('what cannot be a password is refused', async () => {
  const file = newFile(MOSQUITTO);
  for (const [input, says] of [
    ['', /the password is empty/],
    ['\nx', /the password is empty/],
    ['a\u0000b', /holds a zero byte/],
    ['x'.repeat(5000), /longer than 4096 bytes/],
  ] as const) {
    const { code, stderr } = await passwd([file, 'ann'], input);
    assert.equal(code, 1);
    assert.match(stderr, says);
  }
  assert.equal(readFileSync(file, 'utf8'), MOSQUITTO);
});

test('a user that is not there can neither be removed nor checked', async () => {
  const file = newFile(MOSQUITTO);
  for (const action of ['-D', '--check']) {
    const { code, stderr } = await passwd([action, file, 'bob'], 'x');
    assert.equal(code, 1);
    assert.match(stderr, /passwords has no user "bob"; "cauldron passwd --list .*passwords" shows who is there/);
  }
});

test('a file that everybody can read, and one with a broken line, are told of', async () => {
  const open = newFile(MOSQUITTO, 0o644);
  const listed = await passwd(['--list', open]);
  assert.equal(listed.code, 0);
  assert.match(listed.stderr, /^cauldron passwd: warning: .* can be read by every user of this machine \(mode 0644\)/);
  const broken = newFile(`${MOSQUITTO}bob:hunter2\n`);
  for (const args of [
    ['--list', broken],
    [broken, 'ann'],
    ['-D', broken, 'ann'],
  ]) {
    const { code, stderr } = await passwd(args, 'x');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /passwords:2: the password is not hashed in a form that is known; "cauldron passwd --upgrade /,
    );
    assert.ok(!stderr.includes('hunter2'));
  }
});

for (const [args, says] of [
  [[], /name the password file/],
  [['passwords'], /name the user behind passwords/],
  [['-D', 'passwords'], /name the user behind passwords/],
  [['--list', 'passwords', 'ann'], /only the file is needed/],
  [['-D', '--list', 'passwords'], /--delete and --list do not go together/],
  [['-c', '-D', 'passwords', 'ann'], /--create sets a password, which --delete does not do/],
  [['--scram', '--check', 'passwords', 'ann'], /--scram sets a password, which --check does not do/],
  [['passwords', 'a:b'], /must not hold a colon/],
  [['--scram-iterations', '10', 'passwords', 'ann'], /--scram-iterations must be a whole number from 4096/],
] as const) {
  test(`a call that makes no sense says why and ends with 2: passwd ${args.join(' ')}`, async () => {
    const { code, stderr } = await passwd(args);
    assert.equal(code, 2);
    assert.match(stderr, says);
  });
}

test('a password source that is not there, or two at once, are told of', async () => {
  const file = newFile(MOSQUITTO);
  const environment = await passwd([file, 'ann', '--password-env', 'NOT_SET']);
  assert.deepEqual([environment.code, /no environment variable NOT_SET/.test(environment.stderr)], [2, true]);
  const missing = await passwd([file, 'ann', '--password-file', join(root, 'none')]);
  assert.deepEqual([missing.code, /the password cannot be read from .*none/.test(missing.stderr)], [1, true]);
  const both = await passwd([file, 'ann', '--password-file', 'a', '--password-env', 'b']);
  assert.deepEqual([both.code, /do not go together/.test(both.stderr)], [2, true]);
});
