// The programs in examples/, run as their comments say.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from '@cauldron/client';
import { ReasonCode } from '@cauldron/protocol';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { startBroker } from '../support/broker.ts';
import { type StartedProcess, startProcess } from '../support/process.ts';

const folder = join(repositoryRoot, 'examples');

function run(t: TestContext, args: readonly string[], env: Record<string, string> = {}): StartedProcess {
  const [file, ...rest] = args;
  return startProcess(t, process.execPath, [join(folder, file!), ...rest], { env });
}

test('each example is shorter than 80 lines, says how it is run, and has a test here', () => {
  const own = readFileSync(import.meta.filename, 'utf8');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    assert.ok(text.split('\n').length < 80, file);
    assert.match(text, new RegExp(`^//[^]*npx node .*examples/${file}`), file);
    assert.ok(own.includes(`'${file}'`), file);
  }
});

test('a broker in a test: the test of the example passes', async (t) => {
  // Without what this run told its own processes, it is a test run by itself.
  const started = run(t, ['broker-in-a-test.ts'], { NODE_TEST_CONTEXT: '' });
  assert.equal((await started.waitForExit()).code, 0, started.stdout);
  assert.match(started.stdout, /pass 1/);
});

test('the sensor is seen online, measuring, lost when it is killed, and offline when it is stopped', async (t) => {
  const { port } = await startBroker(t);
  const env = { BROKER: `mqtt://127.0.0.1:${port}` };
  const kitchen = run(t, ['temperature-sensor.ts', 'sensor', 'kitchen'], env);
  const cellar = run(t, ['temperature-sensor.ts', 'sensor', 'cellar'], env);
  await kitchen.waitForLine(/kitchen: online/);
  await cellar.waitForLine(/cellar: online/);
  const watcher = run(t, ['temperature-sensor.ts', 'watch'], env);
  await watcher.waitForLine(/^kitchen: online$/);
  await watcher.waitForLine(/^kitchen: \d+\.\d °C$/);
  kitchen.kill('SIGKILL');
  await watcher.waitForLine(/^kitchen: lost$/);
  cellar.kill('SIGINT');
  await watcher.waitForLine(/^cellar: offline$/);
  assert.equal((await cellar.waitForExit()).code, 0);
  watcher.kill('SIGINT');
  assert.equal((await watcher.waitForExit()).code, 0);
  assert.doesNotMatch(watcher.stdout, /cellar: lost/);
});

test('checked payloads: good ones get a time, bad ones are refused with the reason', async (t) => {
  const broker = run(t, ['checked-payloads.ts', '0']);
  const [, port] = await broker.waitForLine(/listening on mqtt:\/\/127\.0\.0\.1:(\d+)/);
  const client = await connect(`mqtt://127.0.0.1:${port}`);
  t.after(() => client.end());
  const received = new Promise<unknown>((resolve) => {
    void client.on('sensors/#', ({ properties }) => resolve(properties?.userProperties?.at(-1)?.[0]));
  });
  const send = (payload: string) => client.publish('sensors/kitchen', payload, { qos: 1 });
  const refusal = { code: 'PUBLISH_REFUSED', reasonCode: ReasonCode.payloadFormatInvalid };
  await assert.rejects(send('warm'), { ...refusal, message: /a measurement is JSON/ });
  await assert.rejects(send('{"celsius": -300}'), refusal);
  assert.equal((await send('{"celsius": 21.5}')).reasonCode, ReasonCode.success);
  assert.equal(await received, 'received');
  broker.kill('SIGTERM');
  assert.equal((await broker.waitForExit()).code, 0);
});
