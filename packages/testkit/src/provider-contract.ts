import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { AuthenticationRequest, Rights } from '@cauldron/core';

/** What a provider says of a login: the broker's `Verdict`, as far as every provider is tested alike. */
export type ContractVerdict =
  | {
      readonly outcome: 'accept';
      readonly username?: string | undefined;
      readonly rights?: Omit<Rights, 'key' | 'provider'> | undefined;
      readonly expiresAt?: number | undefined;
      readonly data?: Uint8Array | undefined;
    }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'refuse'; readonly reason: string }
  | { readonly outcome: 'unavailable' | 'busy'; readonly reason: string }
  | {
      readonly outcome: 'continue';
      readonly data: Uint8Array | undefined;
      readonly exchange: unknown;
      readonly username?: string | undefined;
    };

/** The broker's `Provider`, which this package may not import. */
export interface ContractProvider {
  readonly name: string;
  readonly methods: readonly string[];
  authenticate(request: AuthenticationRequest, signal: AbortSignal): ContractVerdict | Promise<ContractVerdict>;
  credentialsOf?(username: string): string | undefined;
  reload?(): Promise<void>;
  close?(): Promise<void>;
}

/** What a client sends to log in; a password as text. */
export interface ContractLogin {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** A provider with what is needed to try it. */
export interface ProviderSubject {
  readonly provider: ContractProvider;
  /** A login it accepts. */
  readonly right: ContractLogin;
  /** The user it accepts then, where that is not the name the client gave. */
  readonly rightUsername?: string;
  /** Logins it must not accept: a wrong password of that user, at the least. */
  readonly wrong: readonly ContractLogin[];
  /** A login of somebody it has never heard of. */
  readonly stranger: ContractLogin;
  /** Which part of a login is the secret; default `password`. Tokens may come as user names. */
  readonly secret?: 'password' | 'username';
  /** Makes what it asks (a server, a database) not answer any more, where it asks something. */
  readonly stall?: () => void | Promise<void>;
  /** Makes what it asks fail at once, where it asks something. */
  readonly fail?: () => void | Promise<void>;
  dispose?(): void | Promise<void>;
}

type Claim = (what: string, check: (subject: ProviderSubject) => Promise<void>) => void;

/** Milliseconds a provider may take to notice that nobody waits any more. */
const ABORT_WITHIN = 2000;

/**
 * What every provider of users must do: run in a test file of each.
 *
 * @param open makes a fresh provider for one claim
 * @param parts `remote`: it asks something over a network, and its subjects can `stall` and `fail` it
 */
export function providerContract(
  name: string,
  open: () => ProviderSubject | Promise<ProviderSubject>,
  parts: { readonly remote?: boolean } = {},
): void {
  const claim: Claim = (what, check) => {
    test(what, async () => {
      const subject = await open();
      try {
        await check(subject);
      } finally {
        await subject.provider.close?.();
        await subject.dispose?.();
      }
    });
  };
  describe(`provider contract: ${name}`, () => {
    verdictClaims(claim);
    hostileClaims(claim);
    lifeClaims(claim);
    if (parts.remote === true) remoteClaims(claim);
  });
}

/** A request of a client on this machine. Everything can be replaced. */
export function loginRequest(login: ContractLogin, parts: Partial<AuthenticationRequest> = {}): AuthenticationRequest {
  return {
    clientId: 'c1',
    username: login.username,
    password: login.password === undefined ? undefined : new TextEncoder().encode(login.password),
    protocolVersion: 5,
    remoteAddress: '127.0.0.1:50000',
    listener: 'default',
    method: undefined,
    data: undefined,
    exchange: undefined,
    reauthentication: false,
    peer: undefined,
    ...parts,
  };
}

/** What a login comes to; a rejection counts as unavailable. Fails where the answer shows the secret. */
async function tryLogin(
  { provider, secret = 'password' }: ProviderSubject,
  login: ContractLogin,
  signal = new AbortController().signal,
): Promise<ContractVerdict> {
  const verdict = await ask(provider, loginRequest(login), signal);
  const shown = login[secret];
  if (shown !== undefined && shown.length >= 4) {
    const said = inspect({ ...verdict, username: undefined }, { depth: 5 });
    assert.ok(!said.includes(shown), `the answer shows the secret: ${said}`);
  }
  return verdict;
}

async function ask(
  provider: ContractProvider,
  request: AuthenticationRequest,
  signal: AbortSignal,
): Promise<ContractVerdict> {
  try {
    return await provider.authenticate(request, signal);
  } catch (error) {
    return { outcome: 'unavailable', reason: inspect(error) };
  }
}

function assertNotIn(verdict: ContractVerdict, what: string): void {
  assert.ok(['unknown', 'refuse'].includes(verdict.outcome), `${what}: ${inspect(verdict)}`);
}

function verdictClaims(claim: Claim): void {
  claim('the right password is accepted', async (subject) => {
    const verdict = await tryLogin(subject, subject.right);
    assert.ok(verdict.outcome === 'accept', inspect(verdict));
    const username = verdict.username ?? subject.right.username;
    assert.equal(username, subject.rightUsername ?? subject.right.username);
  });

  claim('a wrong password is not accepted', async (subject) => {
    assert.ok(subject.wrong.length > 0);
    for (const login of subject.wrong) assertNotIn(await tryLogin(subject, login), 'a wrong login');
  });

  claim('somebody unknown is not accepted', async (subject) => {
    assertNotIn(await tryLogin(subject, subject.stranger), 'a stranger');
  });

  claim('nothing, or an empty text, is no secret', async (subject) => {
    const secret = subject.secret ?? 'password';
    for (const empty of [undefined, '']) {
      assertNotIn(await tryLogin(subject, { ...subject.right, [secret]: empty }), `${secret} ${inspect(empty)}`);
    }
    assertNotIn(await tryLogin(subject, {}), 'neither user name nor password');
  });

  claim('logins at the same time get an answer each', async (subject) => {
    const logins = Array.from({ length: 12 }, (_, index) => [subject.right, subject.wrong[0]!][index % 2]!);
    const verdicts = await Promise.all(logins.map((login) => tryLogin(subject, login)));
    for (const [index, { outcome }] of verdicts.entries()) assert.equal(outcome === 'accept', index % 2 === 0, outcome);
  });

  claim('the request stays as it is', async (subject) => {
    const request = Object.freeze(loginRequest(subject.right));
    const before = request.password?.slice();
    await ask(subject.provider, request, new AbortController().signal);
    assert.deepEqual(request.password, before);
  });
}

/** Names that mean something to directories, databases, shells, templates and files. */
const HOSTILE_NAMES = ['*', '*)(uid=*', "' OR '1'='1", '"; --', '%u', '$(id)', '../passwords', 'a:b', 'a\nb', '\u0000'];

function hostileClaims(claim: Claim): void {
  claim('a name full of special characters is just a name nobody has', async (subject) => {
    if (subject.secret === 'username') return assertNotTokens(subject);
    for (const username of HOSTILE_NAMES) {
      // What lets the right user in by its password alone (a token) says who that is.
      const verdict = await tryLogin(subject, {
        username,
        password: subject.stranger.password ?? 'no secret of anybody',
      });
      assertNotIn(verdict, `user name ${inspect(username)}`);
    }
  });

  claim('a password of any bytes gets an answer', async (subject) => {
    const { username } = subject.right;
    for (const password of [[0], [0xff, 0xfe], [0xc3, 0x28], Array<number>(65_535).fill(0x61)]) {
      const request = loginRequest({ username }, { password: Uint8Array.from(password) });
      if (subject.secret === 'username') Object.assign(request, { username: 'no token' });
      assertNotIn(await ask(subject.provider, request, new AbortController().signal), `${password.length} bytes`);
    }
  });
}

async function assertNotTokens(subject: ProviderSubject): Promise<void> {
  for (const username of HOSTILE_NAMES) {
    assertNotIn(await tryLogin(subject, { ...subject.right, username }), `user name ${inspect(username)}`);
  }
}

function lifeClaims(claim: Claim): void {
  claim('it has a name that shows no secret', async (subject) => {
    assert.ok(subject.provider.name.length > 0);
    assert.ok(!subject.provider.name.includes(subject.right[subject.secret ?? 'password']!));
  });

  claim('a login that nobody waits for any more is not accepted', async (subject) => {
    const verdict = await tryLogin(subject, subject.right, AbortSignal.abort(new Error('it took too long')));
    assert.notEqual(verdict.outcome, 'accept');
  });

  claim('what stands for the credentials of a user stays while they do, and shows nothing of them', async (subject) => {
    const { provider, right, stranger } = subject;
    await tryLogin(subject, right);
    if (provider.credentialsOf === undefined) return;
    const username = subject.rightUsername ?? right.username!;
    const text = provider.credentialsOf(username);
    assert.ok(text !== undefined && text.length > 0);
    assert.equal(provider.credentialsOf(username), text);
    if (right.password !== undefined) assert.ok(!text.includes(right.password));
    if (stranger.username !== username)
      assert.equal(provider.credentialsOf(stranger.username ?? 'stranger'), undefined);
  });

  claim('what was right before a reload is right after it', async (subject) => {
    await subject.provider.reload?.();
    assert.equal((await tryLogin(subject, subject.right)).outcome, 'accept');
    assertNotIn(await tryLogin(subject, subject.wrong[0]!), 'a wrong login');
  });

  claim('it can be closed twice', async ({ provider }) => {
    await provider.close?.();
    await provider.close?.();
  });
}

function remoteClaims(claim: Claim): void {
  claim('where what it asks fails, it cannot say, and never that nobody has that name', async (subject) => {
    await subject.fail!();
    assert.equal((await tryLogin(subject, subject.right)).outcome, 'unavailable');
    assert.equal((await tryLogin(subject, subject.stranger)).outcome, 'unavailable');
  });

  claim('where what it asks does not answer, it gives up when told to', async (subject) => {
    await subject.stall!();
    const abort = new AbortController();
    const answer = tryLogin(subject, subject.right, abort.signal);
    setTimeout(() => abort.abort(new Error('it took too long')), 50);
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<'late'>((resolve) => {
      late = setTimeout(() => resolve('late'), ABORT_WITHIN);
    });
    const first = await Promise.race([answer, tooLate]);
    clearTimeout(late);
    assert.ok(first !== 'late', 'it went on although nobody waited');
    assert.equal(first.outcome, 'unavailable');
  });
}
