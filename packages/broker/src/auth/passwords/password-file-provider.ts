/** The users of a password file: user name and password, and SCRAM-SHA-256. */
import { argon2 } from 'node:crypto';
import type { AuthenticationRequest } from '@cauldron/core';
import type { Provider, Verdict } from '../provider.ts';
import { checkArgon2Cost, dummyArgon2id, hashArgon2id } from './argon2id.ts';
import { type FileContent, modeWarning, readPasswordFile } from './file-access.ts';
import { parseHash } from './formats.ts';
import { type Argon2Cost, DEFAULT_ARGON2_COST, type HashFunctions, nodeHashFunctions } from './hash-functions.ts';
import { HashUpgrader, type Upgrade } from './hash-upgrader.ts';
import { HashingGate } from './hashing-gate.ts';
import { PasswordFile, type StoredUser } from './password-file.ts';
import { MAX_PASSWORD_LENGTH, type PasswordHash } from './password-hash.ts';
import { SCRAM_METHOD, ScramLogin, type ScramShape } from './scram-login.ts';
import { DEFAULT_SCRAM_ITERATIONS, SCRAM_SALT_LENGTH } from './scram-verifier.ts';

export interface PasswordFileOptions {
  /** Path of the file. */
  readonly file: string;
  /** Cost of the work that every refusal does, and of upgraded hashes. Default: {@link DEFAULT_ARGON2_COST}. */
  readonly argon2?: Argon2Cost;
  /** Shared with other providers that hash; default: one of its own, two checks at once. */
  readonly gate?: HashingGate;
  /** Whether `$6$`, `$7$` and cheaper argon2id lines are replaced after a login. Default true. */
  readonly upgrade?: boolean;
  /** Milliseconds upgrades are collected for one write. Default 1000. */
  readonly upgradeDelay?: number;
  /** Told what an operator should look at: who can read the file, that it cannot be written. */
  readonly warn?: (message: string) => void;
  /** Keys what SCRAM answers for names that nobody has; 32 random bytes. Default: new in every process. */
  readonly secret?: Uint8Array;
  /** Default: Node's. */
  readonly hashes?: HashFunctions;
}

/** One user; replaced as a whole when its credentials change. */
interface UserRecord extends StoredUser {
  /** What `credentialsOf` answers. It outlives an upgrade: the password is the same. */
  readonly version: string;
}

/** What upgrades wait under at the gate: all together they take one turn among the addresses that log in. */
const UPGRADES = 'upgrades';
/** Upgrades under way at once, since each holds a password; another user's line waits for his next login. */
const MAX_UPGRADES = 1000;

const NOTHING = new Uint8Array(0);

export class PasswordFileProvider implements Provider {
  readonly name: string;
  readonly methods = [SCRAM_METHOD];
  changed?: (usernames: readonly string[]) => void;
  readonly #options: PasswordFileOptions;
  readonly #cost: Argon2Cost;
  readonly #hashes: HashFunctions;
  readonly #gate: HashingGate;
  readonly #dummy: PasswordHash;
  readonly #scram: ScramLogin;
  #users: ReadonlyMap<string, UserRecord> = new Map();
  #versions = 0;
  /** Writes of upgrades so far. */
  #writes = 0;
  readonly #said = new Set<string>();
  #upgrader: HashUpgrader | undefined;
  /** Upgrades on their way into the file, by user. */
  readonly #upgrades = new Map<string, Upgrade | 'hashing'>();
  readonly #hashing = new Set<Promise<void>>();

  /**
   * Reads the file.
   *
   * @throws {PasswordFileError} where it cannot be used, naming file and line
   * @throws {RangeError} where the cost cannot be
   */
  static async open(options: PasswordFileOptions): Promise<PasswordFileProvider> {
    const provider = new PasswordFileProvider(options);
    await provider.reload();
    return provider;
  }

  private constructor(options: PasswordFileOptions) {
    this.#options = options;
    this.name = `password-file ${options.file}`;
    this.#cost = options.argon2 ?? DEFAULT_ARGON2_COST;
    checkArgon2Cost(this.#cost);
    this.#hashes = options.hashes ?? nodeHashFunctions;
    if (this.#hashes === nodeHashFunctions && typeof argon2 !== 'function') {
      throw new Error(`Node ${process.version} has no argon2, which passwords are kept with; run Node 24.7 or newer`);
    }
    this.#gate = options.gate ?? new HashingGate();
    this.#dummy = dummyArgon2id(this.#cost);
    this.#scram = new ScramLogin((username) => this.#users.get(username), options.secret);
  }

  /** How many users the file has. */
  get size(): number {
    return this.#users.size;
  }

  async authenticate(request: AuthenticationRequest, signal: AbortSignal): Promise<Verdict> {
    signal.throwIfAborted();
    if (request.method === SCRAM_METHOD) return this.#scram.authenticate(request);
    const { username } = request;
    if (request.method !== undefined || username === undefined) return { outcome: 'unknown' };

    const password = usable(request.password);
    const record = this.#users.get(username);
    const isRight = await this.#gate.run(request.remoteAddress, () => this.#isRight(record, password), signal);
    if (record === undefined) return { outcome: 'unknown' };
    if (!isRight)
      return {
        outcome: 'refuse',
        reason: password === undefined ? 'it sent no usable password' : 'the password is wrong',
      };
    if (this.#users.get(username)?.version !== record.version) {
      return { outcome: 'refuse', reason: 'the credentials of the user were changed during the login' };
    }
    this.#upgradeLater(username, password!);
    return { outcome: 'accept' };
  }

  /** The hashes of others come first. */
  isWaiting(signal: AbortSignal): boolean {
    return this.#gate.isWaiting(signal);
  }

  credentialsOf(username: string): string | undefined {
    return this.#users.get(username)?.version;
  }

  async reload(): Promise<void> {
    const { file } = this.#options;
    let writes: number;
    let content: FileContent;
    let read: PasswordFile;
    do {
      writes = this.#writes;
      content = await readPasswordFile(file);
      read = await PasswordFile.parse(content.text, file);
      // An upgrade was written meanwhile: what was read may be from before it, and would look like a change.
    } while (writes !== this.#writes);
    this.#warnOnce(modeWarning(file, content.mode));
    // What could not be written before is tried again: the file may be another one now.
    this.#upgrader = this.#options.upgrade === false ? undefined : (this.#upgrader ?? this.#newUpgrader());
    this.#replaceUsers(read);
  }

  async close(): Promise<void> {
    await this.settled();
  }

  /** Resolves when every upgrade that logins brought about is in the file, or was given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#hashing);
    await this.#upgrader?.flush();
  }

  /**
   * Checks a password. Every refusal computes argon2id once with the configured cost, whether the user exists, in
   * whatever form its password is kept and whatever was sent, so that the time it takes tells none of these.
   */
  async #isRight(user: StoredUser | undefined, password: Uint8Array | undefined): Promise<boolean> {
    const bytes = password ?? NOTHING;
    const hash = user?.password ?? user?.scram ?? this.#dummy;
    const matches = await hash.verify(bytes, this.#hashes);
    if (matches && user !== undefined && password !== undefined) return true;
    if (!hash.costs(this.#cost)) await this.#dummy.verify(bytes, this.#hashes);
    return false;
  }

  #replaceUsers(read: PasswordFile): void {
    const users = new Map<string, UserRecord>();
    const changed: string[] = [];
    for (const username of read.usernames) {
      const stored = read.user(username)!;
      const before = this.#users.get(username);
      if (before !== undefined && this.#isUnchanged(before, stored)) users.set(username, { ...before, ...stored });
      else {
        users.set(username, { ...stored, version: `${++this.#versions}` });
        if (before !== undefined) changed.push(username);
      }
    }
    for (const username of this.#users.keys()) if (!users.has(username)) changed.push(username);
    this.#users = users;
    this.#scram.shape = commonShape(users.values());
    if (changed.length > 0) this.changed?.(changed);
  }

  /** Whether the credentials are the same ones, in a better form where this provider upgraded them. */
  #isUnchanged(before: StoredUser, after: StoredUser): boolean {
    if (before.scram?.text !== after.scram?.text) return false;
    if (before.password?.text === after.password?.text) return true;
    const upgrade = this.#upgrades.get(before.username);
    return upgrade !== undefined && upgrade !== 'hashing' && upgrade.to.text === after.password?.text;
  }

  #upgradeLater(username: string, password: Uint8Array): void {
    const from = this.#users.get(username)?.password;
    if (this.#upgrader === undefined || from === undefined || this.#upgrades.has(username)) return;
    if (!from.needsUpgrade(this.#cost) || this.#upgrades.size >= MAX_UPGRADES) return;
    this.#upgrades.set(username, 'hashing');
    // The login has its answer already; the bytes are the request's, which ends with it.
    const work = this.#upgrade(username, Uint8Array.from(password), from).finally(() => {
      this.#hashing.delete(work);
    });
    this.#hashing.add(work);
  }

  async #upgrade(username: string, password: Uint8Array, from: PasswordHash): Promise<void> {
    try {
      const text = await this.#gate.run(UPGRADES, () => hashArgon2id(password, this.#cost, this.#hashes));
      const upgrade = { username, from, to: parseHash(text) };
      this.#upgrades.set(username, upgrade);
      this.#upgrader?.add(upgrade);
    } catch (error) {
      this.#upgrades.delete(username);
      this.#warnOnce(`a password could not be hashed anew: ${(error as Error).message}`);
    }
  }

  #newUpgrader(): HashUpgrader {
    return new HashUpgrader({
      file: this.#options.file,
      delay: this.#options.upgradeDelay ?? 1000,
      written: (done, skipped) => this.#upgraded(done, skipped),
      failed: (error) => {
        this.#upgrader = undefined;
        this.#upgrades.clear();
        const why = `the hashes in it stay as they are, and logins go on: ${(error as Error).message}`;
        this.#warnOnce(`${this.#options.file} cannot be upgraded; ${why}`);
      },
    });
  }

  /** The file holds these now; what is in memory follows, without counting as a change of credentials. */
  #upgraded(done: readonly Upgrade[], skipped: readonly Upgrade[]): void {
    this.#writes += 1;
    const users = new Map(this.#users);
    for (const { username, from, to } of done) {
      const record = users.get(username);
      if (record?.password?.text === from.text) users.set(username, { ...record, password: to });
    }
    this.#users = users;
    for (const { username } of [...done, ...skipped]) this.#upgrades.delete(username);
  }

  #warnOnce(message: string | undefined): void {
    if (message === undefined || this.#said.has(message)) return;
    this.#said.add(message);
    this.#options.warn?.(message);
  }
}

/** The password, where it can be one: nothing and an empty text are not, nor is what is too long to be hashed. */
function usable(password: Uint8Array | undefined): Uint8Array | undefined {
  if (password === undefined || password.length === 0 || password.length > MAX_PASSWORD_LENGTH) return undefined;
  return password;
}

/** What most verifiers look like; the answer for an unknown name looks like that too. */
function commonShape(users: Iterable<StoredUser>): ScramShape {
  const counts = new Map<string, { shape: ScramShape; count: number }>();
  for (const { scram } of users) {
    if (scram === undefined) continue;
    const shape = { iterations: scram.iterations, saltLength: scram.salt.length };
    const key = `${shape.iterations}:${shape.saltLength}`;
    counts.set(key, { shape, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const [most] = [...counts.values()].sort((a, b) => b.count - a.count);
  return most?.shape ?? { iterations: DEFAULT_SCRAM_ITERATIONS, saltLength: SCRAM_SALT_LENGTH };
}
