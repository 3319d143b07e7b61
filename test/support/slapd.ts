import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import type { Cleanup } from './process.ts';
import { makeServerCertificate } from './server-certificate.ts';
import { findTool } from './tools.ts';

/** A private OpenLDAP server on 127.0.0.1, whose directory is `dc=test`. */
export interface Slapd {
  readonly daemon: Daemon;
  /** Unencrypted, and willing to begin encryption. */
  readonly port: number;
  readonly url: string;
  /** Encrypted from the start. */
  readonly secureUrl: string;
  /** File of the authority that signed its certificate, which is for 127.0.0.1 and no name. */
  readonly ca: string;
}

/** The account that may read what `users` may not. */
export const READER = { dn: 'cn=reader,dc=test', password: 'reader-secret' };

/**
 * Starts one that is killed, and whose folder is removed, when the test ends.
 *
 * @param ldif entries below `dc=test`, which itself and {@link READER} are there already
 * @param settings further lines of slapd.conf, before the database
 */
export async function startSlapd(t: Cleanup, ldif: string, settings = ''): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-slapd-'));
  const [port, securePort] = [await freePort(), await freePort()];
  const [url, secureUrl] = [`ldap://127.0.0.1:${port}`, `ldaps://127.0.0.1:${securePort}`];
  const config = join(folder, 'slapd.conf');
  const command = [findTool('slapd'), '-f', config, '-h', `${url}/ ${secureUrl}/`, '-d', '0'];
  const daemon = new Daemon({ command, port });
  t.after(async () => {
    await daemon.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const certificate = makeServerCertificate(folder, 'IP:127.0.0.1');
  writeFileSync(config, configuration(folder, certificate, settings));
  mkdirSync(join(folder, 'db'));
  addEntries(config, `${ROOT}\n${ldif}`);
  await daemon.start();
  return { daemon, port, url, secureUrl, ca: certificate.ca };
}

const ROOT = `
dn: dc=test
objectClass: dcObject
objectClass: organization
o: test
dc: test

dn: ${READER.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: ${READER.password}
`;

function configuration(
  folder: string,
  certificate: { ca: string; cert: string; key: string },
  settings: string,
): string {
  return `
modulepath /usr/lib/ldap
moduleload back_mdb
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
TLSCACertificateFile ${certificate.ca}
TLSCertificateFile ${certificate.cert}
TLSCertificateKeyFile ${certificate.key}
sizelimit 500
${settings}
database mdb
suffix dc=test
directory ${join(folder, 'db')}
maxsize 16777216
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree=ou=groups,dc=test by dn.exact=${READER.dn} read by * none
access to * by dn.exact=${READER.dn} read by self read by * none
`;
}

/** Writes entries into a directory whose server does not run. */
function addEntries(config: string, ldif: string): void {
  const result = spawnSync(findTool('slapadd'), ['-f', config], { encoding: 'utf8', input: ldif });
  if (result.status !== 0) throw new Error(`slapadd failed:\n${result.stderr}`);
}
