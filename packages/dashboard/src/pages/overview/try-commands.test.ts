import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListenerInfo } from '@cauldron/broker/admin-api';
import { tryCommands } from './try-commands.ts';

const listener = (url: string, more: Partial<ListenerInfo> = {}): ListenerInfo => ({
  name: 'x',
  url,
  connections: 0,
  tls: false,
  webSocket: false,
  ...more,
});

test('commands for a broker at its usual place are as short as they can be', () => {
  const listeners = [listener('ws://127.0.0.1:8083/mqtt', { webSocket: true }), listener('mqtt://127.0.0.1:1883')];
  const [own, mosquitto] = tryCommands(listeners, 'localhost');
  assert.equal(own?.subscribe, "npx cauldron sub -t 'kitchen/#' -v");
  assert.equal(mosquitto?.publish, 'mosquitto_pub -t kitchen/soup -m ready -r');
});

test('commands name the host and port they need, as seen from who looks at the page', () => {
  const publish = (url: string): string | undefined => tryCommands([listener(url)], 'broker.lan')[1]?.publish;
  assert.equal(publish('mqtt://0.0.0.0:1883'), 'mosquitto_pub -h broker.lan -t kitchen/soup -m ready -r');
  assert.equal(publish('mqtt://[::]:2000'), 'mosquitto_pub -h broker.lan -p 2000 -t kitchen/soup -m ready -r');
  assert.equal(publish('mqtt://10.0.0.7:80'), 'mosquitto_pub -h 10.0.0.7 -p 80 -t kitchen/soup -m ready -r');
  assert.equal(publish('mqtt://[::1]:1884'), 'mosquitto_pub -p 1884 -t kitchen/soup -m ready -r');
});

test('where every listener is encrypted or for browsers there is no such command', () => {
  assert.deepEqual(tryCommands([listener('mqtts://127.0.0.1:8883', { tls: true })], 'localhost'), []);
});
