import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { getCACertificates } from 'node:tls';
import type { Parsed } from './command.ts';
import { UsageError } from './command.ts';
import { choiceOf, isSet, textOf } from './values.ts';

const versions = { 'tlsv1.2': 'TLSv1.2', 'tlsv1.3': 'TLSv1.3' } as const satisfies Record<string, SecureVersion>;
const onlyWithTls = ['cert', 'key', 'insecure', 'tls-version', 'tls-alpn', 'ciphers'];

/**
 * The TLS options that the flags ask for, or undefined for a plain connection. TLS is on with a source of trust
 * (--cafile, --capath, --tls-use-os-certs), with an mqtts URL, and on port 8883.
 *
 * @throws {UsageError} flags that do not fit together, files that cannot be read
 */
export function tlsOptions(
  parsed: Parsed,
  from: { secure: boolean; port: number | undefined },
): ConnectionOptions | undefined {
  const ca = trusted(parsed);
  if (ca === undefined && !from.secure && from.port !== 8883) {
    const extra = onlyWithTls.find((name) => parsed.values[name] !== undefined);
    if (extra === undefined) return undefined;
    throw new UsageError(`--${extra} needs TLS; add --cafile FILE, --capath DIR or --tls-use-os-certs`);
  }
  const cert = textOf(parsed, 'cert');
  const key = textOf(parsed, 'key');
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key belong together; give both');
  const version = choiceOf(parsed, 'tls-version', Object.keys(versions) as (keyof typeof versions)[]);
  const alpn = textOf(parsed, 'tls-alpn');
  const ciphers = textOf(parsed, 'ciphers');
  return {
    ca: ca ?? getCACertificates('system'),
    ...(cert === undefined || key === undefined ? {} : { cert: read(cert, '--cert'), key: read(key, '--key') }),
    ...(version === undefined ? {} : { minVersion: versions[version], maxVersion: versions[version] }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
    ...(ciphers === undefined ? {} : { ciphers }),
    // The chain is still verified; only the name is not, as with mosquitto's flag.
    ...(isSet(parsed, 'insecure') ? { checkServerIdentity: () => undefined } : {}),
  };
}

function trusted(parsed: Parsed): string[] | undefined {
  const file = textOf(parsed, 'cafile');
  const folder = textOf(parsed, 'capath');
  const system = isSet(parsed, 'tls-use-os-certs');
  if (file === undefined && folder === undefined && !system) return undefined;
  return [
    ...(file === undefined ? [] : [read(file, '--cafile')]),
    ...(folder === undefined ? [] : readFolder(folder)),
    ...(system ? getCACertificates('system') : []),
  ];
}

function readFolder(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /\.(crt|pem)$/.test(name));
  } catch (error) {
    throw new UsageError(`--capath: cannot read the folder ${folder}: ${(error as Error).message}`);
  }
  if (names.length === 0) throw new UsageError(`--capath: there is no .crt or .pem file in ${folder}`);
  return names.map((name) => read(join(folder, name), '--capath'));
}

function read(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag}: cannot read ${file}: ${(error as Error).message}`);
  }
}
