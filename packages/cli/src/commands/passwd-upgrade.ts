/** `cauldron passwd --upgrade`: a file of plain passwords becomes one of hashes. */
import {
  changePasswordFile,
  DEFAULT_ARGON2_COST,
  hashArgon2id,
  modeWarning,
  nodeHashFunctions,
  PasswordFileError,
  type PlainLine,
  readPasswordFile,
  readPlainLines,
} from '@cauldron/broker/passwords';
import type { Io } from '../command.ts';
import { exitCode } from '../exit-codes.ts';

/** Passwords hashed at the same time. */
const AT_ONCE = 2;

/** Hashes what is plain in a file, and says how much that was. @returns the exit code */
export async function hashPlainPasswords(file: string, io: Io): Promise<number> {
  const { text } = await readPasswordFile(file);
  const plain = readPlainLines(text, file).filter((line) => line.plain !== undefined);
  // Before the lock is taken: many passwords take minutes, and a lock is for a moment.
  const hashed = await hashAll(plain);
  await changePasswordFile(file, (content) => {
    if (content === undefined) throw new PasswordFileError(`${file} was deleted meanwhile; nothing was changed`);
    const warning = modeWarning(file, content.mode);
    if (warning !== undefined) io.stderr.write(`cauldron passwd: warning: ${warning}\n`);
    if (plain.length === 0) return undefined;
    return readPlainLines(content.text, file)
      .map((line) => `${(line.plain === undefined ? undefined : hashed.get(line.text)) ?? line.text}\n`)
      .join('');
  });
  const count = plain.length;
  io.stdout.write(
    count === 0
      ? `${file}: no plain passwords; hashes of mosquitto_passwd are upgraded when their users log in\n`
      : `${file}: ${count} plain ${count === 1 ? 'password was' : 'passwords were'} hashed\n`,
  );
  return exitCode.ok;
}

/** The new lines by the old ones. */
async function hashAll(lines: readonly PlainLine[]): Promise<Map<string, string>> {
  const hashed = new Map<string, string>();
  const queue = lines.values();
  const worker = async () => {
    for (const { text, plain } of queue) {
      const hash = await hashArgon2id(Buffer.from(plain!.password), DEFAULT_ARGON2_COST, nodeHashFunctions);
      hashed.set(text, `${plain!.username}:${hash}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return hashed;
}
