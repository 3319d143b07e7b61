import { saslprep } from '@cauldron/protocol';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A password as SCRAM hashes it. What is no UTF-8, or cannot be prepared, is taken as it is, which is what PostgreSQL
 * and its clients do.
 */
export function preparePassword(password: Uint8Array): Uint8Array {
  let text: string;
  try {
    text = utf8.decode(password);
  } catch {
    return password; // Not UTF-8: the answer is the password itself.
  }
  const prepared = saslprep(text);
  return prepared === undefined ? password : Buffer.from(prepared);
}
