import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from './tools.ts';

/** Files of a server's certificate, made for one test. */
export interface ServerCertificate {
  /** The authority that signed it. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes an authority and a certificate of it for 127.0.0.1, in PEM files of a folder.
 *
 * @param names what it is for, as openssl writes it
 */
export function makeServerCertificate(folder: string, names = 'IP:127.0.0.1,DNS:localhost'): ServerCertificate {
  const file = (name: string): string => join(folder, name);
  const [ca, caKey, cert, key, request] = ['ca.pem', 'ca.key', 'server.pem', 'server.key', 'server.csr'].map(file);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(['req', '-x509', ...curve, '-keyout', caKey!, '-out', ca!, '-days', '2', '-subj', '/CN=Test authority']);
  openssl(['req', ...curve, '-keyout', key!, '-out', request!, '-subj', '/CN=test server']);
  writeFileSync(file('names.cnf'), `subjectAltName=${names}\n`);
  const signed = ['-CA', ca!, '-CAkey', caKey!, '-CAcreateserial', '-days', '2', '-extfile', file('names.cnf')];
  openssl(['x509', '-req', '-in', request!, '-out', cert!, ...signed]);
  return { ca: ca!, cert: cert!, key: key! };
}

function openssl(args: readonly string[]): void {
  const result = spawnSync(findTool('openssl'), args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`openssl ${args.join(' ')} failed:\n${result.stderr}`);
}
