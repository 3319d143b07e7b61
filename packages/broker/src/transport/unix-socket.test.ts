import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listenOnPath, type SocketFile } from './unix-socket.ts';

function pathIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-unix-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'socket');
}

async function listen(t: TestContext, path: string, mode?: number): Promise<SocketFile> {
  // Who only looks whether somebody listens resets the connection.
  const server = net.createServer((socket) => socket.on('error', () => socket.destroy()).end('hello'));
  t.after(() => server.close());
  return listenOnPath(server, { path, mode }, 16);
}

function answerOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path }).setEncoding('utf8');
    socket.once('data', (text) => resolve(String(text))).once('error', reject);
  });
}

test('the file has the mode asked for whatever the umask is, and nothing else is left in the folder', async (t) => {
  for (const [mode, expected] of [
    [undefined, 0o660],
    [0o600, 0o600],
    [0o666, 0o666],
  ] as const) {
    const path = pathIn(t);
    await listen(t, path, mode);
    assert.equal(statSync(path).mode & 0o777, expected);
    assert.deepEqual(readdirSync(join(path, '..')), ['socket']);
    assert.equal(await answerOf(path), 'hello');
  }
});

test('the socket of a program that died is replaced', async (t) => {
  const path = pathIn(t);
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok(existsSync(path));
  await listen(t, path);
  assert.equal(await answerOf(path), 'hello');
});

test('a socket that is in use is left alone, with an error that says so', async (t) => {
  const path = pathIn(t);
  await listen(t, path);
  await assert.rejects(listen(t, path), { code: 'SOCKET_IN_USE', message: /another program listens on it; stop/ });
  assert.equal(await answerOf(path), 'hello');
});

test('anything but a socket is left alone, with an error that says so', async (t) => {
  const path = pathIn(t);
  writeFileSync(path, 'precious');
  await assert.rejects(listen(t, path), { code: 'SOCKET_PATH', message: /something else than a socket/ });
  assert.deepEqual(readdirSync(join(path, '..')), ['socket']);
});

test('a folder that is not there, or a path too long for the system, is an error that says so', async (t) => {
  await assert.rejects(listen(t, '/nowhere/at/all'), {
    code: 'SOCKET_PATH',
    message: /ENOENT; its folder must be there/,
  });
  const long = join(pathIn(t), '..', 'x'.repeat(120));
  await assert.rejects(listen(t, long), { code: 'SOCKET_PATH', message: /too long .*use a shorter one/ });
});

test('the file is removed at the end, unless another program has replaced it', async (t) => {
  const path = pathIn(t);
  const file = await listen(t, path);
  file.remove();
  assert.equal(existsSync(path), false);
  file.remove();
  const second = await listen(t, path);
  unlinkSync(path);
  writeFileSync(path, 'of somebody else');
  second.remove();
  assert.equal(existsSync(path), true);
});
