import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttError } from '@cauldron/protocol';
import { parseUrl } from './url.ts';

const where = (text: string): string => {
  const { scheme, host, port, path } = parseUrl(text).target;
  return `${scheme} ${host} ${port} ${path}`;
};

test('each scheme has its usual port', () => {
  assert.equal(where('mqtt://broker'), 'mqtt broker 1883 ');
  assert.equal(where('mqtts://broker'), 'mqtts broker 8883 ');
  assert.equal(where('ws://broker/mqtt'), 'ws broker 80 /mqtt');
  assert.equal(where('wss://broker/mqtt'), 'wss broker 443 /mqtt');
});

test('names that other clients use mean the same', () => {
  assert.equal(where('tcp://broker'), 'mqtt broker 1883 ');
  assert.equal(where('ssl://broker'), 'mqtts broker 8883 ');
  assert.equal(where('tls://broker'), 'mqtts broker 8883 ');
  assert.equal(where('mqtt+unix:///run/mqtt.sock'), 'unix  0 /run/mqtt.sock');
  assert.equal(where('MQTT://broker'), 'mqtt broker 1883 ');
});

test('a port that is named is the port, also 80 and 443', () => {
  assert.equal(where('mqtt://broker:80'), 'mqtt broker 80 ');
  assert.equal(where('wss://broker:80/mqtt'), 'wss broker 80 /mqtt');
  assert.equal(where('mqtt://broker:443'), 'mqtt broker 443 ');
  assert.equal(where('mqtt://[::1]:80'), 'mqtt ::1 80 ');
  assert.equal(where('mqtt://user:80@broker:80'), 'mqtt broker 80 ');
});

test('what looks like a port elsewhere is none', () => {
  assert.equal(where('wss://broker/a:80'), 'wss broker 443 /a:80');
  assert.equal(where('wss://broker:8443/a:80?b=:80'), 'wss broker 8443 /a:80?b=:80');
  assert.equal(where('mqtt://user:80@broker'), 'mqtt broker 1883 ');
  assert.equal(where('mqtt://[fe80::80]'), 'mqtt fe80::80 1883 ');
});

test('IPv6 addresses lose their brackets, and keep them in texts', () => {
  const { target } = parseUrl('mqtt://[::1]:1884');
  assert.equal(target.host, '::1');
  assert.equal(target.text, 'mqtt://[::1]:1884');
});

test('user and password are decoded', () => {
  const { username, password } = parseUrl('mqtt://an%40na:p%3Aw%2F@broker');
  assert.equal(username, 'an@na');
  assert.equal(password, 'p:w/');
});

test('what is not in the URL is not in the answer', () => {
  const parsed = parseUrl('mqtt://broker');
  assert.equal('username' in parsed, false);
  assert.equal('password' in parsed, false);
  assert.equal(parseUrl('mqtt://anna@broker').password, undefined);
});

test('a WebSocket keeps path and query, and gets a path where there is none', () => {
  assert.equal(where('ws://broker:8083/mqtt?token=1'), 'ws broker 8083 /mqtt?token=1');
  assert.equal(where('ws://broker:8083'), 'ws broker 8083 /');
});

test('a Unix socket has a path, decoded', () => {
  assert.equal(where('unix:///run/a%20b.sock'), 'unix  0 /run/a b.sock');
});

test('what is no URL of a broker is refused with what to write', () => {
  const wrong = [
    '',
    'broker',
    'broker:1883',
    'http://broker',
    'mqtt:/broker',
    'mqtt://',
    'mqtt://broker:99999',
    'mqtt://br oker',
    'mqtt://%zz@broker',
    'mqtt://a:%zz@broker',
    'unix://relative',
    'unix:///%zz',
  ];
  for (const text of wrong) {
    assert.throws(
      () => parseUrl(text),
      (error: unknown) => error instanceof MqttError && /write mqtt:\/\/HOST/.test(error.message),
      text,
    );
  }
});

test('no text names user, password or what a query holds', () => {
  for (const scheme of ['mqtt', 'mqtts', 'ws', 'wss']) {
    const { text } = parseUrl(`${scheme}://anna:secret@broker:1/mqtt?token=secret`).target;
    assert.doesNotMatch(text, /anna|secret/);
  }
});

test('no refusal names user or password', () => {
  const wrong = [
    'mqtt://anna:secret@',
    'mqtt://anna:sec/secret@broker:99999',
    'mqtt://anna:sec@secret@broker:99999',
    'mqtt:anna:secret@broker',
    'anna:secret@broker',
    'http://anna:secret@broker',
    'unix://anna:secret@/run/a',
    'mqtt://anna:%zzsecret@broker',
    'ws://broker:99999/?token=secret',
  ];
  for (const text of wrong) {
    assert.throws(
      () => parseUrl(text),
      (error: Error) => !/anna|secret/.test(error.message),
      text,
    );
  }
});

test('the zone of a link-local address is part of the host, however it is written', () => {
  for (const url of ['mqtt://[fe80::1%25eth0]:1884', 'mqtt://[fe80::1%eth0]:1884']) {
    const { host, port } = parseUrl(url).target;
    assert.deepEqual([host, port], ['fe80::1%eth0', 1884]);
  }
  assert.equal(parseUrl('mqtt://anna:a%25b@[fe80::1%25eth0]').password, 'a%b');
});
