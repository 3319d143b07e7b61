import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './free-port.ts';
import { type ExitStatus, type StartedProcess, startProcess } from './process.ts';
import { tempDir } from './temp-dir.ts';
import { findTool } from './tools.ts';

/** What a mosquitto of a test's own is started with. */
export interface MosquittoSettings {
  /** Text of its ACL file. */
  readonly acl: string;
  /** Made with {@link mosquittoPasswords}. */
  readonly passwordFile: string;
}

/** A mosquitto that listens on 127.0.0.1, or the end it came to where it did not accept its files. */
export type StartedMosquitto = { readonly port: number; stop(): Promise<ExitStatus> } | { readonly refused: string };

/** A password file for these users, whose passwords are their names. */
export function mosquittoPasswords(t: TestContext, users: readonly string[]): string {
  const file = join(tempDir(t), 'passwords');
  const tool = findTool('mosquitto_passwd');
  for (const [at, user] of users.entries()) {
    const { status, stderr } = spawnSync(tool, ['-b', ...(at === 0 ? ['-c'] : []), file, user, user]);
    if (status !== 0) throw new Error(`mosquitto_passwd failed for ${user}: ${stderr}`);
  }
  chmodSync(file, 0o644);
  return file;
}

/** Starts a mosquitto of its own; it is ended with the test. */
export async function startMosquitto(
  t: TestContext,
  { acl, passwordFile }: MosquittoSettings,
): Promise<StartedMosquitto> {
  const folder = tempDir(t);
  const aclFile = join(folder, 'acl');
  writeFileSync(aclFile, acl);
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  const user = process.getuid?.() === 0 ? 'user root\n' : '';
  writeFileSync(
    config,
    `${user}set_tcp_nodelay true\nlistener ${port} 127.0.0.1\nallow_anonymous true\nacl_file ${aclFile}\npassword_file ${passwordFile}\n`,
  );
  const started = startProcess(t, findTool('mosquitto'), ['-v', '-c', config]);
  const end = await Promise.race([running(started), started.waitForExit()]);
  if (end !== 'running') return { refused: started.stderr };
  const stop = (): Promise<ExitStatus> => {
    started.kill('SIGTERM');
    return started.waitForExit();
  };
  return { port, stop };
}

/** Never settles for a process that ends first, which is not a failure here. */
const running = (started: StartedProcess): Promise<'running'> =>
  new Promise((resolve) => {
    started.waitForLine(/mosquitto version .* running/).then(
      () => resolve('running'),
      () => {}, // It ended before it ran; the caller waits for that too and says so.
    );
  });
