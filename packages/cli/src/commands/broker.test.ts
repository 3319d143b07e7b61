import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { type Config, DEFAULT_DATA_DIRECTORY, loadConfig, parseConfig } from '@cauldron/broker/config';
import { exposureOf, listenerName, listenerUrl } from '@cauldron/broker/exposure';
import { parseArgs } from '../args.ts';
import { type Io, UsageError } from '../command.ts';
import { broker, brokerCommand, overridesOf } from './broker.ts';
import { bannerLines } from './broker-banner.ts';
import type { RunningBroker, StartBroker } from './broker-start.ts';

const folder = mkdtempSync(join(tmpdir(), 'cauldron-broker-'));
after(() => rmSync(folder, { recursive: true }));

type Signal = 'SIGINT' | 'SIGTERM';

/** One run of the command with everything around it replaced. */
class Run {
  readonly exits: number[] = [];
  readonly configs: Config[] = [];
  readonly code: Promise<number>;
  closed = 0;
  stdout = '';
  stderr = '';
  signal: (signal: Signal) => void = () => assert.fail('the command does not listen to signals');
  hangUp: () => void = () => assert.fail('the command does not listen to SIGHUP');
  readonly reloads: string[] = [];

  constructor(
    args: readonly string[],
    options: { start?: StartBroker; env?: NodeJS.ProcessEnv; stopLimit?: number } = {},
  ) {
    const start: StartBroker = async (input, deps) => {
      const config = parseConfig(input);
      this.configs.push(config);
      return options.start?.(input, deps) ?? this.#fake(config);
    };
    const command = brokerCommand({
      start,
      exit: (code) => this.exits.push(code),
      configFiles: [],
      ...(options.stopLimit !== undefined && { stopLimit: options.stopLimit }),
    });
    const io: Io = {
      stdout: new PassThrough().on('data', (chunk) => (this.stdout += chunk)),
      stderr: new PassThrough().on('data', (chunk) => (this.stderr += chunk)),
      stdin: new PassThrough(),
      env: options.env ?? {},
      onSignal: (handler) => {
        this.signal = handler;
        return () => {
          this.signal = () => assert.fail('the command has ended');
        };
      },
      onReload: (handler) => {
        this.hangUp = handler;
        return () => {
          this.hangUp = () => assert.fail('the command has ended');
        };
      },
    };
    this.code = command.run(parseArgs(args, command.flags), io);
  }

  /** Resolves when the broker runs and its banner is out. */
  async started(): Promise<this> {
    while (!/stop it|listening/.test(this.stdout + this.stderr)) await new Promise(setImmediate);
    return this;
  }

  async stopped(): Promise<this> {
    await this.started();
    this.signal('SIGTERM');
    await this.code;
    return this;
  }

  #fake(config: Config): RunningBroker {
    return {
      addresses: addressesOf(config),
      dashboardUrl: 'http://127.0.0.1:8083/',
      reload: async (input, { by }) => {
        this.reloads.push(by);
        return { failures: [], needsRestart: parseConfig(input).limits.maxConnections === 7 ? ['limits'] : [] };
      },
      close: async () => {
        this.closed += 1;
      },
    };
  }
}

const nothing: RunningBroker['reload'] = async () => ({ failures: [], needsRestart: [] });

const addressesOf = (config: Config) =>
  config.listeners.map((listener) => {
    const port = listener.port === 0 ? 54_321 : listener.port;
    const { host, path } = listener;
    return { name: listenerName(listener), host, port, path, url: listenerUrl(listener, port) };
  });

/** A start that really listens, as the broker does; on failure it leaves nothing open. */
function listening(servers: Server[]): StartBroker {
  return async (input) => {
    const config = parseConfig(input);
    try {
      for (const { host, port } of config.listeners) {
        const server = createServer().listen(port ?? 0, host ?? '127.0.0.1');
        servers.push(server);
        await once(server, 'listening');
      }
    } catch (error) {
      for (const server of servers) server.close();
      throw new Error('a listener failed', { cause: error });
    }
    return {
      addresses: addressesOf(config),
      reload: nothing,
      close: async () => servers.forEach((server) => void server.close()),
    };
  };
}

test('without flags it listens on both loopback addresses and says so, with what is open and how to try it', async () => {
  const run = await new Run([]).stopped();
  assert.deepEqual(run.configs, [parseConfig({ data: { directory: DEFAULT_DATA_DIRECTORY } })]);
  assert.match(run.stdout, /^Cauldron listens on mqtt:\/\/127\.0\.0\.1:1883 and mqtt:\/\/\[::1\]:1883\n/);
  assert.match(run.stdout, /^ {2}WebSocket {3}ws:\/\/127\.0\.0\.1:8083\/mqtt and ws:\/\/\[::1\]:8083\/mqtt\n/m);
  assert.match(run.stdout, /open to +programs on this machine only; no password is asked for\n/);
  assert.ok(
    run.stdout.includes(`  kept        in ${resolve('cauldron-data')} (durable: acknowledged means on disk)\n`),
  );
  assert.match(run.stdout, /npx cauldron sub -t 'hello\/#' -v\n/);
  assert.match(run.stdout, /npx cauldron pub -t hello\/world -m hi\n/);
  assert.equal(run.stderr, '');
});

test('a port alone opens both loopback addresses on it, and the hints name it', async () => {
  const run = await new Run(['-p', '1884']).stopped();
  assert.deepEqual(run.configs[0]?.listeners, [
    { host: '127.0.0.1', port: 1884 },
    { host: '::1', port: 1884 },
  ]);
  assert.match(run.stdout, /sub -t 'hello\/#' -v -p 1884\n/);
});

test('--ws-port opens a WebSocket listener beside the other, on the same address and with the same certificate', async () => {
  const opened = async (...args: string[]) => {
    const run = await new Run(args).stopped();
    const [first = '', second = ''] = run.stdout.split('\n');
    return [first.replace('Cauldron listens on ', ''), /WebSocket +(.*)/.exec(second)?.[1]];
  };
  assert.deepEqual(await opened('-p', '0', '--ws-port', '0'), ['mqtt://127.0.0.1:54321', 'ws://127.0.0.1:54321/mqtt']);
  assert.deepEqual(await opened('--ws-port', '9001'), [
    'mqtt://127.0.0.1:1883 and mqtt://[::1]:1883',
    'ws://127.0.0.1:9001/mqtt and ws://[::1]:9001/mqtt',
  ]);
  const open = ['--host', '0.0.0.0', '--password-file', 'p', '--cert', 'c.pem', '--key', 'k.pem', '--ws-port', '443'];
  assert.deepEqual(await opened(...open), ['mqtts://0.0.0.0:8883', 'wss://0.0.0.0:443/mqtt']);
  assert.deepEqual(await opened('-p', '1884'), ['mqtt://127.0.0.1:1884 and mqtt://[::1]:1884', undefined]);
  const wrong = new Run(['--ws-port', 'x']);
  assert.equal(await wrong.code, 2);
  assert.match(wrong.stderr, /^--ws-port: listeners\[2\]\.port: "x" is not accepted/);
});

test('a broker of WebSocket alone says where that is, and no commands that would not reach it', async () => {
  const file = join(folder, 'web.toml');
  writeFileSync(file, '[[listeners]]\nport = 8083\n[listeners.webSocket]\n');
  const { stdout } = await new Run(['-c', file]).stopped();
  assert.match(stdout, /^Cauldron listens on ws:\/\/127\.0\.0\.1:8083\/mqtt\n {2}open to/);
  assert.doesNotMatch(stdout, /try it/);
});

test('a WebSocket port in use is told with the flag that chooses another', async () => {
  const start: StartBroker = () => Promise.reject(failure('EADDRINUSE', '127.0.0.1', 8083));
  const run = new Run(['--ws-port', '8083'], { start });
  assert.equal(await run.code, 1);
  assert.match(run.stderr, /port 8083 .*already in use.*--ws-port 8084\n$/);
});

test('port 0 opens one address on a free port and prints that', async () => {
  const run = await new Run(['-p', '0']).stopped();
  assert.deepEqual(run.configs[0]?.listeners, [{ host: '127.0.0.1', port: 0 }]);
  assert.match(run.stdout, /mqtt:\/\/127\.0\.0\.1:54321\n/);
  assert.match(run.stdout, /-m hi -p 54321\n/);
});

test('an address that others can reach is not opened to everybody unless that was said: the three ways out are told', async () => {
  const run = new Run(['--host', '0.0.0.0']);
  assert.equal(await run.code, 2);
  assert.deepEqual(run.configs, []);
  assert.match(run.stderr, /^--host: listeners\[0\]: mqtt:\/\/0\.0\.0\.0:1883 can be reached from other machines/);
  for (const way of ['host = "127.0.0.1"', 'type = "password-file"', 'file = "passwords"', 'allowAnonymous = true'])
    assert.match(run.stderr, new RegExp(`^ +${way}$`, 'm'));
  assert.ok(run.stderr.includes('"cauldron passwd -c passwords USER"'));
  assert.match(run.stderr, /--host 127\.0\.0\.1 .*--password-file passwords .*--allow-anonymous\n$/);
});

test('with --allow-anonymous it is opened to everybody, which the banner and a warning say', async () => {
  const run = await new Run(['--host', '0.0.0.0', '--allow-anonymous']).stopped();
  assert.deepEqual(run.configs[0]?.listeners, [{ host: '0.0.0.0', port: 1883 }]);
  assert.match(run.stdout, /open to +other machines too; no password is asked for; not encrypted\n/);
  assert.match(run.stderr, /^WARNING: anyone who reaches mqtt:\/\/0\.0\.0\.0:1883 may read and publish everything/);
});

test('with --password-file a login is needed everywhere, and what can be overheard is said', async () => {
  const run = await new Run(['--host', '0.0.0.0', '--password-file', 'passwords']).stopped();
  assert.deepEqual(run.configs[0]?.authentication.providers, [
    { type: 'password-file', file: 'passwords', upgrade: true },
  ]);
  assert.match(run.stdout, /open to +other machines too; a login is needed; not encrypted\n/);
  assert.match(run.stdout, /sub -t 'hello\/#' -v -u USER --password-file FILE\n/);
  assert.match(run.stderr, /^WARNING: user names and passwords come over mqtt:\/\/0\.0\.0\.0:1883 unencrypted/);
  const local = await new Run(['--password-file', 'passwords']).stopped();
  assert.match(local.stdout, /open to +programs on this machine only; a login is needed\n/);
  assert.equal(local.stderr, '');
});

test('with --cert and --key it speaks TLS, on port 8883 unless another is given, and says so', async () => {
  const run = await new Run([
    '--host',
    '0.0.0.0',
    '--cert',
    'c.pem',
    '--key',
    'k.pem',
    '--password-file',
    'p',
  ]).stopped();
  const [listener] = run.configs[0]!.listeners;
  assert.deepEqual([listener?.host, listener?.port, listener?.tls?.cert], ['0.0.0.0', 8883, 'c.pem']);
  assert.match(run.stdout, /^Cauldron listens on mqtts:\/\/0\.0\.0\.0:8883\n/);
  assert.match(run.stdout, /open to +other machines too; a login is needed; encrypted \(TLS\)\n/);
  assert.match(run.stdout, /sub -t 'hello\/#' -v -p 8883 --cafile FILE -u USER --password-file FILE\n/);
  assert.equal(run.stderr, '');
  const local = await new Run(['--cert', 'c.pem', '--key', 'k.pem', '-p', '9999']).stopped();
  assert.deepEqual(
    local.configs[0]?.listeners.map(({ host, port }) => [host, port]),
    [
      ['127.0.0.1', 9999],
      ['::1', 9999],
    ],
  );
  await assert.rejects(new Run(['--cert', 'c.pem']).code, UsageError);
});

test('listeners that are open in different ways are told apart, and a Unix socket is named by its path', async () => {
  const file = join(folder, 'mixed.toml');
  writeFileSync(
    file,
    '[[listeners]]\npath = "/run/c.sock"\n[[listeners]]\nhost = "0.0.0.0"\nallowAnonymous = true\n[[authorization.rules]]\nallow = "read"\ntopic = "#"\n',
  );
  const run = await new Run(['-c', file]).stopped();
  assert.match(run.stdout, /^Cauldron listens on mqtt\+unix:\/\/\/run\/c\.sock and mqtt:\/\/0\.0\.0\.0:1883\n/);
  assert.match(
    run.stdout,
    /open to {5}programs on this machine only; no password is asked for \(mqtt\+unix:\/\/\/run\/c\.sock\)\n/,
  );
  assert.match(
    run.stdout,
    /^ {14}other machines too; no password is asked for; not encrypted \(mqtt:\/\/0\.0\.0\.0:1883\)$/m,
  );
  assert.match(run.stderr, /come in without a user name, and do what the rules let such clients do/);
  writeFileSync(file, '[[listeners]]\npath = "/run/c.sock"\n');
  assert.match((await new Run(['-c', file]).stopped()).stdout, /-m hi --unix \/run\/c\.sock\n/);
});

test('flags map to the configuration: memory, data, verbosity and format', async () => {
  const of = (...args: string[]) =>
    loadConfig({
      overrides: overridesOf(
        parseArgs(args, brokerCommand({ start: () => assert.fail(), exit: () => assert.fail() }).flags),
      ),
    }).config;
  assert.equal(of('--memory').data.memory, true);
  assert.deepEqual([of('--data', '/d').data.directory, of('--data', '/d').data.memory], ['/d', false]);
  assert.equal(of('-v').log.level, 'debug');
  assert.deepEqual(of('-v', '--log-level', 'warn', '--log-format', 'json').log, { level: 'warn', format: 'json' });
  assert.deepEqual(of('--acl-file', 'acl').authorization.aclFiles, ['acl']);
  assert.equal(of('--allow-anonymous').authentication.allowAnonymous, true);
  assert.throws(() => of('--memory', '--data', '/d'), UsageError);
  assert.throws(() => of('start'), UsageError);
});

test('the folder it keeps data in is named as a whole path, and memory with what asked for it', async () => {
  const kept = async (...args: string[]) => /^ {2}kept {8}(.*)$/m.exec((await new Run(args).stopped()).stdout)?.[1];
  const durable = '(durable: acknowledged means on disk)';
  assert.equal(await kept('--data', 'pot'), `in ${resolve('pot')} ${durable}`);
  const inMemory = 'in memory; sessions and retained messages are lost when it stops';
  assert.equal(await kept('--memory'), `${inMemory} (--memory)`);
  const file = join(folder, 'data.toml');
  writeFileSync(file, '[data]\ndirectory = "/d"\nmemory = true\nack = "memory"\n');
  assert.equal(await kept('-c', file), `${inMemory} (${file}:3)`);
  assert.equal(await kept('-c', file, '--data', '/e'), 'in /e (durable: acknowledged before it is on disk)');
});

test('a bad flag value is refused with what it takes, and nothing is started', async () => {
  const cases: [string[], RegExp][] = [
    [
      ['-p', 'abc'],
      /^-p\/--port: listeners\[0\]\.port: "abc" is not accepted; it takes a whole number from 0 to 65535/,
    ],
    [['-p', '70000'], /70000 is not accepted/],
    [['--host', 'a:1'], /^--host: listeners\[0\]\.host: "a:1" is not accepted; it takes an IP address/],
    [['--log-level', 'loud'], /^--log-level: log\.level: "loud" is not accepted/],
  ];
  for (const [args, expected] of cases) {
    const run = new Run(args);
    assert.equal(await run.code, 2);
    assert.match(run.stderr, expected);
    assert.deepEqual(run.configs, []);
  }
});

test('a configuration file is read and named, its mistakes end the start, and a missing one too', async () => {
  const file = join(folder, 'good.toml');
  writeFileSync(file, '[[listeners]]\nport = 1999\n');
  const run = await new Run(['-c', file]).stopped();
  assert.equal(run.configs[0]?.listeners[0]?.port, 1999);
  assert.ok(run.stdout.includes(`configured  ${file}\n`));

  writeFileSync(file, '[[listeners]]\nprot = 1999\n');
  const bad = new Run(['-c', file]);
  assert.equal(await bad.code, 2);
  assert.equal(bad.stderr, `${file}:2: listeners[0].prot: unknown key; did you mean port?\n`);

  const missing = new Run(['-c', join(folder, 'none.toml')]);
  assert.equal(await missing.code, 1);
  assert.match(missing.stderr, /none\.toml: cannot read the configuration file/);
});

test('an address in use is one clear line that names the port and how to choose another, exit code 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const servers: Server[] = [];
  const run = new Run(['--host', '127.0.0.1', '-p', String(port)], { start: listening(servers) });
  assert.equal(await run.code, 1);
  assert.match(
    run.stderr,
    new RegExp(`^cauldron broker: port ${port} on 127\\.0\\.0\\.1 is already in use, [^\\n]*-p \\d+\\n$`),
  );
  assert.equal(run.stdout, '');
  taken.close();
});

const failure = (code: string, address: string, port: number) =>
  Object.assign(new Error(`listen ${code}: ${address}:${port}`), { code, syscall: 'listen', address, port });

test('other reasons not to listen are told in one line each, and what is not about listening is not hidden', async () => {
  const cases: [Error, RegExp][] = [
    [failure('EACCES', '127.0.0.1', 80), /port 80 on 127\.0\.0\.1 may not be used: ports below 1024/],
    [failure('EADDRNOTAVAIL', '10.9.9.9', 1883), /this machine has no address 10\.9\.9\.9/],
    [failure('EMFILE', '127.0.0.1', 1883), /cannot listen on 127\.0\.0\.1: listen EMFILE/],
    [
      Object.assign(new Error('x'), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'nowhere' }),
      /host name nowhere is not known/,
    ],
  ];
  for (const [error, expected] of cases) {
    const run = new Run([], { start: () => Promise.reject(error) });
    assert.equal(await run.code, 1);
    assert.match(run.stderr, expected);
    assert.equal(run.stderr.split('\n').length, 2);
  }
  await assert.rejects(new Run([], { start: () => Promise.reject(new Error('a bug')) }).code, { message: 'a bug' });
});

test('a data folder that cannot be used is told in one line, as the store puts it, with exit code 1', async () => {
  const error = Object.assign(new Error('/d belongs to the broker with process id 7;\n  choose another'), {
    name: 'StoreError',
  });
  const run = new Run([], { start: () => Promise.reject(error) });
  assert.equal(await run.code, 1);
  assert.equal(run.stderr, 'cauldron broker: /d belongs to the broker with process id 7; choose another\n');
  assert.equal(run.stdout, '');
});

test('a file of users, rules or certificates that cannot be used is told as its reader puts it, with exit code 1', async () => {
  for (const name of ['ConfigError', 'ListenerError', 'AccessError', 'PasswordFileError', 'AuditFileError']) {
    const error = Object.assign(new Error('acl:3: what is wrong; what to do'), { name });
    const run = new Run([], { start: () => Promise.reject(error) });
    assert.equal(await run.code, 1);
    assert.equal(run.stderr, 'cauldron broker: acl:3: what is wrong; what to do\n');
  }
});

test('the broker is told where each value of its configuration was given', async () => {
  let origin: unknown;
  const start: StartBroker = async (input, { originOf }) => {
    origin = originOf(['authorization', 'aclFiles']);
    return { addresses: addressesOf(parseConfig(input)), reload: nothing, close: async () => {} };
  };
  await new Run(['--acl-file', 'acl'], { start }).stopped();
  assert.deepEqual(origin, { source: '--acl-file' });
});

test('SIGHUP has the broker take its configuration again, and says what needs a restart or is wrong', async () => {
  const file = join(folder, 'again.toml');
  writeFileSync(file, '[authorization]\n');
  const run = await new Run(['-c', file, '--log-format', 'text']).started();
  run.hangUp();
  await until(() => /users, rules and certificates were read again/.test(run.stderr));
  writeFileSync(file, '[limits]\nmaxConnections = 7\n');
  run.hangUp();
  await until(() => /changes of limits need a restart/.test(run.stderr));
  writeFileSync(file, '[limits]\nmaxConnection = 7\n');
  run.hangUp();
  await until(() => /was not read again.*again\.toml:2/s.test(run.stderr));
  assert.deepEqual(run.reloads, ['signal', 'signal']);
  await run.stopped();
});

/** Lets what was asked for happen. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !holds(); turn++) await new Promise(setImmediate);
  assert.ok(holds());
}

test('SIGINT and SIGTERM close the broker and end with 0', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const run = await new Run([]).started();
    run.signal(signal);
    assert.equal(await run.code, 0);
    assert.equal(run.closed, 1);
    assert.match(run.stdout, new RegExp(`stopping \\(${signal}\\)\n$`));
    assert.deepEqual(run.exits, []);
  }
});

test('a signal that comes while the broker starts stops it once it has started', async () => {
  const run = new Run([]);
  run.signal('SIGTERM');
  assert.equal(await run.code, 0);
  assert.equal(run.closed, 1);
});

test('SIGHUP while the broker starts ends nothing, and is obeyed once it runs; while it stops, nothing is read', async () => {
  const starting = Promise.withResolvers<void>();
  const reloads: string[] = [];
  const closing = Promise.withResolvers<void>();
  const start: StartBroker = async (input) => {
    await starting.promise;
    return {
      addresses: addressesOf(parseConfig(input)),
      reload: async (_config, { by }) => {
        reloads.push(by);
        return { failures: [], needsRestart: [] };
      },
      close: () => closing.promise,
    };
  };
  const run = new Run([], { start });
  run.hangUp();
  run.hangUp();
  starting.resolve();
  await run.started();
  await until(() => reloads.length > 0);
  assert.deepEqual(reloads, ['signal'], 'once for both');
  run.signal('SIGTERM');
  await until(() => run.stdout.includes('stopping'));
  run.hangUp();
  closing.resolve();
  assert.equal(await run.code, 0);
  assert.deepEqual(reloads, ['signal']);
});

test('SIGHUP while the broker reloads has it reload once more behind that, and a reload that fails is told', async () => {
  const steps: string[] = [];
  const first = Promise.withResolvers<void>();
  const start: StartBroker = async (input) => ({
    addresses: addressesOf(parseConfig(input)),
    reload: async () => {
      steps.push('begins');
      if (steps.length > 1) throw new Error('no more');
      await first.promise;
      steps.push('ends');
      return { failures: [], needsRestart: [] };
    },
    close: async () => {},
  });
  const run = await new Run([], { start }).started();
  for (let i = 0; i < 3; i++) run.hangUp();
  first.resolve();
  await until(() => run.stderr.includes('no more'));
  assert.deepEqual(steps, ['begins', 'ends', 'begins']);
  await run.stopped();
});

/** A broker that never gets its connections closed. */
const stuck: StartBroker = async (input) => ({
  addresses: addressesOf(parseConfig(input)),
  reload: nothing,
  close: () => new Promise(() => {}),
});

test('a second signal ends the process at once', async () => {
  const run = await new Run([], { start: stuck, stopLimit: 0.05 }).started();
  run.signal('SIGINT');
  run.signal('SIGINT');
  assert.deepEqual(run.exits, [130]);
  await run.code;
});

test('a broker that does not close in time is left, with exit code 1', async () => {
  const run = await new Run([], { start: stuck, stopLimit: 0.01 }).started();
  run.signal('SIGTERM');
  assert.equal(await run.code, 1);
  assert.deepEqual(run.exits, [1]);
  assert.match(run.stderr, /not everything was closed within 0\.01 s; leaving anyway\n$/);
});

test('with JSON logs everything it says is JSON on standard error', async () => {
  const run = await new Run(['--log-format', 'json', '--host', '0.0.0.0', '--allow-anonymous']).stopped();
  assert.equal(run.stdout, '');
  const lines = run.stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ level, message }) => [level, message.slice(0, 9)]),
    [
      ['info', 'listening'],
      ['warn', 'anyone wh'],
    ],
  );
  assert.deepEqual(lines[0].addresses, ['mqtt://0.0.0.0:1883']);
  assert.equal(lines[0].data, resolve(DEFAULT_DATA_DIRECTORY));
});

test('the link to the dashboard is the last that is said, and stands in the log for machines', async () => {
  const { stdout } = await new Run([]).stopped();
  assert.match(stdout, /stop it +Ctrl-C\n\nDashboard: http:\/\/127\.0\.0\.1:8083\/\nstopping/);
  const { stderr } = await new Run(['--log-format', 'json']).stopped();
  assert.equal(JSON.parse(stderr.split('\n')[0]!).dashboard, 'http://127.0.0.1:8083/');
});

test('the hints name the host where the default would not reach it', () => {
  const loaded = loadConfig({
    overrides: [{ from: 'test', input: { listeners: [{ host: '192.0.2.7', port: 1883 }] } }],
  });
  const lines = bannerLines(addressesOf(loaded.config), loaded, exposureOf(loaded.config));
  assert.ok(lines.some((line) => line.endsWith("sub -t 'hello/#' -v -h 192.0.2.7")));
});

test('the command of the program starts the real broker, which answers a client, and stops it', async () => {
  const empty = join(folder, 'empty.toml');
  writeFileSync(empty, '');
  const stdout = new PassThrough();
  let signal: (signal: Signal) => void = () => assert.fail('the command does not listen to signals');
  const code = broker.run(parseArgs(['-c', empty, '-p', '0', '--memory', '--log-level', 'silent'], broker.flags), {
    stdout,
    stderr: new PassThrough(),
    stdin: new PassThrough(),
    env: {},
    onSignal: (handler) => {
      signal = handler;
      return () => {};
    },
  });
  const [banner] = await once(stdout, 'data');
  const port = /mqtt:\/\/127\.0\.0\.1:(\d+)\n/.exec(String(banner))?.[1];
  const socket = connect(Number(port), '127.0.0.1');
  // CONNECT, 3.1.1, clean session, client identifier "a".
  socket.write(Uint8Array.of(0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x61));
  const [answer] = await once(socket, 'data');
  assert.deepEqual([...answer], [0x20, 2, 0, 0]);
  signal('SIGTERM');
  assert.equal(await code, 0);
  socket.destroy();
});
