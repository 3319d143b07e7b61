import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type Broker, createBroker } from '@cauldron/broker';
import { freePort } from '../../../../test/support/free-port.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { parseArgs } from '../args.ts';
import { type Io, UsageError } from '../command.ts';
import type { Opener } from '../demo/browser.ts';
import { type DemoCommandDeps, demoCommand } from './demo.ts';

type Start = Parameters<DemoCommandDeps['start']>;

/** One run of the command with a real broker, and a desktop that only notes what is opened. */
class Run {
  readonly opened: Opener[] = [];
  readonly code: Promise<number>;
  broker: Broker | null = null;
  stdout = '';
  stderr = '';
  #signal: (signal: 'SIGINT') => void = () => assert.fail('the command does not listen to signals');

  constructor(
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; isTTY?: boolean; start?: (...args: Start) => Promise<Broker> } = {},
  ) {
    const { env = {}, isTTY = false, start = createBroker } = options;
    const command = demoCommand({
      start: async (...how) => {
        this.broker = await start(...how);
        return this.broker;
      },
      exit: () => assert.fail('nothing is to be cut short'),
      open: (opener) => this.opened.push(opener),
      platform: 'linux',
    });
    const stdout = new PassThrough().on('data', (chunk) => (this.stdout += chunk));
    const io: Io = {
      stdout: Object.assign(stdout, { isTTY }),
      stderr: new PassThrough().on('data', (chunk) => (this.stderr += chunk)),
      stdin: new PassThrough(),
      env,
      onSignal: (handler) => {
        this.#signal = handler;
        return () => {};
      },
    };
    this.code = command.run(parseArgs(args, command.flags), io);
  }

  /** Runs it until its link is out, and then stops it. */
  async stopped(): Promise<this> {
    let isOver = false;
    const end = this.code.finally(() => {
      isOver = true;
    });
    while (!this.stdout.includes('Look at it') && !isOver) await new Promise((resolve) => setTimeout(resolve, 5));
    if (!isOver) this.#signal('SIGINT');
    await end;
    return this;
  }
}

const free = ['-p', '0', '--ws-port', '0'];

/** Takes a port for the length of a test. */
async function take(t: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

test('it says where it listens and what to try, the link last, and stops with 0', async () => {
  const run = await new Run(free).stopped();
  assert.match(
    run.stdout,
    /^Cauldron listens on mqtt:\/\/127\.0\.0\.1:\d+\n {2}WebSocket {3}ws:\/\/127\.0\.0\.1:\d+\/mqtt\n/,
  );
  assert.match(run.stdout, /npx cauldron pub -t demo\/lamp\/led\/set -m on -r -p \d+\n/);
  const ws = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(run.stdout)![1];
  assert.ok(run.stdout.endsWith(`\nLook at it: http://127.0.0.1:${ws}/#/dashboards/demo\nstopping (SIGINT)\n`));
  assert.equal(await run.code, 0);
  assert.equal(run.stderr, '');
});

test('the link is opened where somebody sits at a desktop, and --no-open keeps it from that', async () => {
  const desktop = { env: { DISPLAY: ':0' }, isTTY: true };
  const run = await new Run(free, desktop).stopped();
  const link = /Look at it: (\S+)/.exec(run.stdout)![1]!;
  assert.deepEqual(run.opened, [{ command: 'xdg-open', args: [link] }]);
  assert.deepEqual((await new Run([...free, '--no-open'], desktop).stopped()).opened, []);
  assert.deepEqual((await new Run(free, { ...desktop, isTTY: false }).stopped()).opened, []);
});

for (const [flag, letter] of [
  ['-p', 'p'],
  ['--ws-port', 'w'],
] as const) {
  test(`a port given with ${flag} that somebody has is said, and nothing runs`, async (t) => {
    const port = await take(t);
    const other = letter === 'p' ? ['--ws-port', '0'] : ['-p', '0'];
    const run = await new Run([flag, `${port}`, ...other]).stopped();
    assert.equal(await run.code, 1);
    assert.match(run.stderr, new RegExp(`^cauldron demo: port ${port} on 127.0.0.1 is already in use.* with ${flag} `));
    assert.equal(run.stdout, '');
  });
}

test('a data folder that cannot be used is said in one line', async (t) => {
  const file = join(tempDir(t), 'file');
  writeFileSync(file, '');
  const run = await new Run([...free, '--data', file]).stopped();
  assert.equal(await run.code, 1);
  assert.match(run.stderr, /^cauldron demo: cannot make the data folder .*\n$/);
});

test('with --data the lamp of the next demo is as this one was told', async (t) => {
  const data = ['--data', join(tempDir(t), 'data')];
  const first = new Run([...free, ...data]);
  await untilSaid(first, 'Look at it');
  first.broker!.publish('demo/lamp/led/set', 'on', { qos: 1, retain: true });
  await first.stopped();
  const second = new Run([...free, ...data]);
  await untilSaid(second, 'Look at it');
  const states: string[] = [];
  second.broker!.subscribe('demo/lamp/+', ({ topic, payload }) => states.push(`${topic} ${Buffer.from(payload)}`));
  const deadline = Date.now() + 5000;
  while (!states.includes('demo/lamp/led on') && Date.now() < deadline)
    await new Promise((next) => setTimeout(next, 5));
  assert.ok(states.includes('demo/lamp/led on'), states.join(', '));
  await second.stopped();
  assert.match(second.stdout, /kept {8}in .*data\n/);
});

async function untilSaid(run: Run, text: string): Promise<void> {
  while (!run.stdout.includes(text)) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const args of [['here'], ['-p', 'x'], ['--ws-port', '70000'], ['-p', '-1']]) {
  test(`refused as no way to call it: ${args.join(' ')}`, async () => {
    await assert.rejects(new Run(args).code, UsageError);
  });
}

test('usual ports that somebody has are replaced by free ones, and that is said', async () => {
  const free = [await freePort(), await freePort()];
  const tried: number[][] = [];
  // A stand-in for the machine, on which the usual ports may be free or not.
  const start = async (...[config, options]: Start): Promise<Broker> => {
    const ports = config.listeners!.map(({ port }) => port ?? 0);
    tried.push(ports);
    const taken = ports.find((port) => port === 1883 || port === 8083);
    if (taken !== undefined) {
      const error = { code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port: taken };
      throw new Error('a listener failed', { cause: Object.assign(new Error('taken'), error) });
    }
    const listeners = config.listeners!.map((one, i) => ({ ...one, port: free[i]! }));
    return createBroker({ ...config, listeners }, options);
  };
  const run = await new Run([], { start }).stopped();
  assert.equal(await run.code, 0);
  assert.deepEqual(tried, [
    [1883, 8083],
    [0, 8083],
    [0, 0],
  ]);
  assert.ok(run.stdout.includes(`mqtt://127.0.0.1:${free[0]} (port 1883 is taken, perhaps by another broker)\n`));
  assert.ok(run.stdout.includes(`ws://127.0.0.1:${free[1]}/mqtt (port 8083 is taken, perhaps by another broker)\n`));
});
