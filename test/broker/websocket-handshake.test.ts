// The HTTP side of a WebSocket listener: who becomes a WebSocket, and what everybody else is told.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import {
  MAX_PAGE_CONNECTIONS,
  MAX_PAGE_CONNECTIONS_PER_ADDRESS,
  MAX_REQUEST_RATE,
  MAX_WAITING_REQUESTS,
} from '../../packages/broker/src/http/page-limits.ts';
import { until } from '../support/broker.ts';
import { type ListenerUnderTest, startListener } from '../support/listener.ts';

/** An answer as it came, cut into its parts. */
interface Answered {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends bytes, and reads until the other side is done or the headers of a 101 are there. */
async function exchange(t: TestContext, port: number, ...parts: readonly (string | Buffer)[]): Promise<Answered> {
  const socket = connect({ port, host: '127.0.0.1' });
  t.after(() => void socket.destroy());
  await once(socket, 'connect');
  let text = '';
  let ended = false;
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.on('close', () => {
    ended = true;
  });
  for (const part of parts) socket.write(part);
  await until('an answer', () => ended || /^HTTP\/1.1 101[\s\S]*\r\n\r\n/.test(text));
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => line.split(': ') as [string, string]);
  return {
    status: Number(status.split(' ')[1]),
    headers: new Map(headers.map(([name, value]) => [name.toLowerCase(), value])),
    body: body.join('\r\n\r\n'),
  };
}

const GOOD: Readonly<Record<string, string | null>> = {
  Connection: 'keep-alive, Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol': 'mqtt',
};

interface Request {
  readonly line?: string;
  /** Over the usual ones; null = without. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
}

function request(port: number, { line = 'GET /mqtt HTTP/1.1', headers = {}, body = '' }: Request = {}): string {
  const all = Object.entries({ Host: `127.0.0.1:${port}`, ...GOOD, ...headers });
  const lines = all.filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${lines.join('')}\r\n${body}`;
}

const start = (t: TestContext, webSocket = {}): Promise<ListenerUnderTest> => startListener(t, { webSocket });

test('a right request is answered with what RFC 6455 has as its example', async (t) => {
  const { port, listener } = await start(t);
  assert.equal(listener.url, `ws://127.0.0.1:${port}/mqtt`);
  const { status, headers } = await exchange(t, port, request(port));
  assert.equal(status, 101);
  assert.equal(headers.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.equal(headers.get('sec-websocket-protocol'), 'mqtt');
  assert.equal(headers.get('sec-websocket-extensions'), undefined);
  assert.equal(listener.connections, 1);
});

test('of the subprotocols offered mqtt is selected, then mqttv3.1 [MQTT-6.0.0-4]', async (t) => {
  const { port } = await start(t);
  for (const [offered, selected] of [
    ['mqtt', 'mqtt'],
    ['mqttv3.1', 'mqttv3.1'],
    ['mqttv3.1, mqtt', 'mqtt'],
    ['chat,mqtt , soup', 'mqtt'],
  ] as const) {
    const { headers } = await exchange(t, port, request(port, { headers: { 'Sec-WebSocket-Protocol': offered } }));
    assert.equal(headers.get('sec-websocket-protocol'), selected, offered);
  }
});

const key = (value: string): Request => ({ headers: { 'Sec-WebSocket-Key': value } });

const REFUSED: readonly (readonly [string, Request, number, RegExp])[] = [
  ['no subprotocol', { headers: { 'Sec-WebSocket-Protocol': null } }, 400, /offers no subprotocol\. Offer mqtt/],
  ['another subprotocol', { headers: { 'Sec-WebSocket-Protocol': 'chat, MQTT' } }, 400, /Offer mqtt or mqttv3\.1/],
  ['another path', { line: 'GET /soup HTTP/1.1' }, 404, /MQTT over WebSocket is at \/mqtt/],
  ['a path that begins like it', { line: 'GET /mqtt/ HTTP/1.1' }, 404, /is at \/mqtt/],
  ['another method', { line: 'POST /mqtt HTTP/1.1' }, 405, /begins with a GET/],
  ['HTTP/1.0', { line: 'GET /mqtt HTTP/1.0' }, 400, /HTTP\/1\.1/],
  ['version 8', { headers: { 'Sec-WebSocket-Version': '8' } }, 426, /version 13/],
  ['no version', { headers: { 'Sec-WebSocket-Version': null } }, 426, /version 13/],
  ['no key', { headers: { 'Sec-WebSocket-Key': null } }, 400, /Sec-WebSocket-Key/],
  ['a short key', key('c2hvcnQ='), 400, /Sec-WebSocket-Key/],
  ['a long key', key('dGhlIHNhbXBsZSBub25jZSB0aGF0IGlzIGxvbmc='), 400, /Sec-WebSocket-Key/],
  ['a key that is no base64', key('*GhlIHNhbXBsZSBub25jZQ=='), 400, /Sec-WebSocket-Key/],
  ['a body', { headers: { 'Content-Length': '4' }, body: 'soup' }, 400, /has no body/],
  ['a body in chunks', { headers: { 'Transfer-Encoding': 'chunked' }, body: '0\r\n\r\n' }, 400, /has no body/],
  ['no Upgrade', { headers: { Upgrade: null } }, 426, /does not ask for WebSocket/],
  ['an upgrade to something else', { headers: { Upgrade: 'h2c' } }, 426, /does not ask for WebSocket/],
  ['no Connection', { headers: { Connection: null } }, 426, /A proxy on the way has to pass on/],
  ['another Host', { headers: { Host: 'evil.example' } }, 421, /DNS rebinding/],
  ['no Host', { headers: { Host: null } }, 400, /no Host header/],
  ['a page of another site', { headers: { Origin: 'https://evil.example' } }, 403, /belongs to another site/],
  ['a page without an origin', { headers: { Origin: 'null' } }, 403, /hides where it is from/],
  ['a site that calls itself local', { headers: { Origin: 'http://localhost.evil.example' } }, 403, /another site/],
];

for (const [name, refused, status, reason] of REFUSED) {
  test(`${name}: refused with ${status}, said, told and counted, and the connection ends`, async (t) => {
    const { core, listener, port, refusals } = await start(t);
    const answer = await exchange(t, port, request(port, refused));
    assert.equal(answer.status, status);
    assert.match(answer.body, reason);
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.match(answer.headers.get('connection')!, /close/);
    if (status === 426) assert.equal(answer.headers.get('upgrade'), 'websocket');
    assert.deepEqual(
      refusals.map((text) => `${text}\n`),
      [answer.body],
    );
    assert.equal(core.metrics.connectionsRefused, 1);
    await until('the connection to be gone', () => core.connections.size === 0 && listener.connections === 0);
  });
}

test('a client that does not offer mqtt is refused with what to offer [MQTT-6.0.0-3]', async (t) => {
  const { port } = await start(t);
  const { status, body } = await exchange(t, port, request(port, { headers: { 'Sec-WebSocket-Protocol': 'chat' } }));
  assert.equal(status, 400);
  assert.match(body, /Sec-WebSocket-Protocol: mqtt.*new WebSocket\(url, 'mqtt'\)/);
});

test('a version that is not spoken is answered with the one that is', async (t) => {
  const { port } = await start(t);
  const { headers } = await exchange(t, port, request(port, { headers: { 'Sec-WebSocket-Version': '8' } }));
  assert.equal(headers.get('sec-websocket-version'), '13');
});

test('a key whose encoder left bits over is answered as it stands', async (t) => {
  const { port } = await start(t);
  const { status, headers } = await exchange(t, port, request(port, key('dGhlIHNhbXBsZSBub25jZR==')));
  assert.equal(status, 101);
  const magic = 'dGhlIHNhbXBsZSBub25jZR==258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  assert.equal(headers.get('sec-websocket-accept'), createHash('sha1').update(magic).digest('base64'));
});

test('a key or a version that is there twice is none', async (t) => {
  const { port } = await start(t);
  const twice = request(port).replace(
    'Upgrade: websocket',
    `Upgrade: websocket\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==`,
  );
  assert.equal((await exchange(t, port, twice)).status, 400);
});

test('configured origins and names are let in, and those of this machine', async (t) => {
  const { port } = await start(t, { origins: ['https://app.example.org'], names: ['broker.example.org'] });
  const local = ['http://localhost:5173', 'https://127.0.0.1', 'http://[::1]:80'];
  for (const origin of ['https://app.example.org', `http://127.0.0.1:${port}`, ...local]) {
    assert.equal((await exchange(t, port, request(port, { headers: { Origin: origin } }))).status, 101, origin);
  }
  const named = { Host: 'broker.example.org', Origin: 'http://broker.example.org' };
  assert.equal((await exchange(t, port, request(port, { headers: named }))).status, 101);
  const foreign = { Host: 'broker.example.org', Origin: 'http://localhost:5173' };
  // Through a name that others use, "this machine" is the visitor's.
  assert.equal((await exchange(t, port, request(port, { headers: foreign }))).status, 403);
});

test('with * pages of every site are let in', async (t) => {
  const { port } = await start(t, { origins: ['*'] });
  for (const Origin of ['https://any.example', 'null']) {
    assert.equal((await exchange(t, port, request(port, { headers: { Origin } }))).status, 101);
  }
});

test('the path is the configured one, and a query does not matter', async (t) => {
  const { port, listener } = await start(t, { path: '/broker/ws' });
  assert.equal(listener.url, `ws://127.0.0.1:${port}/broker/ws`);
  assert.equal((await exchange(t, port, request(port, { line: 'GET /broker/ws?x=/y HTTP/1.1' }))).status, 101);
  assert.equal((await exchange(t, port, request(port))).status, 404);
});

test('MQTT over TCP on the port is told where it is', async (t) => {
  const { port, refusals } = await start(t);
  const { status, body } = await exchange(t, port, Buffer.from('100c00044d5154540502003c00', 'hex'));
  assert.equal(status, 400);
  assert.match(body, /MQTT over WebSocket.*port of another listener/);
  assert.equal(refusals.length, 1);
});

test('headers that are too long are refused with 431', async (t) => {
  const { port } = await start(t);
  const { status, body } = await exchange(t, port, request(port, { headers: { Cookie: 'x'.repeat(20_000) } }));
  assert.equal(status, 431);
  assert.match(body, /longer than 16384 bytes/);
});

test('more headers than are looked at are refused, so that no Origin can stand behind them', async (t) => {
  const { port } = await start(t);
  const many = Object.fromEntries(Array.from({ length: 110 }, (_, i) => [`X-${i}`, 'soup']));
  const { status, body } = await exchange(
    t,
    port,
    request(port, { headers: { ...many, Origin: 'https://evil.example' } }),
  );
  assert.equal(status, 431);
  assert.match(body, /more than 100/);
});

test('an upgrade whose body never comes ends with its connection, and nothing else does', async (t) => {
  const { core, port, refusals } = await start(t);
  const unfinished = { 'Content-Length': '1000' };
  const { status, body } = await exchange(t, port, request(port, { headers: unfinished, body: 'soup' }));
  assert.equal(status, 400);
  assert.match(body, /has no body/);
  await until('its end', () => core.connections.size === 0);
  assert.equal(refusals.length, 1);
  // Whoever asks for a body, and is gone before it has come.
  const socket = connect({ port, host: '127.0.0.1' });
  socket.end(request(port, { headers: unfinished }));
  await once(socket.resume(), 'close');
  assert.equal((await exchange(t, port, request(port))).status, 101);
});

test('of requests that come together the first refusal is the last answer, and told once', async (t) => {
  const { core, port, refusals } = await start(t);
  for (const headers of [{ Upgrade: null, Host: 'evil' }, { Upgrade: null }]) {
    await exchange(t, port, request(port, { headers }).repeat(100));
    assert.equal(refusals.length, 1);
    refusals.length = 0;
  }
  assert.equal(core.metrics.connectionsRefused, 2);
});

test('a tunnel, and an expectation that is not known, are refused like everything else', async (t) => {
  const { port, refusals } = await start(t);
  const tunnel = await exchange(t, port, request(port, { line: `CONNECT 127.0.0.1:${port} HTTP/1.1` }));
  assert.equal(tunnel.status, 405);
  const elsewhere = { line: 'CONNECT evil:80 HTTP/1.1', headers: { Host: 'evil:80' } };
  assert.equal((await exchange(t, port, request(port, elsewhere))).status, 421);
  const expects = { headers: { Upgrade: null, Expect: 'soup', Host: 'evil' } };
  assert.equal((await exchange(t, port, request(port, expects))).status, 421);
  assert.equal(refusals.length, 3);
});

test('a page is no client: it says what is here, and counts as no connection of the core', async (t) => {
  const { core, port, refusals } = await start(t);
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(page.status, 404);
  assert.match(await page.text(), /MQTT over WebSocket is at \/mqtt/);
  assert.equal(core.connections.size, 0);
  assert.deepEqual(refusals, []);
});

test('pages are served by whoever asks for that, behind the check of Host and Origin', async (t) => {
  const { core, port, listener } = await start(t);
  listener.http!.serve((_request, response) => void response.end('dashboard'));
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'dashboard');
  await until('the core to know of none', () => core.connections.size === 0);
  const other = await exchange(
    t,
    port,
    request(port, { line: 'GET / HTTP/1.1', headers: { Upgrade: null, Host: 'evil' } }),
  );
  assert.equal(other.status, 421);
});

test('a connection that served a page can become a WebSocket, as with proxies that use connections again', async (t) => {
  const { core, listener, port } = await start(t);
  listener.http!.serve((_request, response) => void response.end('page'));
  const page = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const socket = connect({ port, host: '127.0.0.1' });
  t.after(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.write(page);
  await until('the page', () => text.endsWith('page'));
  assert.equal(core.connections.size, 0);
  socket.write(request(port));
  await until('the upgrade', () => text.includes('101 Switching'));
  assert.equal(core.connections.size, 1);
  assert.equal(listener.connections, 1);
  socket.destroy();
  await until('its end', () => core.connections.size === 0);
});

test('an upgrade while a page is still due ends the connection, and leaves nothing behind', async (t) => {
  const { core, listener, port } = await start(t);
  let answer: () => void = () => assert.fail('no page was asked for');
  listener.http!.serve((_request, response) => {
    answer = () => void response.end('late page');
  });
  const socket = connect({ port, host: '127.0.0.1' }).resume();
  t.after(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n${request(port)}`);
  await once(socket, 'close');
  answer();
  await until('nothing to be left', () => core.connections.size === 0 && listener.connections === 0);
});

test('connections that ask for pages are bounded, and those that become WebSockets are not among them', async (t) => {
  const { core, listener, port, refusals } = await start(t);
  listener.http!.serve((_request, response) => void response.end('page'));
  const get = request(port, { line: 'GET / HTTP/1.1', headers: { Upgrade: null, Connection: null } });
  for (let i = 0; i < MAX_PAGE_CONNECTIONS; i++) {
    const from = `127.0.1.${1 + Math.floor(i / MAX_PAGE_CONNECTIONS_PER_ADDRESS)}`;
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    t.after(() => void socket.destroy());
    socket.write(get);
    await once(socket, 'data');
  }
  assert.equal(listener.connections, MAX_PAGE_CONNECTIONS);
  const { status, body } = await exchange(t, port, get);
  assert.equal(status, 503);
  assert.match(body, /256 connections ask for pages already/);
  assert.equal(refusals.length, 1);
  assert.equal((await exchange(t, port, request(port))).status, 101);
  assert.equal(core.connections.size, 1);
});

test('one address gets a part of the connections that ask for pages', async (t) => {
  const { listener, port } = await start(t);
  listener.http!.serve((_request, response) => void response.end('page'));
  const get = request(port, { line: 'GET / HTTP/1.1', headers: { Upgrade: null, Connection: null } });
  for (let i = 0; i < MAX_PAGE_CONNECTIONS_PER_ADDRESS; i++) {
    const socket = connect({ port, host: '127.0.0.1' });
    t.after(() => void socket.destroy());
    socket.write(get);
    await once(socket, 'data');
  }
  const { status, body } = await exchange(t, port, get);
  assert.equal(status, 503);
  assert.match(body, /64 connections from this address ask for pages already/);
});

test('who asks on without waiting for answers is cut off', async (t) => {
  const { listener, port, refusals } = await start(t);
  let asked = 0;
  listener.http!.serve(() => void (asked += 1));
  const socket = connect({ port, host: '127.0.0.1' }).resume();
  t.after(() => void socket.destroy());
  socket.on('error', () => undefined);
  const get = request(port, { line: 'GET / HTTP/1.1', headers: { Upgrade: null, Connection: null } });
  socket.write(get.repeat(MAX_WAITING_REQUESTS + 100));
  await once(socket, 'close');
  assert.equal(asked, MAX_WAITING_REQUESTS);
  assert.match(refusals[0]!, /More than 16 requests wait on one connection/);
  await until('nothing to be left', () => listener.connections === 0);
});

test('who asks more often than may be is told so late, and what came before is answered', async (t) => {
  const { listener, port } = await start(t);
  listener.http!.serve((_request, response) => void response.end('page'));
  const get = request(port, { line: 'GET / HTTP/1.1', headers: { Upgrade: null, Connection: null } });
  let text = '';
  const sockets = Array.from({ length: 40 }, () => connect({ port, host: '127.0.0.1' }));
  const begun = performance.now();
  for (const socket of sockets) {
    t.after(() => void socket.destroy());
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        text += String(chunk);
      });
    socket.write(get.repeat(MAX_WAITING_REQUESTS));
  }
  await until('a refusal', () => text.includes('HTTP/1.1 429'));
  assert.ok(performance.now() - begun >= 1000, 'it comes late');
  const answered = text.split('HTTP/1.1 200').length - 1;
  assert.ok(answered >= MAX_REQUEST_RATE && answered < sockets.length * MAX_WAITING_REQUESTS, `${answered} answers`);
  assert.match(text, /Retry-After: 1\r\n/);
});

test('who says nothing, or too little, is closed when limits.connectTimeout is over', async (t) => {
  const { core, port, refusals } = await startListener(t, { webSocket: {} }, { connectTimeout: 0.3 });
  const sockets = ['', 'GET /mqtt HTTP/1.1\r\n', request(port)].map((text) => {
    const socket = connect({ port, host: '127.0.0.1' }).resume();
    t.after(() => void socket.destroy());
    if (text !== '') socket.write(text);
    return once(socket, 'close');
  });
  await Promise.all(sockets);
  assert.equal(core.metrics.refusedConnectTimeout, 3);
  assert.deepEqual([...new Set(refusals)], ['no CONNECT was completed within 0.3 s (limits.connectTimeout)']);
});

test('whose request comes too slowly is ended by the core alone, whenever HTTP looks who is late', async (t) => {
  const { core, port, refusals } = await startListener(t, { webSocket: {} }, { connectTimeout: 0.2 });
  const closed: Promise<unknown>[] = [];
  for (let i = 0; i < 70; i++) {
    const socket = connect({ port, host: '127.0.0.1' }).resume();
    t.after(() => void socket.destroy());
    socket.write('GET /mqtt HTTP/1.1\r\nHo');
    closed.push(once(socket, 'close'));
    await new Promise((resolve) => setTimeout(resolve, 17));
  }
  await Promise.all(closed);
  assert.deepEqual([...new Set(refusals)], ['no CONNECT was completed within 0.2 s (limits.connectTimeout)']);
  assert.equal(core.metrics.refusedConnectTimeout, 70);
});

test('connections that ask for no upgrade are half-open ones', async (t) => {
  const { core, port } = await startListener(t, { webSocket: {} }, { maxHalfOpen: 5 });
  for (let i = 0; i < 12; i++) {
    const socket = connect({ port, host: '127.0.0.1' });
    t.after(() => void socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    if (i % 2 === 0) socket.write('GET /mqtt HTTP/1.1\r\nHost: ');
  }
  await until('the oldest to be gone', () => core.metrics.refusedMaxHalfOpen === 7 && core.connections.size === 5);
});

test('a page connection that is slow with its next request is closed', async (t) => {
  const { port, listener } = await startListener(t, { webSocket: {} }, { connectTimeout: 0.5 });
  listener.http!.serve((_request, response) => void response.end('page'));
  const socket = connect({ port, host: '127.0.0.1' });
  t.after(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await until('the page', () => text.endsWith('page'));
  socket.write('GET / HTTP/1.1\r\nHo');
  await once(socket, 'close');
  await until('it to be forgotten', () => listener.connections === 0);
});

test('compression is agreed on only where it is configured, and offered in a form that is known', async (t) => {
  const extensions = async (port: number, offer: string) => {
    const headers = { 'Sec-WebSocket-Extensions': offer };
    return (await exchange(t, port, request(port, { headers }))).headers.get('sec-websocket-extensions');
  };
  const off = await start(t);
  assert.equal(await extensions(off.port, 'permessage-deflate'), undefined);
  const { port } = await start(t, { compression: true });
  const agreed = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
  for (const offer of [
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; client_max_window_bits=12; server_no_context_takeover',
    'permessage-deflate; server_max_window_bits=9, permessage-deflate',
    'x-other, permessage-deflate; client_max_window_bits="15"',
  ])
    assert.equal(await extensions(port, offer), agreed, offer);
  for (const offer of [
    'x-webkit-deflate-frame',
    'permessage-deflate; server_max_window_bits=9',
    'permessage-deflate; server_max_window_bits=15', // would have to be in the answer (RFC 7692, 7.1.2.1)
    'permessage-deflate; soup',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
  ])
    assert.equal(await extensions(port, offer), undefined, offer);
});

test('the ws package is let in, and told why where it is not', async (t) => {
  const { port } = await start(t);
  const socket = new WebSocket(`ws://localhost:${port}/mqtt`, 'mqtt', { origin: 'http://localhost:3000', family: 4 });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  assert.equal(socket.protocol, 'mqtt');
  const refused = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'soup');
  const [error] = await once(refused, 'error');
  assert.match(String(error), /400/);
});
