// The programs in examples/, run as their comments say.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from '@cauldron/client';
import { ReasonCode } from '@cauldron/protocol';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { freePort } from '../support/free-port.ts';
import { type StartedProcess, startProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';

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

test('the durable sensor is killed without a broker and started again: all it kept arrives, in its order', async (t) => {
  const port = await freePort();
  const env = { BROKER: `mqtt://127.0.0.1:${port}` };
  const args = ['durable-sensor.ts', 'meter-1', join(tempDir(t), 'outbox.db')];
  const first = run(t, args, env);
  await first.waitForLine(/no broker: cannot reach .*connection refused/);
  await until('some were kept', () => [...first.stdout.matchAll(/^kept /gm)].length >= 2);
  first.kill('SIGKILL');
  await first.waitForExit();

  await startBroker(t, { listeners: [{ port }] });
  const client = await connect(env.BROKER);
  t.after(() => client.end());
  const got: string[] = [];
  await client.on('meters/meter-1/power', (message) => void got.push(message.text()), { qos: 1 });
  const second = run(t, args, env);
  await second.waitForLine(/^delivered, 0 wait$/);
  second.kill('SIGINT');
  assert.equal((await second.waitForExit()).code, 0, second.stderr);
  const kept = [...`${first.stdout}${second.stdout}`.matchAll(/^kept (.*)$/gm)].map(([, measurement]) => measurement!);
  // The kill may fall between the keeping of a message and the line that says so.
  await until('all arrived', () => kept.every((measurement) => got.includes(measurement)));
  assert.deepEqual(
    got.filter((measurement) => kept.includes(measurement)),
    kept,
  );
});

test('the durable sensor is stopped without a broker and says nothing that is no news', async (t) => {
  const env = { BROKER: `mqtt://127.0.0.1:${await freePort()}` };
  const sensor = run(t, ['durable-sensor.ts', 'meter-1', join(tempDir(t), 'outbox.db')], env);
  await sensor.waitForLine(/^kept /);
  sensor.kill('SIGINT');
  assert.equal((await sensor.waitForExit()).code, 0, sensor.stderr);
  assert.equal(sensor.stderr, '');
  assert.match(sensor.stdout, /^ended$/m);
});

test('the dashboard shows the last values, and goes on when its broker was restarted', async (t) => {
  const port = await freePort();
  const env = { BROKER: `mqtt://127.0.0.1:${port}` };
  const dashboard = run(t, ['dashboard.ts'], env);
  await dashboard.waitForLine(/^not connected: cannot reach/);
  const { broker } = await startBroker(t, { listeners: [{ port }] });
  const subscribed = nextEvent(broker, 'subscribe');
  await dashboard.waitForLine(/^connected, MQTT version 5$/);
  await subscribed;
  broker.publish('meters/kitchen/power', '{"watts": 200}');
  broker.publish('meters/cellar/power', '{"watts": 30}');
  broker.publish('meters/attic/power', 'cold');
  await dashboard.waitForLine(/^kitchen: 200 W \(all 1: 200 W\)$/);
  await dashboard.waitForLine(/^cellar: 30 W \(all 2: 230 W\)$/);
  await dashboard.waitForLine(/^attic: not JSON: cold$/);
  await broker.close();
  const { broker: next } = await startBroker(t, { listeners: [{ port }] });
  await nextEvent(next, 'subscribe');
  next.publish('meters/kitchen/power', '{"watts": 100}');
  await dashboard.waitForLine(/^kitchen: 100 W \(all 2: 130 W\)$/);
  dashboard.kill('SIGINT');
  assert.equal((await dashboard.waitForExit()).code, 0, dashboard.stderr);
});

test('who asks the calculator is answered, and told when nobody answers', async (t) => {
  const { port } = await startBroker(t);
  const env = { BROKER: `mqtt://127.0.0.1:${port}` };
  const alone = run(t, ['request-response.ts', 'ask', '6', '7'], env);
  assert.equal((await alone.waitForExit()).code, 1);
  assert.match(alone.stderr, /nobody answers/);
  const server = run(t, ['request-response.ts', 'serve'], env);
  await server.waitForLine(/^ready$/);
  const asking = run(t, ['request-response.ts', 'ask', '6', '7'], env);
  assert.equal((await asking.waitForExit()).code, 0, asking.stderr);
  assert.equal(asking.stdout, '42\n');
  assert.match(server.stdout, /^6 times 7$/m);
  server.kill('SIGINT');
  assert.equal((await server.waitForExit()).code, 0);
});
