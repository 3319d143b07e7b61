/** SCRAM-SHA-256 as a method of MQTT 5's enhanced authentication, for the users of a password file. */
import { createHmac, randomBytes } from 'node:crypto';
import type { AuthenticationRequest } from '@cauldron/core';
import { saslprep } from '@cauldron/protocol';
import type { Verdict } from '../provider.ts';
import { type ClientFirst, readClientFirst, ScramError, ScramExchange } from './scram-exchange.ts';
import { DEFAULT_SCRAM_ITERATIONS, SCRAM_SALT_LENGTH, ScramVerifier } from './scram-verifier.ts';

/** The authentication method's name in CONNECT and AUTH. */
export const SCRAM_METHOD = 'SCRAM-SHA-256';

/** A user as an exchange sees it. */
export interface ScramUser {
  readonly username: string;
  /** Another text when the credentials change. */
  readonly version: string;
  readonly scram: ScramVerifier | undefined;
}

/** How the answer for somebody unknown has to look, to be like that for a user. */
export interface ScramShape {
  readonly iterations: number;
  /** Bytes. */
  readonly saltLength: number;
}

/** What the core keeps between two steps; it is gone with the connection. */
class PendingScram {
  readonly exchange: ScramExchange;
  /** Undefined: nobody, for whom the exchange goes on all the same. */
  readonly user: ScramUser | undefined;

  constructor(exchange: ScramExchange, user: ScramUser | undefined) {
    this.exchange = exchange;
    this.user = user;
  }
}

export class ScramLogin {
  readonly #find: (username: string) => ScramUser | undefined;
  /** Makes salts of users that are none: the same for the same name, and nobody else can make them. */
  readonly #secret: Uint8Array;
  /** Set it to that of the users' verifiers. */
  shape: ScramShape = { iterations: DEFAULT_SCRAM_ITERATIONS, saltLength: SCRAM_SALT_LENGTH };

  constructor(find: (username: string) => ScramUser | undefined, secret: Uint8Array = randomBytes(32)) {
    this.#find = find;
    this.#secret = secret;
  }

  /** One step of an exchange. */
  authenticate(request: AuthenticationRequest): Verdict {
    try {
      return request.exchange === undefined ? this.#begin(request) : this.#finish(request);
    } catch (error) {
      if (!(error instanceof ScramError)) throw error;
      return { outcome: 'refuse', reason: error.message };
    }
  }

  #begin(request: AuthenticationRequest): Verdict {
    const first = readClientFirst(request.data);
    const problem = identityProblem(request, first);
    if (problem !== undefined) return { outcome: 'refuse', reason: problem };
    const found = this.#find(first.username) ?? this.#find(prepared(first.username));
    const user = found?.scram === undefined ? undefined : found;
    const exchange = new ScramExchange(first, user?.scram ?? this.#verifierOfNobody(prepared(first.username)));
    return { outcome: 'continue', data: exchange.serverFirst, exchange: new PendingScram(exchange, user) };
  }

  #finish({ exchange: pending, data }: AuthenticationRequest): Verdict {
    if (!(pending instanceof PendingScram)) throw new ScramError('the SCRAM message belongs to no exchange');
    const { user, exchange } = pending;
    const answer = exchange.finish(data);
    if (user === undefined) return { outcome: 'refuse', reason: 'no user of this name has a SCRAM-SHA-256 line' };
    if (answer === undefined) return { outcome: 'refuse', reason: 'the password is wrong' };
    if (this.#find(user.username)?.version !== user.version) {
      return { outcome: 'refuse', reason: 'the credentials of the user were changed during the login' };
    }
    return { outcome: 'accept', username: user.username, data: answer };
  }

  #verifierOfNobody(username: string): ScramVerifier {
    const { iterations, saltLength } = this.shape;
    const derive = (what: string) => createHmac('sha512', this.#secret).update(`${what}:${username}`).digest();
    return new ScramVerifier(
      iterations,
      derive('salt').subarray(0, saltLength),
      derive('stored key').subarray(0, 32),
      derive('server key').subarray(0, 32),
    );
  }
}

/** What is wrong with who the client says it is; it does not depend on which users there are. */
function identityProblem(
  { username, reauthentication }: AuthenticationRequest,
  first: ClientFirst,
): string | undefined {
  if (first.authzid !== undefined && first.authzid !== first.username) {
    return 'the client asks to act as another user than it logs in as';
  }
  const isSame = username === first.username || username === prepared(first.username);
  if (reauthentication && !isSame) return 'a client may not become another user by authenticating again';
  if (username !== undefined && !isSame)
    return 'the user name of the CONNECT is another than that of the SCRAM message';
  return undefined;
}

const prepared = (username: string): string => saslprep(username) ?? username;
