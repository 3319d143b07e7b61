// MQTT over Unix sockets, with the mosquitto clients.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Authority } from '../support/certificates.ts';
import { startListener } from '../support/listener.ts';
import { startProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { findTool } from '../support/tools.ts';

test('mosquitto_pub connects through a Unix socket with the permissions asked for; the file is gone when it stops', async (t) => {
  const folder = tempDir(t);
  const path = join(folder, 'broker.sock');
  const { listener, logins } = await startListener(t, { path, mode: 0o600 });
  assert.equal(listener.url, `mqtt+unix://${path}`);
  assert.deepEqual(listener.address, { host: '', port: 0, path });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['broker.sock']);
  const args = ['--unix', path, '-t', 'a', '-m', 'hello', '-q', '1'];
  const child = startProcess(t, findTool('mosquitto_pub'), args);
  assert.deepEqual(await child.waitForExit(), { code: 0, signal: null });
  assert.equal(logins[0]?.remoteAddress, `unix:${path}`);
  listener.stopAccepting();
  assert.equal(existsSync(path), false);
});

test('TLS goes over a Unix socket as well', async (t) => {
  const path = join(tempDir(t), 'broker.sock');
  const tls = new Authority(t).issue('server');
  const { listener } = await startListener(t, { path, tls });
  assert.equal(listener.url, `mqtts+unix://${path}`);
  const child = startProcess(t, findTool('openssl'), ['s_client', '-brief', '-unix', path]);
  await child.waitForLine(/CONNECTION ESTABLISHED/);
});
