// What Node writes when the program crashes: none of the secrets that came through the environment.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../support/broker.ts';
import { tempDir } from '../support/temp-dir.ts';

const bin = fileURLToPath(new URL('../../packages/cli/bin/cauldron.js', import.meta.url));

test('a diagnostic report of a running broker does not hold its environment', async (t) => {
  const folder = tempDir(t);
  const report = ['--report-on-signal', '--report-signal=SIGUSR2', `--report-directory=${folder}`];
  const args = [...report, bin, 'broker', '-p', '0', '--host', '127.0.0.1', '--memory'];
  const broker = spawn(process.execPath, args, {
    env: { ...process.env, SOUP_SECRET: 'basil-and-thyme' },
    stdio: 'pipe',
  });
  t.after(() => broker.kill('SIGKILL'));
  const [banner] = (await once(broker.stdout, 'data')) as [Buffer];
  assert.match(String(banner), /listens/);
  broker.kill('SIGUSR2');
  const written = () => readdirSync(folder).filter((name) => name.endsWith('.json'));
  const whole = () => written().some((name) => readFileSync(join(folder, name), 'utf8').trimEnd().endsWith('}'));
  await until('a report', whole);
  const text = readFileSync(join(folder, written()[0]!), 'utf8');
  assert.match(text, /nodejsVersion/);
  assert.doesNotMatch(text, /basil-and-thyme/);
});
