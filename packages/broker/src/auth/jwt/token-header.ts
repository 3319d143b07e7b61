import { isRecord } from '../claimed-rights.ts';

/** What a token says of its own signature, before anything of it is believed. */
export interface TokenHeader {
  readonly algorithm: string;
  /** The key it names; undefined = none. */
  readonly keyId: string | undefined;
}

/** Three parts in base64url; the last may be missing where there is no signature. */
const FORM = /^([\w-]+)\.[\w-]*\.[\w-]*$/;

/**
 * The header of a token; null where it is none that can be checked, undefined where the text is no token at all.
 *
 * A password such as `a.b.c` has the look of a token: only one whose first part is a JSON object is taken for one.
 */
export function readHeader(text: string): TokenHeader | null | undefined {
  const first = FORM.exec(text)?.[1];
  if (first === undefined) return undefined;
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(first, 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!isRecord(header)) return undefined;
  const { alg, kid } = header;
  if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string')) return null;
  return { algorithm: alg, keyId: kid };
}

/** Whether a text is a token or has one in it. */
export const holdsToken = (text: string): boolean =>
  text.split(/[^\w.-]+/).some((piece) => readHeader(piece) !== undefined);
