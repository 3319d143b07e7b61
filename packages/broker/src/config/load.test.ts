import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { defaultDurability, defaultLimits, defaultMqttOptions } from '@cauldron/core';
import { ConfigError, type ConfigInput, listSettings, loadConfig, parseConfig } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'cauldron-config-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function file(toml: string): string {
  const name = join(folder, `${files++}.toml`);
  writeFileSync(name, toml);
  return name;
}

function refusal(action: () => unknown): ConfigError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail('the configuration was accepted');
}

const refusalOf = (toml: string) => refusal(() => loadConfig({ file: file(toml) }));
const wrong = (input: unknown) => refusal(() => parseConfig(input as ConfigInput));

test('without any input the defaults of the core hold, on both loopback addresses', () => {
  const config = parseConfig();
  // How much may wait depends on whether there is a store, which the configuration alone does not say.
  const { maxQueuedMessages, maxQueuedBytes, ...limits } = defaultLimits;
  assert.deepEqual(config.limits, limits);
  const { ack, restartWillDelay } = defaultDurability;
  assert.deepEqual(config.data, { memory: false, ack: ack.default, restartWillDelay, topics: [...ack.topics] });
  assert.deepEqual(config.mqtt, defaultMqttOptions);
  const webSocket = {
    path: '/mqtt',
    origins: [],
    names: [],
    dashboard: true,
    compression: false,
    maxInflatedSize: 1_048_576,
  };
  assert.deepEqual(config.listeners, [
    { host: '127.0.0.1', port: 1883 },
    { host: '::1', port: 1883 },
    { host: '127.0.0.1', port: 8083, optional: true, webSocket },
    { host: '::1', port: 8083, optional: true, webSocket },
  ]);
  assert.deepEqual(loadConfig().config, config);
});

test("a program's own defaults hold where nothing else is said, and are shown as defaults", () => {
  const defaults: ConfigInput = { data: { directory: 'cauldron-data' } };
  const plain = loadConfig({ defaults });
  assert.equal(plain.config.data.directory, 'cauldron-data');
  assert.equal(listSettings(plain).find(({ key }) => key === 'data.directory')?.from, 'default');
  const name = file('[data]\nmemory = true\n');
  assert.deepEqual(
    [loadConfig({ defaults, file: name }).config.data.directory, loadConfig({ file: name }).config.data.directory],
    ['cauldron-data', undefined],
  );
  const given = loadConfig({ defaults, file: file('[data]\ndirectory = "/d"\n') });
  assert.equal(given.config.data.directory, '/d');
  assert.match(refusal(() => loadConfig({ defaults, file: file('data = 5\n') })).message, /data: 5 is not accepted/);
});

test('topics may have an ack of their own, in the order they are written', () => {
  const topics = '[[data.topics]]\nfilter = "a/b"\nack = "disk"\n[[data.topics]]\nfilter = "a/#"\nack = "memory"\n';
  const loaded = loadConfig({ file: file(topics), env: { CAULDRON_DATA_TOPICS_1_FILTER: 'b/#' } });
  assert.deepEqual(loaded.config.data.topics, [
    { filter: 'a/b', ack: 'disk' },
    { filter: 'b/#', ack: 'memory' },
  ]);
  assert.deepEqual(
    listSettings(loaded)
      .filter(({ key }) => key.startsWith('data.topics'))
      .map(({ key, from }) => [key, from]),
    [
      ['data.topics[0].filter', `${loaded.file}:2`],
      ['data.topics[0].ack', `${loaded.file}:3`],
      ['data.topics[1].filter', 'CAULDRON_DATA_TOPICS_1_FILTER'],
      ['data.topics[1].ack', `${loaded.file}:6`],
    ],
  );
});

test('a configuration is frozen in every part, and stays apart from the input and the next one', () => {
  const listener = { port: 0 };
  const config = parseConfig({ listeners: [listener] });
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.limits) && Object.isFrozen(config.listeners[0]));
  assert.equal(Object.isFrozen(listener), false);
  assert.equal(parseConfig().listeners.length, 4);
});

test('sizes and times may be numbers or text with a unit', () => {
  const config = parseConfig({
    limits: { maxPacketSize: '1 MiB', maxQueuedBytes: 5, connectTimeout: '500 ms' },
    mqtt: { sessionExpiryMaximum: '30 d' },
  });
  assert.equal(config.limits.maxPacketSize, 1_048_576);
  assert.equal(config.limits.maxQueuedBytes, 5);
  assert.equal(config.limits.connectTimeout, 0.5);
  assert.equal(config.mqtt.sessionExpiryMaximum, 2_592_000);
});

test('the largest packet of the protocol may be allowed, and not a byte more', () => {
  assert.equal(parseConfig({ limits: { maxPacketSize: 268_435_460 } }).limits.maxPacketSize, 268_435_460);
  assert.match(wrong({ limits: { maxPacketSize: 268_435_461 } }).message, /from 16 to 268435460/);
});

test('flags win over the environment, the environment over the file, the file over the defaults', () => {
  const loaded = loadConfig({
    file: file('[limits]\nmaxInflight = 1\nreceiveMaximum = 1\nmaxTopicLevels = 1\n'),
    env: { CAULDRON_LIMITS_RECEIVE_MAXIMUM: '2', CAULDRON_LIMITS_MAX_TOPIC_LEVELS: '2', UNRELATED: 'x' },
    overrides: [{ from: '--levels', input: { limits: { maxTopicLevels: 3 } } }],
  });
  const { maxInflight, receiveMaximum, maxTopicLevels, maxConnections } = loaded.config.limits;
  assert.deepEqual([maxInflight, receiveMaximum, maxTopicLevels, maxConnections], [1, 2, 3, 100_000]);
  const from = Object.fromEntries(listSettings(loaded).map((setting) => [setting.key, setting.from]));
  assert.equal(from['limits.maxInflight'], `${loaded.file}:2`);
  assert.equal(from['limits.receiveMaximum'], 'CAULDRON_LIMITS_RECEIVE_MAXIMUM');
  assert.equal(from['limits.maxTopicLevels'], '--levels');
  assert.equal(from['limits.maxConnections'], 'default');
});

test('listeners of the file replace the default ones, each with its own limits', () => {
  const name = file(
    '[[listeners]]\nport = 1\nmaxPacketSize = "1 KiB"\n\n[[listeners]]\nhost = "[::1]"\nname = "six"\n',
  );
  assert.deepEqual(loadConfig({ file: name }).config.listeners, [
    { host: '127.0.0.1', port: 1, maxPacketSize: 1024 },
    { host: '::1', port: 1883, name: 'six' },
  ]);
});

test('the environment changes one listener of the file, and flags replace them all', () => {
  const options = {
    file: file('[[listeners]]\nport = 1\n[[listeners]]\nport = 2\n'),
    env: { CAULDRON_LISTENERS_0_HOST: '127.0.0.2', CAULDRON_LISTENERS_1_PORT: '3' },
  };
  assert.deepEqual(
    loadConfig(options).config.listeners.map(({ port }) => port),
    [1, 3],
  );
  const flags = loadConfig({ ...options, overrides: [{ from: '--port', input: { listeners: [{ port: 4 }] } }] });
  assert.deepEqual(flags.config.listeners, [{ host: '127.0.0.1', port: 4 }]);
  assert.equal(listSettings(flags).find(({ key }) => key === 'listeners[0].port')?.from, '--port');
  assert.equal(listSettings(flags).find(({ key }) => key === 'listeners[0].host')?.from, 'default');
});

test('an unknown key is refused with the likely spelling, the file and the line', () => {
  const error = refusalOf('[limits]\n# a comment\nmaxPacktSize = 5\n');
  const [problem] = error.problems;
  assert.equal(error.code, 'CONFIG_INVALID');
  assert.deepEqual([problem?.path, problem?.line, problem?.suggestion], ['limits.maxPacktSize', 3, 'maxPacketSize']);
  assert.equal(error.message, `${problem?.file}:3: limits.maxPacktSize: unknown key; did you mean maxPacketSize?`);
});

test('a key in the wrong section is told where it belongs, and one like no other what is known there', () => {
  assert.equal(wrong({ maxPacketSize: 5 }).problems[0]?.suggestion, 'limits.maxPacketSize');
  assert.match(wrong({ sys: { colour: 5 } }).message, /^sys.colour: unknown key; known here: interval$/);
});

test('a key in the second listener is refused with the line of that listener', () => {
  const error = refusalOf('[[listeners]]\nport = 1\n\n[[listeners]]\nport = 2\nhots = "::1"\n');
  assert.deepEqual([error.problems[0]?.path, error.problems[0]?.line], ['listeners[1].hots', 6]);
});

test('a wrong value is refused with what was given, what is accepted, its unit and its line', () => {
  const cases: [string, RegExp][] = [
    [
      '[limits]\nmaxPacketSize = "12 QiB"',
      /:2: limits\.maxPacketSize: "12 QiB" is not accepted; it takes a whole number of bytes/,
    ],
    ['[limits]\nconnectTimeout = 0', /:2: limits\.connectTimeout: 0 .* number of seconds from 0\.01 to 3600 \(1 h\)/],
    ['[limits]\nmaxInflight = 65536', /65536 is not accepted; it takes a whole number from 1 to 65535/],
    ['[limits]\nmaxInflight = 1.5', /1\.5 is not accepted; it takes a whole number/],
    ['[limits]\nmaxInflight = "5"', /"5" is not accepted; it takes a whole number/],
    ['[mqtt]\nmaximumQoS = 3', /3 is not accepted; it takes one of 0, 1, 2/],
    ['[log]\nlevel = "inof"', /; did you mean "info"\?$/],
    ['[mqtt]\nretainAvailable = "yes"', /"yes" is not accepted; it takes true or false/],
    ['[log]\nlevel = "loud"', /it takes one of "silent", "error", "warn", "info", "debug"/],
    ['\nsys = 5', /:2: sys: 5 is not accepted; it takes a table, written \[sys\] in TOML/],
    ['[listeners]\nport = 5', /:1: listeners: a table is not accepted; .* written \[\[listeners\]\] in TOML/],
    ['listeners = []', /:1: listeners: \[\] is not accepted; it takes a list with at least one table/],
    [
      '[[data.topics]]\nfilter = "a/#/b"\nack = "disk"',
      /:2: data\.topics\[0\]\.filter: "a\/#\/b" is not accepted: '#' must be the last level/,
    ],
    ['[[data.topics]]\nfilter = "$share/g/a"\nack = "disk"', /leave \$share out/],
    ['[[data.topics]]\nfilter = "a"', /:1: data\.topics\[0\]\.ack: is missing; it takes one of "disk", "memory"/],
    ['[data]\ntopics = "a"', /it takes a list of tables, written \[\[data\.topics\]\] in TOML/],
    ['[data]\nack = "never"', /it takes one of "disk", "memory"/],
    ['[limits]\nqueueFull = "drop"', /it takes one of "drop-newest", "drop-oldest", "refuse"/],
    ['[[listeners]]\nhost = "localhost:1883"', /an IP address or a host name, without a port/],
    ['[[listeners]]\nhost = "127.0.0"', /an IP address or a host name/],
    ['[data]\ndirectory = 2026-01-01T00:00:00Z', /the date 2026-01-01T00:00:00.000Z is not accepted/],
  ];
  for (const [toml, expected] of cases) assert.match(refusalOf(toml).message, expected);
});

test('every problem is reported at once', () => {
  const error = refusal(() =>
    loadConfig({
      file: file('[limits]\nx1 = 1\nx2 = 2\n[sys]\ninterval = -1\n'),
      env: { CAULDRON_NONSENSE_AT_ALL: '1' },
    }),
  );
  assert.deepEqual(
    error.problems.map(({ path }) => path),
    ['CAULDRON_NONSENSE_AT_ALL', 'limits.x1', 'limits.x2', 'sys.interval'],
  );
});

test('two listeners with one address, or with one name, are refused', () => {
  assert.match(
    wrong({ listeners: [{}, { port: 1883 }] }).message,
    /listeners\[1\]\.port: 127\.0\.0\.1 port 1883 is already taken by listeners\[0\]/,
  );
  assert.match(
    wrong({
      listeners: [
        { port: 1, name: 'a' },
        { port: 2, name: 'a' },
      ],
    }).message,
    /listeners\[1\]\.name/,
  );
  assert.equal(parseConfig({ listeners: [{ port: 0 }, { port: 0 }] }).listeners.length, 2);
});

test('text that is not TOML is refused with its line', () => {
  const error = refusalOf('[limits]\nmaxInflight = = 5\n');
  assert.equal(error.code, 'CONFIG_SYNTAX');
  assert.equal(error.problems[0]?.line, 2);
  assert.match(error.message, /:2: not valid TOML: /);
  assert.equal(error.message.includes('\n'), false);
});

test('a file that reaches for prototypes is refused, and so is such a key given in code', () => {
  assert.equal(refusalOf('[__proto__]\npolluted = 1\n').code, 'CONFIG_SYNTAX');
  wrong(JSON.parse('{"limits": {"__proto__": {"a": 1}, "constructor": 5}}'));
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

test('a file that cannot be read is refused with the reason', () => {
  const error = refusal(() => loadConfig({ file: join(folder, 'missing.toml') }));
  assert.equal(error.code, 'CONFIG_UNREADABLE');
  assert.match(error.message, /missing\.toml: cannot read the configuration file: ENOENT/);
  assert.ok(error.cause instanceof Error);
});

test('a file with the byte order mark of Windows editors is read', () => {
  assert.equal(loadConfig({ file: file('\uFEFF[sys]\r\ninterval = 3\r\n') }).config.sys.interval, 3);
});

test('a wrong value is blamed on the flag or variable that gave it, not on the file it overrides', () => {
  const name = file('[log]\nlevel = "info"\nformat = "text"\n');
  const error = refusal(() =>
    loadConfig({
      file: name,
      env: { CAULDRON_LOG_LEVEL: 'loud' },
      overrides: [{ from: '--log-format', input: { log: { format: 'xml' as 'json' } } }],
    }),
  );
  assert.match(error.message, /^CAULDRON_LOG_LEVEL: log\.level: "loud"/m);
  assert.match(error.message, /^--log-format: log\.format: "xml"/m);
  assert.equal(error.message.includes(name), false);
});
