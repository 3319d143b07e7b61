import { parseServiceUrl } from '../http/service-url.ts';
import { JWT_ALGORITHMS, type JwtAlgorithm, PUBLIC_ALGORITHMS, SECRET_ALGORITHMS } from './algorithms.ts';

/**
 * Which tokens are believed, and what their claims mean. Exactly one of `secret`, `secretFile`, `publicKeyFile`,
 * `jwksFile` and `jwksUrl` says how they are checked. Times are seconds.
 *
 * The name of a claim that a token does not have is taken apart at its dots: `realm_access.roles` is the claim `roles`
 * in the claim `realm_access`.
 */
export interface JwtOptions {
  /** Secret of HS256, HS384 and HS512, as text: at least 32, 48 and 64 bytes of it. */
  readonly secret?: string | undefined;
  /** File of that secret, byte for byte. */
  readonly secretFile?: string | undefined;
  /** File of one public key or certificate (PEM), or of a JSON Web Key or Key Set. */
  readonly publicKeyFile?: string | undefined;
  /** File of a JSON Web Key Set. */
  readonly jwksFile?: string | undefined;
  /** Where a JSON Web Key Set is published: `https://`, or `http://` on this machine. */
  readonly jwksUrl?: string | undefined;
  /** File of the certificates (PEM) that the one of `jwksUrl` must lead to; absent = those that Node knows. */
  readonly ca?: string | undefined;
  /** Fetches keys over plain http from other machines, where anybody on the way can send others. Default false. */
  readonly allowPlain?: boolean | undefined;
  /** How long fetched keys are used before they are fetched again. Default 600. */
  readonly jwksMaxAge?: number | undefined;
  /** How long they are used beyond that while they cannot be fetched. Default 3600. */
  readonly jwksStaleTime?: number | undefined;
  /** A token that names an unknown key has the set fetched again, at most once in this time. Default 30. */
  readonly jwksCooldown?: number | undefined;
  /** How long fetching may take. Default 3. */
  readonly timeout?: number | undefined;
  /** Signature algorithms that are accepted. Default: those the key is for. */
  readonly algorithms?: readonly JwtAlgorithm[] | undefined;
  /** Value the `iss` claim must have: this, or one of these. Absent = any. */
  readonly issuer?: string | readonly string[] | undefined;
  /** Value the `aud` claim must hold: this, or one of these. Absent = any. */
  readonly audience?: string | readonly string[] | undefined;
  /** How far the clocks of the issuer and this machine may differ. Default 0. */
  readonly clockTolerance?: number | undefined;
  /** Refuses tokens without an `exp` claim, which are good for ever. Default true. */
  readonly requireExpiry?: boolean | undefined;
  /** Which field of the CONNECT holds the token. Default `password`. */
  readonly from?: 'password' | 'username' | undefined;
  /** Claim that is the user name. Default `sub`. */
  readonly usernameClaim?: string | undefined;
  /**
   * Refuses clients that name another user than the token does; an empty user name, which MQTT 3.1.1 needs beside a
   * password, names nobody. Otherwise what they name is ignored. Means nothing where the token is the user name.
   * Default true.
   */
  readonly matchUsername?: boolean | undefined;
  /** Claim that lists roles. Default `roles`. */
  readonly rolesClaim?: string | undefined;
  /** Claim that lists groups. Absent = none. */
  readonly groupsClaim?: string | undefined;
  /** Claim that lists rules, `{"allow": "read", "topic": "a/#"}` each. Default `acl`. */
  readonly rulesClaim?: string | undefined;
}

/** Where keys come from. */
export type KeyOrigin =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'secretFile' | 'publicKeyFile' | 'jwksFile'; readonly file: string }
  | { readonly kind: 'jwksUrl'; readonly url: URL };

/** How a set of keys is fetched; times are seconds. */
export interface FetchTimes {
  readonly maxAge: number;
  readonly staleTime: number;
  readonly cooldown: number;
  readonly timeout: number;
}

/** The options, checked and complete. */
export interface JwtSettings {
  readonly origin: KeyOrigin;
  readonly ca: string | undefined;
  readonly times: FetchTimes;
  /** Undefined = those the keys are for. */
  readonly algorithms: readonly JwtAlgorithm[] | undefined;
  readonly issuer: string[] | undefined;
  readonly audience: string[] | undefined;
  readonly clockTolerance: number;
  readonly requireExpiry: boolean;
  readonly from: 'password' | 'username';
  readonly matchUsername: boolean;
  readonly claims: ClaimNames;
}

/** The names of the claims that say who it is and what it may do. */
export interface ClaimNames {
  readonly username: string;
  readonly roles: string;
  readonly groups: string | undefined;
  readonly rules: string;
}

/** @throws Error that says which setting cannot be used, why, and what to write; it never shows the secret */
export function checkJwtOptions(options: JwtOptions): JwtSettings {
  const origin = keyOrigin(options);
  if (options.ca !== undefined && (origin.kind !== 'jwksUrl' || origin.url.protocol === 'http:')) {
    throw new Error('jwt: ca is for a jwksUrl of https:// only; remove it.');
  }
  const { usernameClaim = 'sub', rolesClaim = 'roles', groupsClaim, rulesClaim = 'acl' } = options;
  const claims = { username: usernameClaim, roles: rolesClaim, groups: groupsClaim, rules: rulesClaim };
  if (Object.values(claims).includes('')) throw new Error('jwt: the name of a claim is not empty.');
  return {
    origin,
    ca: options.ca,
    times: {
      maxAge: seconds('jwksMaxAge', options.jwksMaxAge ?? 600),
      staleTime: seconds('jwksStaleTime', options.jwksStaleTime ?? 3600),
      cooldown: seconds('jwksCooldown', options.jwksCooldown ?? 30),
      timeout: moreThanNone('timeout', seconds('timeout', options.timeout ?? 3)),
    },
    algorithms: checkAlgorithms(options.algorithms, origin),
    issuer: values('issuer', options.issuer),
    audience: values('audience', options.audience),
    clockTolerance: seconds('clockTolerance', options.clockTolerance ?? 0),
    requireExpiry: options.requireExpiry ?? true,
    from: options.from ?? 'password',
    matchUsername: options.matchUsername ?? true,
    claims,
  };
}

function keyOrigin(options: JwtOptions): KeyOrigin {
  const { secret, secretFile, publicKeyFile, jwksFile, jwksUrl, allowPlain = false } = options;
  const origins: KeyOrigin[] = [];
  if (secret !== undefined) origins.push({ kind: 'secret', secret });
  if (secretFile !== undefined) origins.push({ kind: 'secretFile', file: secretFile });
  if (publicKeyFile !== undefined) origins.push({ kind: 'publicKeyFile', file: publicKeyFile });
  if (jwksFile !== undefined) origins.push({ kind: 'jwksFile', file: jwksFile });
  if (jwksUrl !== undefined) {
    const use = { setting: 'jwt: jwksUrl', risk: 'put keys of their own there and be any user', allowPlain };
    origins.push({ kind: 'jwksUrl', url: parseServiceUrl(jwksUrl, use) });
  }
  const [origin, ...others] = origins;
  if (origin !== undefined && others.length === 0) return origin;
  const found = origin === undefined ? 'there is none' : `there are ${origins.map(({ kind }) => kind).join(' and ')}`;
  throw new Error(
    `jwt: tokens are checked with one kind of key, and ${found}; ` +
      'say one of secret, secretFile, publicKeyFile, jwksFile and jwksUrl.',
  );
}

/** A list that would let a public key be taken for a secret, or the other way round, is refused as a whole. */
function checkAlgorithms(
  algorithms: readonly JwtAlgorithm[] | undefined,
  { kind }: KeyOrigin,
): readonly JwtAlgorithm[] | undefined {
  if (algorithms === undefined) return undefined;
  if (algorithms.length === 0) throw new Error('jwt: algorithms is empty; name one, or leave it out.');
  const isSecret = kind === 'secret' || kind === 'secretFile';
  const fitting = isSecret ? SECRET_ALGORITHMS : PUBLIC_ALGORITHMS;
  for (const algorithm of algorithms) {
    if (!JWT_ALGORITHMS.includes(algorithm)) {
      throw new Error(`jwt: the algorithm ${JSON.stringify(algorithm)} is not known; use ${fitting.join(', ')}.`);
    }
    if (!fitting.includes(algorithm)) {
      throw new Error(
        `jwt: the algorithm ${algorithm} does not go with ${kind}: it takes a ${isSecret ? 'public key' : 'secret'}. ` +
          `Use ${fitting.join(', ')}.`,
      );
    }
  }
  return algorithms;
}

function values(setting: string, given: string | readonly string[] | undefined): string[] | undefined {
  if (given === undefined) return undefined;
  const list = typeof given === 'string' ? [given] : [...given];
  if (list.length === 0 || list.includes('')) throw new Error(`jwt: ${setting} is empty; name one, or leave it out.`);
  return list;
}

function seconds(setting: string, given: number): number {
  if (given >= 0 && Number.isFinite(given)) return given;
  throw new Error(`jwt: ${setting} is a number of seconds, 0 or more.`);
}

function moreThanNone(setting: string, given: number): number {
  if (given > 0) return given;
  throw new Error(`jwt: ${setting} is a number of seconds above 0.`);
}
