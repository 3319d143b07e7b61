import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUrl } from './url.ts';

test('a page connects to ws and wss, with their usual ports', () => {
  const where = (url: string) => {
    const { scheme, host, port, path } = parseUrl(url).target;
    return `${scheme} ${host} ${port} ${path}`;
  };
  assert.equal(where('ws://broker/mqtt'), 'ws broker 80 /mqtt');
  assert.equal(where('wss://broker'), 'wss broker 443 /');
  assert.equal(where('ws://broker:8083/mqtt?token=1'), 'ws broker 8083 /mqtt?token=1');
  assert.equal(where('https://broker/mqtt'), 'wss broker 443 /mqtt');
});

test('user and password are decoded', () => {
  assert.deepEqual(
    { ...parseUrl('ws://an%40na:p%3Aw@broker'), target: 0 },
    { username: 'an@na', password: 'p:w', target: 0 },
  );
});

test('what a page cannot connect to is refused with what to write', () => {
  for (const url of ['mqtt://broker', 'broker', '', 'unix:///a', 'ws://', 'ws://%zz@broker', '/mqtt']) {
    assert.throws(() => parseUrl(url), { code: 'PROTOCOL_ERROR', message: /write ws:\/\/HOST:8083\/mqtt/ }, url);
  }
});

test('no text names user, password or what a query holds', () => {
  assert.doesNotMatch(parseUrl('ws://anna:secret@broker/mqtt?token=secret').target.text, /anna|secret/);
  for (const url of [
    'mqtt://anna:sec/secret@broker',
    'anna:secret@broker',
    'ws://anna:%zzsecret@broker',
    'x://b?secret',
  ]) {
    assert.throws(
      () => parseUrl(url),
      (error: Error) => !/anna|secret/.test(error.message),
      url,
    );
  }
});
