import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { changePasswordFile, modeWarning, readPasswordFile } from './file-access.ts';
import { PasswordFileError } from './password-file.ts';

const root = mkdtempSync(join(tmpdir(), 'cauldron-password-file-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

/** A path in a folder of its own, with this text unless there is to be no file. */
function newFile(text?: string, mode = 0o600): string {
  const folder = join(root, `${++folders}`);
  mkdirSync(folder);
  const path = join(folder, 'passwords');
  if (text !== undefined) writeFileSync(path, text, { mode });
  return path;
}

const filesBeside = (path: string): string[] => readdirSync(join(path, '..'));
const modeOf = (path: string): number => statSync(path).mode & 0o7777;

test('a new file can be read by its owner alone, and nothing else is left beside it', async () => {
  const path = newFile();
  await changePasswordFile(path, (content) => (content === undefined ? 'new\n' : undefined));
  assert.deepEqual([readFileSync(path, 'utf8'), modeOf(path), filesBeside(path)], ['new\n', 0o600, ['passwords']]);
});

test('a changed file is another file with the mode and owner of the old one', async () => {
  const path = newFile('old\n');
  chmodSync(path, 0o640);
  // Only root may give files away; anybody may keep his own.
  if (process.getuid?.() === 0) chownSync(path, 12_345, 12_346);
  const before = statSync(path);
  await changePasswordFile(path, ({ text } = assert.fail()) => `${text}more\n`);
  const now = statSync(path);
  assert.deepEqual([now.mode, now.uid, now.gid], [before.mode, before.uid, before.gid]);
  // A reader of the old one goes on reading all of it.
  assert.notEqual(now.ino, before.ino);
  assert.equal(readFileSync(path, 'utf8'), 'old\nmore\n');
});

test('a file that is not to be changed is not written', async () => {
  const path = newFile('old\n');
  const before = statSync(path, { bigint: true });
  await changePasswordFile(path, () => undefined);
  const now = statSync(path, { bigint: true });
  assert.deepEqual([now.ino, now.mtimeNs, filesBeside(path)], [before.ino, before.mtimeNs, ['passwords']]);
});

test('a link stays a link, and the file it leads to is changed', async () => {
  const path = newFile('old\n');
  const link = join(path, '..', 'link');
  symlinkSync('passwords', link);
  await changePasswordFile(link, () => 'new\n');
  assert.equal(lstatSync(link).isSymbolicLink(), true);
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('what an editor that knows of no lock writes meanwhile is read again, not overwritten', async () => {
  const path = newFile('old\n');
  let calls = 0;
  await changePasswordFile(path, ({ text } = assert.fail()) => {
    if (++calls === 1) writeFileSync(path, 'edited\n');
    return `${text}ours\n`;
  });
  assert.deepEqual([readFileSync(path, 'utf8'), calls], ['edited\nours\n', 2]);
});

test('a file that is deleted meanwhile is not brought back with what it held', async () => {
  const path = newFile('old\n');
  await changePasswordFile(path, (content) => {
    if (content === undefined) return undefined;
    rmSync(path);
    return `${content.text}ours\n`;
  });
  assert.equal(existsSync(path), false);
});

test('a file that somebody changes again and again is given up, saying so', async () => {
  const path = newFile('old\n');
  let calls = 0;
  const change = changePasswordFile(path, () => {
    writeFileSync(path, `edited ${++calls}\n`);
    return 'ours\n';
  });
  await assert.rejects(change, /was changed by somebody else again and again; try once more/);
  assert.deepEqual([readFileSync(path, 'utf8'), filesBeside(path)], ['edited 5\n', ['passwords']]);
});

test('twenty changes at the same time all come about', async () => {
  const path = newFile('');
  const change = (name: string) => changePasswordFile(path, ({ text } = assert.fail()) => `${text}${name}\n`);
  const names = Array.from({ length: 20 }, (_, index) => `u${index}`);
  await Promise.all(names.map(change));
  assert.deepEqual(readFileSync(path, 'utf8').trim().split('\n').sort(), [...names].sort());
  assert.deepEqual(filesBeside(path), ['passwords']);
});

test('a change that fails leaves the file and no lock', async () => {
  const path = newFile('old\n');
  const change = changePasswordFile(path, () => {
    throw new Error('no');
  });
  await assert.rejects(change, /^Error: no$/);
  assert.deepEqual([readFileSync(path, 'utf8'), filesBeside(path)], ['old\n', ['passwords']]);
});

test('the lock of a process that is gone, and one that is old, hold nobody up', async () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const path = newFile('old\n');
  writeFileSync(`${path}.lock`, `${gone}\n`);
  writeFileSync(`${path}.new`, 'left behind');
  await changePasswordFile(path, () => 'new\n');
  writeFileSync(`${path}.lock`, `${process.pid}\n`);
  utimesSync(`${path}.lock`, new Date(0), new Date(0));
  await changePasswordFile(path, () => 'newer\n');
  assert.deepEqual([readFileSync(path, 'utf8'), filesBeside(path)], ['newer\n', ['passwords']]);
});

test('where a file cannot be read or written, the error says why and what to do', async () => {
  const missing = newFile();
  await assert.rejects(readPasswordFile(missing), (error) => {
    assert.ok(error instanceof PasswordFileError);
    assert.match(
      error.message,
      /passwords cannot be read \(ENOENT\): there is no such file or folder; "cauldron passwd -c FILE USER"/,
    );
    return true;
  });
  await assert.rejects(readPasswordFile(join(missing, '..')), /is not a file; name the file with the passwords/);
  const nowhere = join(missing, '..', 'none', 'passwords');
  await assert.rejects(
    changePasswordFile(nowhere, () => 'x'),
    /passwords cannot be written \(ENOENT\): there is no such file or folder/,
  );
});

test('a file that everybody can read is warned of, with the command that mends it', () => {
  assert.match(modeWarning('p', 0o644)!, /^p can be read by every user of this machine \(mode 0644\); "chmod 0600 p"/);
  for (const mode of [0o600, 0o640, 0o400, 0o660]) assert.equal(modeWarning('p', mode), undefined);
});
