import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from './process.ts';

const SAY = "console.log('port 4711'); setInterval(() => {}, 1000)";

test('a line is found whether it was printed before or after the wait began', async (t) => {
  const started = startProcess(t, process.execPath, ['-e', SAY]);
  assert.equal((await started.waitForLine(/port (\d+)/))[1], '4711');
  assert.equal((await started.waitForLine(/port (\d+)/))[1], '4711');
});

test('waiting for a line of a process that ends without it fails with its output and exit code', async (t) => {
  const started = startProcess(t, process.execPath, ['-e', "console.error('no luck'); process.exitCode = 3"]);
  await assert.rejects(started.waitForLine(/port/), /ended before a line matched.*exit code 3[\s\S]*no luck/);
});

test('waiting for a line that never comes fails after the timeout', async (t) => {
  const started = startProcess(t, process.execPath, ['-e', SAY]);
  await assert.rejects(started.waitForLine(/never/, 50), /no line matched \/never\/ within 50 ms/);
});

test('a program that does not exist is an error, not a wait', async (t) => {
  const started = startProcess(t, 'no-such-program', []);
  await assert.rejects(started.waitForExit(), /"no-such-program" could not be started/);
});

test('input is handed over and the exit status reported', async (t) => {
  const started = startProcess(t, process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], { input: 'hello' });
  assert.deepEqual(await started.waitForExit(), { code: 0, signal: null });
  assert.equal(started.stdout, 'hello');
});

test('a killed process reports its signal', async (t) => {
  const started = startProcess(t, process.execPath, ['-e', SAY]);
  await started.waitForLine(/port/);
  started.kill('SIGKILL');
  assert.deepEqual(await started.waitForExit(), { code: null, signal: 'SIGKILL' });
});
