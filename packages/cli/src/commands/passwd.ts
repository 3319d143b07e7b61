import {
  changePasswordFile,
  createScramVerifier,
  DEFAULT_ARGON2_COST,
  DEFAULT_SCRAM_ITERATIONS,
  hashArgon2id,
  LEAST_SCRAM_ITERATIONS,
  MAX_ITERATIONS,
  modeWarning,
  nodeHashFunctions,
  PasswordFile,
  PasswordFileError,
  type PasswordHash,
  parseHash,
  readPasswordFile,
  type StoredUser,
  usernameProblem,
} from '@cauldron/broker/passwords';
import { type Command, type Flag, type Io, type Parsed, UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { isSet, numberOf } from '../values.ts';
import { type PasswordSource, readPassword } from './passwd-input.ts';
import { hashPlainPasswords } from './passwd-upgrade.ts';

const ACTIONS = 'What to do instead of setting a password';
const PASSWORD = 'Where the password comes from';

const flags: readonly Flag[] = [
  {
    long: 'create',
    short: 'c',
    help: 'Begin a new file, readable by its owner alone. A file that is there is not overwritten.',
  },
  {
    long: 'scram',
    help: 'Also store what SCRAM-SHA-256 needs, for clients that log in with MQTT 5 enhanced authentication and never send the password.',
  },
  {
    long: 'scram-iterations',
    value: 'N',
    help: `Iterations of the SCRAM line, which every client computes at each login: ${LEAST_SCRAM_ITERATIONS} for small devices, more against guessing from a stolen file. Default ${DEFAULT_SCRAM_ITERATIONS}.`,
  },
  { long: 'delete', short: 'D', group: ACTIONS, help: 'Remove the user.' },
  { long: 'list', short: 'l', group: ACTIONS, help: 'List the users, and in which form their passwords are stored.' },
  {
    long: 'check',
    group: ACTIONS,
    help: 'Say whether a password is the right one: exit code 0 if so, otherwise 1. Nothing is changed.',
  },
  {
    long: 'upgrade',
    short: 'U',
    group: ACTIONS,
    help: 'Hash the passwords of a file whose lines are user:password in plain text. Lines that are hashed already stay.',
  },
  {
    long: 'password-file',
    value: 'FILE',
    group: PASSWORD,
    help: 'Read the password from the first line of this file; "-" is standard input.',
  },
  {
    long: 'password-env',
    value: 'NAME',
    group: PASSWORD,
    help: 'Take the password from this environment variable.',
  },
  {
    long: 'batch',
    short: 'b',
    group: PASSWORD,
    help: "Refused: mosquitto_passwd's way of giving the password as an argument shows it to every user of the machine, in ps and in the shell's history.",
  },
];

/** `cauldron passwd`: users of a password file. */
export const passwd: Command = {
  name: 'passwd',
  summary: 'add, change, remove and check the users of a password file',
  usage: [
    'cauldron passwd [-c] [--scram] FILE USER',
    'cauldron passwd -D FILE USER',
    'cauldron passwd --check FILE USER',
    'cauldron passwd --list FILE',
    'cauldron passwd -U FILE',
  ],
  flags,
  examples: [
    {
      does: 'Begin a file with one user; the password is asked for twice',
      command: 'cauldron passwd -c passwords ann',
    },
    { does: 'Add a user, or give one a new password', command: 'cauldron passwd passwords bob' },
    {
      does: 'In a script: the password comes from standard input, never from an argument',
      command: 'printf %s "$SECRET" | cauldron passwd passwords sensor',
    },
    { does: 'Remove a user', command: 'cauldron passwd -D passwords bob' },
    { does: 'See who is in a file, one of mosquitto_passwd as well', command: 'cauldron passwd --list passwords' },
  ],
  run: async (parsed, io) => {
    refuseArgumentPasswords(parsed);
    try {
      return await act(parsed, io);
    } catch (error) {
      if (!(error instanceof PasswordFileError)) throw error;
      io.stderr.write(`cauldron passwd: ${error.message}\n`);
      return exitCode.failure;
    }
  },
};

function act(parsed: Parsed, io: Io): Promise<number> {
  const actions = (['delete', 'list', 'check', 'upgrade'] as const).filter((name) => isSet(parsed, name));
  if (actions.length > 1) throw new UsageError(`--${actions[0]} and --${actions[1]} do not go together`);
  const [action] = actions;
  for (const name of ['create', 'scram', 'scram-iterations']) {
    if (action !== undefined && parsed.values[name] !== undefined) {
      throw new UsageError(`--${name} sets a password, which --${action} does not do; leave one of them away`);
    }
  }
  const { file, user } = target(parsed, action !== 'list' && action !== 'upgrade');
  switch (action) {
    case 'delete':
      return removeUser(file, user, io);
    case 'list':
      return listUsers(file, io);
    case 'check':
      return checkPassword(file, user, parsed, io);
    case 'upgrade':
      return hashPlainPasswords(file, io);
    default:
      return setPassword(file, user, parsed, io);
  }
}

async function setPassword(file: string, user: string, parsed: Parsed, io: Io): Promise<number> {
  const creates = isSet(parsed, 'create');
  const wantsScram = isSet(parsed, 'scram') || parsed.values['scram-iterations'] !== undefined;
  const range = { min: LEAST_SCRAM_ITERATIONS, max: MAX_ITERATIONS };
  const wantedIterations = numberOf(parsed, 'scram-iterations', range);
  const problem = usernameProblem(user);
  if (problem !== undefined) throw new UsageError(problem);
  // Before anybody types a password for nothing.
  const before = await existing(file, creates);

  const password = await readPassword(sourceOf(parsed), { user, twice: true }, io);
  const hash = parseHash(await hashArgon2id(password, DEFAULT_ARGON2_COST, nodeHashFunctions));
  const oldScram = before?.user(user)?.scram;
  const iterations = wantedIterations ?? oldScram?.iterations ?? DEFAULT_SCRAM_ITERATIONS;
  const scram =
    wantsScram || oldScram !== undefined
      ? await createScramVerifier(password, nodeHashFunctions, iterations)
      : undefined;
  let isNew = true;
  await changePasswordFile(file, async (content) => {
    if (content === undefined && !creates) throw missing(file);
    if (content !== undefined && creates) throw inTheWay(file);
    if (content !== undefined) warnOfMode(file, content.mode, io);
    const users = await PasswordFile.parse(content?.text ?? '', file);
    isNew = users.user(user) === undefined;
    setLines(users, user, hash, scram);
    return users.toString();
  });
  io.stdout.write(`${file}: ${isNew ? `${user} was added` : `${user} has a new password`}\n`);
  return exitCode.ok;
}

/** The old password must not go on working through a line that was not replaced. */
function setLines(users: PasswordFile, user: string, hash: PasswordHash, scram: PasswordHash | undefined): void {
  users.set(user, hash);
  if (scram === undefined) users.unset(user, 'scram');
  else users.set(user, scram);
}

async function existing(file: string, creates: boolean): Promise<PasswordFile | undefined> {
  let users: PasswordFile | undefined;
  await changeNothing(file, async (text) => {
    if (text === undefined && !creates) throw missing(file);
    if (text !== undefined && creates) throw inTheWay(file);
    users = text === undefined ? undefined : await PasswordFile.parse(text, file);
  });
  return users;
}

const changeNothing = (file: string, look: (text: string | undefined) => Promise<void>): Promise<void> =>
  changePasswordFile(file, async (content) => {
    await look(content?.text);
    return undefined;
  });

const missing = (file: string) =>
  new PasswordFileError(`there is no ${file}; look at its name, or begin a new file with "cauldron passwd -c"`);

const inTheWay = (file: string) =>
  new PasswordFileError(`${file} is there already; leave -c away to add to it, or delete it to begin anew`);

async function removeUser(file: string, user: string, io: Io): Promise<number> {
  await changePasswordFile(file, async (content) => {
    if (content === undefined) throw missing(file);
    warnOfMode(file, content.mode, io);
    const users = await PasswordFile.parse(content.text, file);
    if (!users.remove(user)) throw nobody(file, user);
    return users.toString();
  });
  io.stdout.write(`${file}: ${user} was removed\n`);
  return exitCode.ok;
}

async function listUsers(file: string, io: Io): Promise<number> {
  const { text, mode } = await readPasswordFile(file);
  warnOfMode(file, mode, io);
  const users = await PasswordFile.parse(text, file);
  for (const username of users.usernames) io.stdout.write(`${username}\t${describe(users.user(username)!)}\n`);
  return exitCode.ok;
}

const describe = ({ password, scram }: StoredUser): string =>
  [password, scram].flatMap((hash) => hash?.description ?? []).join(', ');

async function checkPassword(file: string, user: string, parsed: Parsed, io: Io): Promise<number> {
  const { text } = await readPasswordFile(file);
  const stored = (await PasswordFile.parse(text, file)).user(user);
  if (stored === undefined) throw nobody(file, user);
  const password = await readPassword(sourceOf(parsed), { user, twice: false }, io);
  const hashes = [stored.password, stored.scram].filter((hash) => hash !== undefined);
  const answers = await Promise.all(hashes.map((hash) => hash.verify(password, nodeHashFunctions)));
  if (answers.every((isRight) => isRight)) {
    io.stdout.write(`${file}: the password of ${user} is right\n`);
    return exitCode.ok;
  }
  const wrong = hashes.filter((_, index) => answers[index] === false).map(({ description }) => description);
  const what = answers.some((isRight) => isRight)
    ? `is right for one of its lines, but wrong for ${wrong}`
    : 'is wrong';
  io.stderr.write(`cauldron passwd: the password of ${user} ${what}\n`);
  return exitCode.failure;
}

const nobody = (file: string, user: string) =>
  new PasswordFileError(
    `${file} has no user ${JSON.stringify(user)}; "cauldron passwd --list ${file}" shows who is there`,
  );

function warnOfMode(file: string, mode: number, io: Io): void {
  const warning = modeWarning(file, mode);
  if (warning !== undefined) io.stderr.write(`cauldron passwd: warning: ${warning}\n`);
}

/** FILE, and USER where there has to be one. @throws {UsageError} */
function target({ positionals }: Parsed, needsUser: boolean): { file: string; user: string } {
  const [file, user, ...rest] = positionals;
  if (file === undefined) throw new UsageError('name the password file, for example passwords');
  if (needsUser && user === undefined) throw new UsageError(`name the user behind ${file}`);
  if (!needsUser && user !== undefined) throw new UsageError('one argument too many: only the file is needed');
  if (rest.length > 0) throw argumentPassword();
  return { file, user: user ?? '' };
}

function refuseArgumentPasswords(parsed: Parsed): void {
  if (isSet(parsed, 'batch')) throw argumentPassword();
}

/** Does not repeat the arguments: one of them may be the password. */
const argumentPassword = () =>
  new UsageError(
    'a password given as an argument can be seen by every user of the machine, so it is not taken; pipe it to standard input, or use --password-file or --password-env',
  );

function sourceOf({ values }: Parsed): PasswordSource {
  const { 'password-file': file, 'password-env': name } = values;
  if (file !== undefined && name !== undefined) {
    throw new UsageError('--password-file and --password-env do not go together');
  }
  if (typeof file === 'string' && file !== '-') return { from: 'file', file };
  if (typeof name === 'string') return { from: 'environment', name };
  return { from: file === '-' ? 'stream' : 'input' };
}
