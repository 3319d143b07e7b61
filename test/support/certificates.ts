import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempDir } from './temp-dir.ts';
import { findTool } from './tools.ts';

/** Files of a certificate and its key. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** In openssl's notation: `DNS:localhost,IP:127.0.0.1,email:ann@example.org`. */
  readonly san?: string;
  /** Its time is over; default false. */
  readonly expired?: boolean;
  /** Default `serverAuth,clientAuth`. */
  readonly usage?: string;
  /** Encrypts the key. */
  readonly password?: string;
  /** Instead of `/CN=name`. */
  readonly subject?: string;
}

const CONFIG = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
unique_subject = no
policy = any
email_in_dn = no
[any]
commonName = optional
organizationName = optional
[req]
distinguished_name = dn
x509_extensions = ca_extensions
[dn]
[ca_extensions]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
`;

/** A certificate authority in a temporary folder, made and run with the openssl command. */
export class Authority {
  readonly folder: string;
  /** Its own certificate. */
  readonly file: string;

  /** @param name common name of the authority */
  constructor(t: TestContext, name = 'Test Authority') {
    this.folder = tempDir(t);
    this.file = join(this.folder, 'ca.pem');
    this.#write('ca.cnf', CONFIG);
    this.#write('index.txt', '');
    this.#write('serial', '1000\n');
    this.#write('crlnumber', '01\n');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key'];
    this.#openssl('req', '-x509', '-config', 'ca.cnf', ...key, '-days', '30', '-subj', `/CN=${name}`, '-out', 'ca.pem');
  }

  /** Issues a certificate. @param name its common name, and the name of its files; an earlier one is replaced */
  issue(name: string, options: IssueOptions = {}): Issued {
    const { san, expired = false, usage = 'serverAuth,clientAuth', password, subject = `/CN=${name}` } = options;
    const protect = password === undefined ? ['-nodes'] : ['-passout', `pass:${password}`];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...protect, '-keyout', `${name}.key`];
    this.#openssl('req', '-config', 'ca.cnf', ...key, '-subj', subject, '-out', `${name}.csr`);
    const names = san === undefined ? '' : `subjectAltName = ${san}\n`;
    this.#write(`${name}.ext`, `basicConstraints = CA:FALSE\nextendedKeyUsage = ${usage}\n${names}`);
    const time = expired ? ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z'] : [];
    const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
    this.#openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', ...files, ...time);
    return { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) };
  }

  /** Revokes these and writes its revocation list anew. Returns the list's file. */
  revoke(...certificates: readonly Issued[]): string {
    for (const { cert } of certificates) this.#openssl('ca', '-config', 'ca.cnf', '-revoke', cert);
    this.#openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'crl.pem');
    return join(this.folder, 'crl.pem');
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  #openssl(...args: readonly string[]): void {
    const { status, stderr } = spawnSync(findTool('openssl'), args, { cwd: this.folder, encoding: 'utf8' });
    if (status === 0 && existsSync(this.folder)) return;
    throw new Error(`openssl ${args.join(' ')} failed with ${status}:\n${stderr}`);
  }
}
