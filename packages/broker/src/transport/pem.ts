import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ListenerError } from './listener.ts';

/** Largest file that is read: the certificates of all public authorities together have a quarter of a megabyte. */
const LARGEST_FILE = 64 * 2 ** 20;

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path',
  EACCES: 'the broker may not read it; change its owner or permissions',
  EISDIR: 'it is a folder; name the file in it',
};

/**
 * A file as text.
 *
 * @param setting what names the file in the configuration, for the error: `tls.cert`
 * @throws {ListenerError} TLS_FILE
 */
export async function readSettingFile(setting: string, file: string): Promise<string> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > LARGEST_FILE) throw problem(setting, file, 'it is too large to be what it should');
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof ListenerError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw problem(setting, file, READ_PROBLEMS[code] ?? `it cannot be read (${code})`, error);
  }
}

/** The error about one file. */
export function problem(setting: string, file: string, what: string, cause?: unknown): ListenerError {
  return new ListenerError('TLS_FILE', `${setting}: ${file}: ${what}`, cause);
}

/** The PEM blocks of a kind. */
function blocksOf(pem: string, kind: string): string[] {
  return pem.match(new RegExp(`-----BEGIN ${kind}-----[^-]*-----END ${kind}-----`, 'g')) ?? [];
}

/**
 * Certificates in a file, one at least, each of which can be read.
 *
 * @throws {ListenerError} TLS_FILE
 */
export async function readCertificates(setting: string, file: string): Promise<X509Certificate[]> {
  const blocks = blocksOf(await readSettingFile(setting, file), '(?:TRUSTED |X509 )?CERTIFICATE');
  if (blocks.length === 0) {
    throw problem(setting, file, 'there is no certificate in it; it must be PEM ("-----BEGIN CERTIFICATE-----")');
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      const which = blocks.length === 1 ? 'its certificate' : `certificate ${index + 1} of ${blocks.length}`;
      throw problem(setting, file, `${which} is damaged; copy the file again`, error);
    }
  });
}

/**
 * Revocation lists in a file, one at least, each as PEM.
 *
 * @throws {ListenerError} TLS_FILE
 */
export async function readRevocationLists(setting: string, file: string): Promise<string[]> {
  const blocks = blocksOf(await readSettingFile(setting, file), 'X509 CRL');
  if (blocks.length === 0) {
    throw problem(setting, file, 'there is no revocation list in it; it must be PEM ("-----BEGIN X509 CRL-----")');
  }
  for (const crl of blocks) {
    try {
      createSecureContext({ crl });
    } catch (error) {
      throw problem(setting, file, 'a revocation list in it is damaged; make it again', error);
    }
  }
  return blocks;
}

/**
 * A private key.
 *
 * @throws {ListenerError} TLS_FILE; neither its text nor its cause holds anything of key or password
 */
export async function readPrivateKey(setting: string, file: string, password?: string): Promise<KeyObject> {
  const pem = await readSettingFile(setting, file);
  if (!/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(pem)) {
    throw problem(setting, file, 'there is no private key in it; it must be PEM ("-----BEGIN PRIVATE KEY-----")');
  }
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(password === undefined ? {} : { passphrase: password }) });
  } catch {
    const encrypted = /ENCRYPTED/.test(pem);
    if (!encrypted) throw problem(setting, file, 'its private key is damaged; copy the file again');
    const what = password === undefined ? 'it is encrypted; set keyPassword' : 'keyPassword does not open it';
    throw problem(setting, file, what);
  }
}
