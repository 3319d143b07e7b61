import { problem, readSettingFile } from './pem.ts';

/** What OpenSSL takes of each, in bytes. */
const LONGEST_IDENTITY = 256;
const LONGEST_KEY = 512;
const SETTING = 'tls.psk.file';

/** Pre-shared keys by identity. */
export type PskKeys = ReadonlyMap<string, Buffer>;

/**
 * Reads pre-shared keys, a line `identity:key` each, as mosquitto's psk_file has them.
 *
 * @throws {ListenerError} TLS_FILE, with the line but not what it holds
 */
export async function readPskKeys(file: string): Promise<PskKeys> {
  const keys = new Map<string, Buffer>();
  const lines = (await readSettingFile(SETTING, file)).split('\n');
  lines.forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const wrong = whatIsWrong(line, keys);
    if (wrong !== null) throw problem(SETTING, file, `line ${index + 1}: ${wrong}`);
    const colon = line.indexOf(':');
    keys.set(line.slice(0, colon), Buffer.from(line.slice(colon + 1), 'hex'));
  });
  if (keys.size === 0) throw problem(SETTING, file, 'there is no key in it; write lines "identity:key in hexadecimal"');
  return keys;
}

/** Identities whose key is another now, or gone. */
export function changedKeys(before: PskKeys, now: PskKeys | null): string[] {
  return [...before]
    .filter(([identity, key]) => now?.get(identity)?.equals(key) !== true)
    .map(([identity]) => identity);
}

function whatIsWrong(line: string, before: PskKeys): string | null {
  const colon = line.indexOf(':');
  if (colon < 1) return 'it is not "identity:key"; write an identity, a colon and the key in hexadecimal';
  const identity = line.slice(0, colon);
  const key = line.slice(colon + 1);
  if (Buffer.byteLength(identity) > LONGEST_IDENTITY) return `its identity is longer than ${LONGEST_IDENTITY} bytes`;
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(key)) return 'its key is not hexadecimal with two digits a byte';
  if (key.length > 2 * LONGEST_KEY) return `its key is longer than ${LONGEST_KEY} bytes`;
  if (before.has(identity)) return 'its identity has a key already; leave one of the lines';
  return null;
}
