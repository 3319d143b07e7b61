/**
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding: messages in, messages out.
 *
 *   client-first  n,,n=ann,r=<client nonce>
 *   server-first  r=<client nonce><server nonce>,s=<salt>,i=<iterations>
 *   client-final  c=biws,r=<both nonces>,p=<proof>
 *   server-final  v=<signature>
 */
import { randomBytes } from 'node:crypto';
import { equalBytes } from './hash-functions.ts';
import { hmac, type ScramVerifier, sha256 } from './scram-verifier.ts';

/** Longest message of a client, bytes; a user name of MQTT's longest is not needed here. */
const MAX_MESSAGE_LENGTH = 4096;
const SERVER_NONCE_LENGTH = 18;

/** A message that is not SCRAM, or asks for what is not done. The text is for the log. */
export class ScramError extends Error {
  override readonly name = 'ScramError';
}

/** What the first message of a client says. */
export interface ClientFirst {
  readonly username: string;
  /** The user it wants to act as, where it names one. */
  readonly authzid: string | undefined;
  readonly nonce: string;
  /** The GS2 header as it was written, which the last message has to repeat. */
  readonly gs2Header: string;
  /** The message without that header, as it is signed. */
  readonly bare: string;
}

/** Reads the first message of a client. @throws {ScramError} */
export function readClientFirst(bytes: Uint8Array | undefined): ClientFirst {
  const text = readText(bytes);
  const header = /^(n|y|p=[^,]*),(a=[^,]*)?,/.exec(text);
  if (header === null) throw new ScramError('the first SCRAM message does not begin with a GS2 header like "n,,"');
  // "y" says that the client could bind to the channel and believes that this server cannot, which is true.
  if (header[1]!.startsWith('p='))
    throw new ScramError('channel binding is not supported; use SCRAM-SHA-256 without it');
  const bare = text.slice(header[0].length);
  if (bare.startsWith('m=')) throw new ScramError('the first SCRAM message asks for an extension that is not known');
  const parts = /^n=([^,]*),r=([^,]+)(,.*)?$/s.exec(bare);
  if (parts === null) throw new ScramError('the first SCRAM message has no user name and nonce in their places');
  const username = unescapeName(parts[1]!);
  if (username === '') throw new ScramError('the first SCRAM message has an empty user name');
  return {
    username,
    authzid: header[2] === undefined ? undefined : unescapeName(header[2].slice(2)),
    nonce: checkNonce(parts[2]!),
    gs2Header: header[0],
    bare,
  };
}

/** One exchange after its first answer; it can be finished once. */
export class ScramExchange {
  readonly #first: ClientFirst;
  readonly #verifier: ScramVerifier;
  readonly #nonce: string;
  readonly #serverFirst: string;
  #finished = false;

  /** @param serverNonce printable ASCII without commas; a random one unless a test says otherwise */
  constructor(
    first: ClientFirst,
    verifier: ScramVerifier,
    serverNonce = randomBytes(SERVER_NONCE_LENGTH).toString('base64'),
  ) {
    this.#first = first;
    this.#verifier = verifier;
    this.#nonce = first.nonce + serverNonce;
    const salt = Buffer.from(verifier.salt).toString('base64');
    this.#serverFirst = `r=${this.#nonce},s=${salt},i=${verifier.iterations}`;
  }

  /** The answer to the client's first message. */
  get serverFirst(): Uint8Array {
    return Buffer.from(this.#serverFirst);
  }

  /**
   * Checks the client's last message.
   *
   * @returns the last answer, which proves the server to the client; undefined = the password is not the right one
   * @throws {ScramError} where the message is none, or belongs to another exchange
   */
  finish(bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (this.#finished) throw new ScramError('the SCRAM exchange is over already');
    this.#finished = true;
    const { channel, nonce, proof, withoutProof } = readClientFinal(bytes);
    if (channel !== Buffer.from(this.#first.gs2Header).toString('base64')) {
      throw new ScramError('the last SCRAM message has another GS2 header than the first');
    }
    if (nonce !== this.#nonce) throw new ScramError('the last SCRAM message has another nonce than this exchange');
    const { storedKey, serverKey } = this.#verifier;
    const authMessage = `${this.#first.bare},${this.#serverFirst},${withoutProof}`;
    const clientKey = xor(proof, hmac(storedKey, authMessage));
    if (!equalBytes(sha256(clientKey), storedKey)) return undefined;
    return Buffer.from(`v=${hmac(serverKey, authMessage).toString('base64')}`);
  }
}

function readClientFinal(bytes: Uint8Array | undefined) {
  const parts = /^(c=([^,]+),r=([^,]+)(?:,.*)?),p=([A-Za-z0-9+/]{43}=)$/s.exec(readText(bytes));
  if (parts === null)
    throw new ScramError('the last SCRAM message has no channel data, nonce and proof in their places');
  const [, withoutProof, channel, nonce, proof] = parts;
  return { channel, nonce, proof: Buffer.from(proof!, 'base64'), withoutProof: withoutProof! };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readText(bytes: Uint8Array | undefined): string {
  if (bytes === undefined || bytes.length === 0) throw new ScramError('a SCRAM message is missing');
  if (bytes.length > MAX_MESSAGE_LENGTH)
    throw new ScramError(`a SCRAM message is longer than ${MAX_MESSAGE_LENGTH} bytes`);
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ScramError('a SCRAM message is not UTF-8', { cause });
  }
}

/** `=2C` is a comma and `=3D` an equals sign; any other `=` is an error (RFC 5802 section 5.1). */
function unescapeName(text: string): string {
  if (/=(?!2C|3D)/.test(text))
    throw new ScramError('a name in a SCRAM message has an equals sign that escapes nothing');
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

function checkNonce(nonce: string): string {
  if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(nonce))
    throw new ScramError('the nonce of a SCRAM message is not printable ASCII');
  return nonce;
}

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, index) => byte ^ b[index]!);
