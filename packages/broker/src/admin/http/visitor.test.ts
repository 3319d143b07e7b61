import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { isCrossSite, isFromHere } from './visitor.ts';

const asked = (headers: Record<string, string>, httpVersion = '1.1') =>
  ({ headers, httpVersion }) as unknown as IncomingMessage;
const from = (address: string) => ({ address, listener: { name: 'web', port: 8083, secure: false } });

test('this machine is who comes from a loopback address and asks for one', () => {
  for (const [address, host] of [
    ['127.0.0.1:50000', '127.0.0.1:8083'],
    ['127.0.0.1:50000', 'localhost:8083'],
    ['127.0.0.1:50000', 'LocalHost'],
    ['127.9.9.9:50000', '127.0.0.1:8083'],
    ['[::1]:50000', '[::1]:8083'],
    ['[::ffff:127.0.0.1]:50000', 'localhost:8083'],
  ] as const) {
    assert.ok(isFromHere(asked({ host }), from(address)), `${address} ${host}`);
  }
});

test('nobody else is, whatever it says', () => {
  for (const [address, headers] of [
    ['192.0.2.1:50000', { host: 'localhost:8083' }],
    ['[2001:db8::1]:50000', { host: '127.0.0.1:8083' }],
    ['127.0.0.1.evil.example:1', { host: 'localhost' }],
    ['unknown', { host: 'localhost' }],
    ['127.0.0.1:50000', { host: 'evil.example:8083' }],
    ['127.0.0.1:50000', { host: 'localhost.evil.example' }],
    ['127.0.0.1:50000', { host: '192.0.2.7:8083' }],
    ['127.0.0.1:50000', {}],
    ...[
      'forwarded',
      'via',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-forwarded-port',
      'x-real-ip',
      'cf-connecting-ip',
      'x-client-ip',
    ].map((name) => ['127.0.0.1:50000', { host: 'localhost:8083', [name]: '127.0.0.1' }] as const),
  ] as const) {
    assert.equal(
      isFromHere(asked(headers as Record<string, string>), from(address)),
      false,
      JSON.stringify([address, headers]),
    );
  }
});

test('nor is a proxy on this machine that says nothing of itself and speaks HTTP/1.0', () => {
  const headers = { host: '127.0.0.1:8083', connection: 'close' };
  assert.equal(isFromHere(asked(headers, '1.0'), from('127.0.0.1:50000')), false);
  assert.ok(isFromHere(asked(headers), from('127.0.0.1:50000')));
});

test('a request of another site is told by what the browser says of it', () => {
  const host = 'broker.example:8083';
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'SOMETHING' },
    { origin: 'https://evil.example' },
    { origin: 'http://broker.example' },
    { origin: 'http://broker.example:8084' },
    { origin: 'null' },
    { origin: 'nonsense' },
    { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
  ]) {
    assert.ok(isCrossSite(asked({ host, ...headers } as Record<string, string>)), JSON.stringify(headers));
  }
  for (const headers of [
    {},
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://broker.example:8083' },
    { origin: 'http://BROKER.example:8083', 'sec-fetch-site': 'same-origin' },
  ]) {
    assert.equal(isCrossSite(asked({ host, ...headers } as Record<string, string>)), false, JSON.stringify(headers));
  }
  assert.equal(
    isCrossSite(asked({ host: 'broker.example', origin: 'https://broker.example' })),
    false,
    'TLS of a proxy',
  );
});
