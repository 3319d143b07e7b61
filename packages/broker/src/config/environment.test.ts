import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentName, environmentNames, readEnvironment } from './environment.ts';
import { loadConfig } from './load.ts';

test('a variable is named after its key, in capitals', () => {
  assert.equal(environmentName(['limits', 'maxPacketSize']), 'CAULDRON_LIMITS_MAX_PACKET_SIZE');
  assert.equal(environmentName(['mqtt', 'maximumQoS']), 'CAULDRON_MQTT_MAXIMUM_QOS');
  assert.equal(environmentName(['mqtt', 'queueQos0']), 'CAULDRON_MQTT_QUEUE_QOS0');
  assert.equal(environmentName(['listeners', 0, 'port']), 'CAULDRON_LISTENERS_0_PORT');
});

test('no two settings share a variable', () => {
  const names = environmentNames();
  assert.ok(names.length > 30);
  assert.equal(new Set(names).size, names.length);
});

test('text becomes the type of the setting', () => {
  const { config } = loadConfig({
    env: {
      CAULDRON_LIMITS_MAX_PACKET_SIZE: '1 MiB',
      CAULDRON_LIMITS_MAX_INFLIGHT: '5',
      CAULDRON_MQTT_MAXIMUM_QOS: '1',
      CAULDRON_MQTT_RETAIN_AVAILABLE: 'FALSE',
      CAULDRON_SYS_INTERVAL: '0.5',
      CAULDRON_LOG_LEVEL: 'debug',
      CAULDRON_DATA_DIRECTORY: '12',
    },
  });
  assert.equal(config.limits.maxPacketSize, 1_048_576);
  assert.equal(config.limits.maxInflight, 5);
  assert.equal(config.mqtt.maximumQoS, 1);
  assert.equal(config.mqtt.retainAvailable, false);
  assert.equal(config.sys.interval, 0.5);
  assert.equal(config.log.level, 'debug');
  assert.equal(config.data.directory, '12');
});

test('listeners are numbered from 0, also past 9', () => {
  const env = Object.fromEntries(
    Array.from({ length: 11 }, (_, i) => [`CAULDRON_LISTENERS_${i}_PORT`, String(2000 + i)]),
  );
  assert.deepEqual(
    loadConfig({ env }).config.listeners.map(({ port }) => port),
    Array.from({ length: 11 }, (_, i) => 2000 + i),
  );
});

test('a gap in the numbers of listeners is refused', () => {
  assert.throws(() => loadConfig({ env: { CAULDRON_LISTENERS_1_PORT: '5' } }), {
    message: /^CAULDRON_LISTENERS_1_PORT: listeners\[1\]\.port: there is no listeners\[0\] before it/,
  });
});

test('an unknown variable is refused with the likely spelling', () => {
  const cases: [string, string | undefined][] = [
    ['CAULDRON_LIMITS_MAX_PACKTE_SIZE', 'CAULDRON_LIMITS_MAX_PACKET_SIZE'],
    ['CAULDRON_LIMITS_MAXPACKETSIZE', 'CAULDRON_LIMITS_MAX_PACKET_SIZE'],
    ['CAULDRON_LISTENERS_3_PROT', 'CAULDRON_LISTENERS_3_PORT'],
    ['CAULDRON_PORT', 'CAULDRON_LISTENERS_0_PORT'],
    ['CAULDRON_SOMETHING_ALTOGETHER_DIFFERENT', undefined],
  ];
  for (const [name, suggestion] of cases) {
    const { problems } = readEnvironment({ [name]: '1' });
    assert.deepEqual([problems.length, problems[0]?.suggestion], [1, suggestion], name);
  }
});

test('an empty variable counts as not set, and what Kubernetes sets for a service called cauldron is left alone', () => {
  const env = {
    CAULDRON_SYS_INTERVAL: '',
    CAULDRON_NONSENSE: '',
    CAULDRON_SERVICE_HOST: '10.0.0.1',
    CAULDRON_SERVICE_PORT: '1883',
    CAULDRON_SERVICE_PORT_MQTT: '1883',
    CAULDRON_PORT: 'tcp://10.0.0.1:1883',
    CAULDRON_PORT_1883_TCP: 'tcp://10.0.0.1:1883',
    CAULDRON_PORT_1883_TCP_PROTO: 'tcp',
  };
  assert.deepEqual(readEnvironment(env), { values: [], problems: [] });
});

test('a section that is no table in the file is refused as such, also where a variable would set something in it', () => {
  assert.deepEqual(readEnvironment({ CAULDRON_LOG_LEVEL: 'warn' }).values, [
    { name: 'CAULDRON_LOG_LEVEL', path: ['log', 'level'], value: 'warn' },
  ]);
  const overrides = [
    { from: '--x', input: { log: 5 as never } },
    { from: '--y', input: { log: { level: 'info' as const } } },
  ];
  assert.throws(() => loadConfig({ overrides }), { message: /^--x: log: 5 is not accepted; it takes a table/ });
});
