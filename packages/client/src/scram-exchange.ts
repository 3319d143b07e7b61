/**
 * The client's side of one login with SCRAM-SHA-256, by the cryptography that Node and browsers both have.
 *
 *   client-first  n,,n=ann,r=<our nonce>
 *   server-first  r=<our nonce><server's nonce>,s=<salt>,i=<iterations>
 *   client-final  c=biws,r=<both nonces>,p=<proof>
 *   server-final  v=<signature>
 */
import { saslprep } from '@cauldron/protocol';
import type { AuthenticationExchange } from './authentication.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** "n,,": no channel binding, and nobody to act as but oneself. */
const GS2_HEADER = 'n,,';
const encoder = new TextEncoder();

/** Options of `scram`. */
export interface ScramOptions {
  /**
   * The broker says how often the password is hashed; one that asks for fewer rounds is refused, since what an
   * eavesdropper sees would be easy to guess from. Default 4096, which is what RFC 7677 demands.
   */
  readonly minIterations?: number | undefined;
  /** More rounds are refused: they would keep this machine busy. Default 1,000,000, about half a second. */
  readonly maxIterations?: number | undefined;
  /** The random text that makes each login another one, printable ASCII without commas. Only tests set it. */
  readonly nonce?: string | undefined;
}

/** What is thrown here ends the connection with NOT_AUTHORIZED. */
export class ScramExchange implements AuthenticationExchange {
  readonly #password: string | (() => string | Promise<string>);
  readonly #options: ScramOptions;
  readonly #nonce: string;
  readonly #bare: string;
  /** What proves the server; missing until it was asked for a proof. */
  #signature: Bytes | undefined;

  constructor(username: string, password: string | (() => string | Promise<string>), options: ScramOptions) {
    const name = prepare(username).replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#password = password;
    this.#options = options;
    this.#nonce = options.nonce ?? toBase64(crypto.getRandomValues(new Uint8Array(18)));
    this.#bare = `n=${name},r=${this.#nonce}`;
  }

  first(): Uint8Array {
    return encoder.encode(GS2_HEADER + this.#bare);
  }

  async next(data: Uint8Array | undefined): Promise<Uint8Array> {
    if (this.#signature !== undefined) throw problem('asks for a second proof');
    const serverFirst = textOf(data);
    const { nonce, salt, iterations } = this.#read(serverFirst);
    const password = encoder.encode(prepare(await this.#secret()));
    const withoutProof = `c=${btoa(GS2_HEADER)},r=${nonce}`;
    const signed = encoder.encode(`${this.#bare},${serverFirst},${withoutProof}`);
    const salted = await saltedPassword(password, salt, iterations);
    const clientKey = await hmac(salted, encoder.encode('Client Key'));
    const storedKey = new Uint8Array(await subtle().digest('SHA-256', clientKey));
    const proof = (await hmac(storedKey, signed)).map((byte, i) => byte ^ clientKey[i]!);
    this.#signature = await hmac(await hmac(salted, encoder.encode('Server Key')), signed);
    return encoder.encode(`${withoutProof},p=${toBase64(proof)}`);
  }

  done(data: Uint8Array | undefined): void {
    const text = data === undefined ? '' : textOf(data);
    const given = /^v=([^,]+)/.exec(text)?.[1];
    // A broker that skips the exchange has proven nothing either.
    if (this.#signature === undefined || given === undefined || !isEqual(toBase64(this.#signature), given)) {
      throw problem('did not prove that it knows the password: it may not be the broker it says it is');
    }
  }

  #secret(): string | Promise<string> {
    return typeof this.#password === 'string' ? this.#password : this.#password();
  }

  #read(text: string): { nonce: string; salt: Bytes; iterations: number } {
    const error = /^e=([^,]*)/.exec(text);
    if (error !== null) throw problem(`refused the login: ${error[1]}`);
    const found =
      /^r=([\x21-\x2b\x2d-\x7e]+),s=((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?),i=([1-9]\d{0,9})(?:,.*)?$/s.exec(
        text,
      );
    if (found === null) throw problem('does not answer as SCRAM demands');
    const [, nonce = '', salt = ''] = found;
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce) {
      throw problem('answers with a nonce that does not continue ours: its answer belongs to another login');
    }
    const iterations = Number(found[3]);
    this.#check(iterations);
    return { nonce, salt: fromBase64(salt), iterations };
  }

  #check(iterations: number): void {
    const { minIterations = 4096, maxIterations = 1_000_000 } = this.#options;
    if (iterations < minIterations) {
      throw problem(
        `hashes the password ${iterations} times only; have it set anew with ${minIterations} at least, or lower minIterations`,
      );
    }
    if (iterations > maxIterations) {
      throw problem(
        `wants the password hashed ${iterations} times, which would keep this machine busy; maxIterations is ${maxIterations}`,
      );
    }
  }
}

const problem = (what: string): Error => new Error(`SCRAM-SHA-256: the broker ${what}`);

/** What cannot be prepared is taken as it is, as the broker does and PostgreSQL. */
const prepare = (text: string): string => saslprep(text) ?? text;

function subtle(): SubtleCrypto {
  const found = (crypto as { readonly subtle?: SubtleCrypto }).subtle;
  if (found !== undefined) return found;
  throw new Error('SCRAM-SHA-256 needs cryptography that browsers give only to pages of https: or localhost');
}

async function saltedPassword(password: Bytes, salt: Bytes, iterations: number): Promise<Bytes> {
  const key = await subtle().importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
  const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  return new Uint8Array(await subtle().deriveBits(algorithm, key, 256));
}

async function hmac(secret: Bytes, data: Bytes): Promise<Bytes> {
  const key = await subtle().importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await subtle().sign('HMAC', key, data));
}

/** Takes the same time wherever two texts of one length differ. */
function isEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

function textOf(data: Uint8Array | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data ?? new Uint8Array(0));
  } catch (cause) {
    throw new Error('SCRAM-SHA-256: the broker does not answer as SCRAM demands, but with what is no UTF-8', { cause });
  }
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
