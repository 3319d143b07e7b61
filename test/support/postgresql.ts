import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import type { Cleanup } from './process.ts';
import { makeServerCertificate } from './server-certificate.ts';
import { findTool } from './tools.ts';

/** A private PostgreSQL server on 127.0.0.1. */
export interface Postgresql {
  readonly daemon: Daemon;
  readonly port: number;
  /** Folder of its Unix socket. */
  readonly folder: string;
  /** File of the authority that signed its certificate, which is for 127.0.0.1 and no name. */
  readonly ca: string;
  /** Runs statements as the superuser. @param database default `postgres` */
  run(sql: string, database?: string): Promise<void>;
  /** Brings it back to answering, whatever a test did to it. */
  restore(): Promise<void>;
}

/** Its superuser, who logs in with a password (SCRAM). */
export const OWNER = { user: 'postgres', password: 'owner-secret' };

/** Debian's account for it: PostgreSQL refuses to run as root. */
const ACCOUNT = 'postgres';

/** Starts one that is ended, and whose folder is removed, when the test ends. */
export async function startPostgresql(t: Cleanup): Promise<Postgresql> {
  const user = process.getuid?.() === 0 ? ACCOUNT : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-postgresql-'));
  const port = await freePort();
  const data = join(folder, 'data');
  const daemon = new Daemon({
    command: [findTool('postgres'), '-D', data, '-p', `${port}`, ...settings(folder)],
    port,
    // "Immediate shutdown": it ends its children, and leaves its files as a crash would.
    stopSignal: 'SIGQUIT',
    user,
  });
  t.after(async () => {
    await daemon.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const { ca } = makeServerCertificate(folder, 'IP:127.0.0.1');
  prepare(folder, data, user);
  const run = (sql: string, database?: string): Promise<void> => runAsOwner(port, sql, database);
  const restore = async (): Promise<void> => {
    await daemon.restore();
    await untilReady(run);
  };
  await restore();
  return { daemon, port, folder, ca, run, restore };
}

function settings(folder: string): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    ssl: 'on',
    ssl_cert_file: join(folder, 'server.pem'),
    ssl_key_file: join(folder, 'server.key'),
    fsync: 'off',
    max_connections: '30',
    shared_buffers: '16MB',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Gives the folder to the server's account and lays the cluster out. */
function prepare(folder: string, data: string, user: string | undefined): void {
  const passwordFile = join(folder, 'owner');
  writeFileSync(passwordFile, `${OWNER.password}\n`);
  chmodSync(join(folder, 'server.key'), 0o600);
  if (user !== undefined) {
    const owner = Number(spawnSync('id', ['-u', user], { encoding: 'utf8' }).stdout);
    for (const path of [folder, passwordFile, join(folder, 'server.key')]) chownSync(path, owner, -1);
  }
  const as = user === undefined ? [] : ['--reuid', user, '--regid', user, '--clear-groups'];
  const options = ['-U', OWNER.user, '--pwfile', passwordFile, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C'];
  const args = [...as, findTool('initdb'), '-D', data, ...options, '--no-sync'];
  const result = spawnSync(findTool('setpriv'), args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`initdb failed:\n${result.stdout}\n${result.stderr}`);
}

async function runAsOwner(port: number, sql: string, database = 'postgres'): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port, ...OWNER, database, ssl: false });
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** It listens before it lets anybody in. */
async function untilReady(run: (sql: string) => Promise<void>): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      return await run('SELECT 1');
    } catch (error) {
      // 57P03: it is starting up.
      if ((error as { code?: string }).code !== '57P03' || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
