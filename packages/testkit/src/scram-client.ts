/** The client's side of SCRAM-SHA-256 for tests, written from the RFC and not from the server's side. */
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

export interface ScramClientOptions {
  readonly username: string;
  readonly password: string;
  /** Default: random enough for a test. */
  readonly nonce?: string;
  /** Default `n,,`: no channel binding, and to act as oneself. */
  readonly gs2Header?: string;
}

/**
 * One login with SCRAM-SHA-256.
 *
 * @example
 * const client = new ScramClient({ username: 'ann', password: 'pencil', nonce: 'abc' });
 * textOf(client.first()) // 'n,,n=ann,r=abc'
 * textOf(client.final(textBytes('r=abcdef,s=c2FsdA==,i=4096'))) // 'c=biws,r=abcdef,p=...'
 */
export class ScramClient {
  readonly #options: ScramClientOptions;
  readonly #bare: string;
  #salted: Buffer = Buffer.alloc(0);
  #authMessage = '';

  constructor(options: ScramClientOptions) {
    this.#options = options;
    const name = options.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#bare = `n=${name},r=${options.nonce ?? createHash('sha256').update(`${process.hrtime()}`).digest('base64')}`;
  }

  get #header(): string {
    return this.#options.gs2Header ?? 'n,,';
  }

  /** The first message. */
  first(): Uint8Array {
    return Buffer.from(this.#header + this.#bare);
  }

  /** The last message, for the server's first one. @throws {Error} where that is none */
  final(serverFirst: Uint8Array): Uint8Array {
    const text = Buffer.from(serverFirst).toString();
    const found = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(text);
    if (found === null) throw new Error(`not a server's first SCRAM message: ${text}`);
    const [, nonce, salt, iterations] = found;
    const withoutProof = `c=${Buffer.from(this.#header).toString('base64')},r=${nonce}`;
    this.#authMessage = `${this.#bare},${text},${withoutProof}`;
    const password = this.#options.password.normalize('NFKC');
    this.#salted = pbkdf2Sync(password, Buffer.from(salt!, 'base64'), Number(iterations), 32, 'sha256');
    const clientKey = hmac(this.#salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), this.#authMessage);
    const proof = clientKey.map((byte, index) => byte ^ signature[index]!);
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`);
  }

  /** Whether the last message of the server proves that it knows the password's verifier. */
  isServer(serverFinal: Uint8Array): boolean {
    const expected = hmac(hmac(this.#salted, 'Server Key'), this.#authMessage);
    const text = Buffer.from(serverFinal).toString();
    const given = Buffer.from(text.slice(2), 'base64');
    return text.startsWith('v=') && given.length === expected.length && timingSafeEqual(given, expected);
  }
}

const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();
