import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { ListenerError, type UnixPlace } from './listener.ts';

/** Who may connect where nothing says otherwise: owner and group. */
const DEFAULT_MODE = 0o660;
/** Bytes of a path that the system takes for a socket, its end included. */
const LONGEST_PATH = process.platform === 'linux' ? 108 : 104;
/** Name of the folder a socket is made in, and of the socket there. */
const MAKING_IN = '.new-';
const MADE_AS = 's';

/** The file of a listening Unix socket. */
export class SocketFile {
  readonly path: string;
  readonly #inode: bigint;

  constructor(path: string) {
    this.path = path;
    this.#inode = lstatSync(path, { bigint: true }).ino;
  }

  /** Removes it, unless another program has put its own there meanwhile. */
  remove(): void {
    if (lstatSync(this.path, { bigint: true, throwIfNoEntry: false })?.ino === this.#inode) unlinkSync(this.path);
  }
}

/**
 * Has a server listen on a Unix socket whose file appears at its path with its permissions and not before: it is made in
 * a folder that nobody else may enter, then moved.
 *
 * @throws {ListenerError} SOCKET_IN_USE, SOCKET_PATH
 */
export async function listenOnPath(server: net.Server, place: UnixPlace, backlog: number): Promise<SocketFile> {
  const { path, mode = DEFAULT_MODE } = place;
  await checkFree(path);
  const folder = makeFolder(path);
  try {
    const temporary = join(folder, MADE_AS);
    await listen(server, temporary, backlog);
    chmodSync(temporary, mode);
    renameSync(temporary, path);
    return new SocketFile(path);
  } catch (error) {
    server.close();
    throw new ListenerError('SOCKET_PATH', `cannot listen on ${path}: ${codeOf(error)}; check its folder`, error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeFolder(path: string): string {
  const longest = Buffer.byteLength(join(dirname(path), `${MAKING_IN}XXXXXX`, MADE_AS));
  if (Math.max(longest, Buffer.byteLength(path)) >= LONGEST_PATH) {
    const limit = `the system takes paths of ${LONGEST_PATH - 1} bytes`;
    throw new ListenerError(
      'SOCKET_PATH',
      `cannot listen on ${path}: its path is too long (${limit}); use a shorter one`,
    );
  }
  try {
    return mkdtempSync(join(dirname(path), MAKING_IN)); // with mode 0700
  } catch (error) {
    const help = 'its folder must be there, and the broker must be allowed to write to it';
    throw new ListenerError('SOCKET_PATH', `cannot listen on ${path}: ${codeOf(error)}; ${help}`, error);
  }
}

function listen(server: net.Server, path: string, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A socket that nobody listens on any more may be replaced, nothing else. */
async function checkFree(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) {
    const help = 'name a path that is free, or remove what is there';
    throw new ListenerError('SOCKET_PATH', `cannot listen on ${path}: there is something else than a socket; ${help}`);
  }
  const answer = await tryToConnect(path);
  if (answer === 'ECONNREFUSED' || answer === 'ENOENT') return;
  const who =
    answer === 'connected' ? 'another program listens on it' : `whether it is in use is not known (${answer})`;
  const help = 'stop that program, or use another path';
  throw new ListenerError('SOCKET_IN_USE', `cannot listen on ${path}: ${who}; ${help}`);
}

function tryToConnect(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', (error) => resolve(codeOf(error)));
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
