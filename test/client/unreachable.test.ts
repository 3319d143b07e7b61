// What a program of Node is told when a broker cannot be reached: what went wrong, and what to do about it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { ConfigInput } from '@cauldron/broker';
import { type Client, connect, createClient, type NodeClientOptions, UnreachableError } from '@cauldron/client';
import { type WebSocket, WebSocketServer } from 'ws';
import { startBroker } from '../support/broker.ts';
import { Authority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { findTool } from '../support/tools.ts';

/** Connects in vain; its error. */
async function failure(t: TestContext, url: string, options: NodeClientOptions = {}): Promise<Error> {
  let client: Client;
  try {
    client = await connect(url, options);
  } catch (error) {
    return error as Error;
  }
  t.after(() => client.end());
  throw new Error(`it connected to ${url}`);
}

async function unreachable(t: TestContext, url: string, expected: RegExp, options?: NodeClientOptions): Promise<void> {
  const error = await failure(t, url, options);
  assert.match(error.message, expected);
  assert.ok(error instanceof UnreachableError, error.message);
  assert.equal(error.code, 'UNREACHABLE');
  assert.equal(error.target, url);
}

/** A server of which a test knows only how it answers. */
async function serverOf(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { readonly port: number }).port;
}

for (const scheme of ['mqtt', 'mqtts', 'ws', 'wss']) {
  const path = scheme.startsWith('w') ? '/mqtt' : '';

  test(`${scheme}: nothing listens there, by address and by a name with two addresses`, async (t) => {
    const port = await freePort();
    const text = /cannot reach .*: connection refused, nothing listens there; is the broker running/;
    await unreachable(t, `${scheme}://127.0.0.1:${port}${path}`, text);
    await unreachable(t, `${scheme}://localhost:${port}${path}`, text);
  });

  test(`${scheme}: there is no such host`, async (t) => {
    await unreachable(t, `${scheme}://no-such-host.invalid:1883${path}`, /no such host|could not be looked up now/);
  });

  test(`${scheme}: a server that never says a word is given up after connectTimeout`, async (t) => {
    const port = await serverOf(t, createServer());
    const begun = Date.now();
    const error = await failure(t, `${scheme}://127.0.0.1:${port}${path}`, { connectTimeout: 200 });
    assert.match(error.message, /^no (connection|answer to CONNECT) from .* within 200 ms; check the address/);
    assert.equal((error as { code?: string }).code, 'TIMEOUT');
    assert.ok(Date.now() - begun < 2000);
  });

  test(`${scheme}: a server that closes at once is asked about`, async (t) => {
    const port = await serverOf(
      t,
      createServer((socket) => socket.end()),
    );
    const error = await failure(t, `${scheme}://127.0.0.1:${port}${path}`);
    assert.match(
      error.message,
      /the other end closed .*(speaks? (MQTT|TLS) on this port|port of its WebSocket listener)/,
    );
  });
}

test('a socket file that is missing, is none, or has nobody behind it', async (t) => {
  const folder = tempDir(t);
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('file'), '');
  await unreachable(t, `unix://${path('none')}`, /there is no such socket file; is the broker running/);
  await unreachable(t, `unix://${path('file')}`, /connection refused, nothing listens there|no socket/);
});

test('a local address that is not ours', async (t) => {
  const port = await serverOf(t, createServer());
  const options = { localAddress: '192.0.2.1' };
  await unreachable(
    t,
    `mqtt://127.0.0.1:${port}`,
    /local address .* none of this machine; check localAddress/,
    options,
  );
});

// ---- the wrong protocol

test('mqtts: to a port without TLS, and mqtt: to one with it', async (t) => {
  const { port } = await startBroker(t);
  await unreachable(t, `mqtts://127.0.0.1:${port}`, /does not speak TLS on this port|does it speak TLS on this port/);
  await unreachable(t, `wss://127.0.0.1:${port}/`, /does not speak TLS on this port|with TLS only for wss:/);
  const authority = new Authority(t);
  const { cert, key } = authority.issue('server', { san: 'IP:127.0.0.1' });
  const tls = await startBroker(t, { listeners: [{ port: 0, tls: { cert, key } }] });
  const error = await failure(t, `mqtt://127.0.0.1:${tls.port}`);
  assert.match(error.message, /TLS/);
});

test('mqtt: to a web server, and ws: to a port of MQTT', async (t) => {
  const { port } = await startBroker(t);
  await unreachable(t, `ws://127.0.0.1:${port}/mqtt`, /port of its WebSocket listener|no web server/);
  const web = await serverOf(t, createHttpServer());
  await unreachable(
    t,
    `mqtt://127.0.0.1:${web}`,
    /is a web server; for MQTT over WebSocket write ws:\/\/HOST:PORT\/PATH/,
  );
  const other = await serverOf(
    t,
    createServer((socket) => socket.end('220 mail.example.org ESMTP\r\n')),
  );
  await unreachable(t, `ws://127.0.0.1:${other}/`, /is no web server; is this the port of ws: or wss:/);
});

for (const [what, answer, expected] of [
  [
    'a page',
    (_: IncomingMessage, response: ServerResponse) => void response.end('<h1>It works!</h1>\nmore'),
    /HTTP 200 \(<h1>It works!<\/h1>\); is the path right/,
  ],
  [
    'an error',
    (_: IncomingMessage, response: ServerResponse) => void response.writeHead(404).end('no such path'),
    /HTTP 404 \(no such path\)/,
  ],
  [
    'no words',
    (_: IncomingMessage, response: ServerResponse) => void response.writeHead(502).end(),
    /HTTP 502; is the path right/,
  ],
  [
    'another place',
    (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(301, { location: 'https://a.example/' }).end(),
    /HTTP 301 \(https:\/\/a\.example\/\)/,
  ],
  [
    'a page without end',
    (_: IncomingMessage, response: ServerResponse) => void response.write('x'.repeat(10_000)),
    /HTTP 200 \(x{200}\);/,
  ],
  [
    'half a page',
    (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(500, { 'content-length': 100 }).write('the first words');
      setTimeout(() => response.destroy(), 20);
    },
    /HTTP 500 \(the first words\)/,
  ],
] as const) {
  test(`ws: a web server that answers with ${what} is quoted`, async (t) => {
    const port = await serverOf(t, createHttpServer(answer));
    await unreachable(t, `ws://127.0.0.1:${port}/mqtt`, expected);
  });
}

/** A WebSocket server that does what a test says with each connection. */
async function webSockets(
  t: TestContext,
  protocol: string | false,
  accept: (socket: WebSocket) => void,
): Promise<string> {
  const server = createHttpServer();
  const sockets = new WebSocketServer({ server, handleProtocols: () => protocol });
  sockets.on('connection', accept);
  return `ws://127.0.0.1:${await serverOf(t, server)}/`;
}

test('ws: a server of another subprotocol is none of MQTT', async (t) => {
  const url = await webSockets(t, false, () => undefined);
  await unreachable(t, url, /subprotocol/);
});

test('ws: a server that sends text frames, or closes with a reason, is quoted', async (t) => {
  const text = await webSockets(t, 'mqtt', (socket) => socket.send('hello'));
  assert.match((await failure(t, text)).message, /text frame; MQTT travels in binary frames/);
  const closing = await webSockets(t, 'mqtt', (socket) => socket.close(1008, 'not you'));
  assert.match((await failure(t, closing)).message, /closed with code 1008: not you/);
});

// ---- certificates

async function tlsServer(t: TestContext, options: TlsOptions): Promise<number> {
  return serverOf(
    t,
    createTlsServer(options, (socket) => socket.on('error', () => socket.destroy())),
  );
}

const files = ({ cert, key }: { readonly cert: string; readonly key: string }) => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
});

test('certificates that are for another name, from an unknown authority, or too old: each says what to do', async (t) => {
  const authority = new Authority(t);
  const ca = readFileSync(authority.file);
  const good = files(authority.issue('good', { san: 'IP:127.0.0.1' }));
  const other = files(authority.issue('other', { san: 'DNS:broker.example.org' }));
  const old = files(authority.issue('old', { san: 'IP:127.0.0.1', expired: true }));
  for (const scheme of ['mqtts', 'wss']) {
    const url = async (options: TlsOptions) =>
      `${scheme}://127.0.0.1:${await tlsServer(t, options)}${scheme === 'wss' ? '/' : ''}`;
    await unreachable(t, await url(good), /not issued by an authority that is trusted here; name that authority as CA/);
    const names = /its certificate is for DNS:broker\.example\.org; connect by one of these names, or .*servername/;
    await unreachable(t, await url(other), names, { tls: { ca } });
    await unreachable(t, await url(old), /has expired; have it renewed on the server, and check the clock/, {
      tls: { ca },
    });
  }
});

test('a self-signed certificate is asked to be named', async (t) => {
  const [key, cert] = [join(tempDir(t), 'key'), join(tempDir(t), 'cert')];
  const names = ['-subj', '/CN=a', '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'extendedKeyUsage=serverAuth'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...names];
  assert.equal(spawnSync(findTool('openssl'), made).status, 0);
  const port = await tlsServer(t, files({ cert, key }));
  await unreachable(t, `mqtts://127.0.0.1:${port}`, /its certificate is self-signed; name it as CA .* to trust it/);
});

test('a server that wants a client certificate says so, and says no to one of a stranger', async (t) => {
  const authority = new Authority(t);
  const { cert, key } = authority.issue('server', { san: 'IP:127.0.0.1' });
  const listeners: ConfigInput['listeners'] = [
    { port: 0, tls: { cert, key, ca: authority.file, clientCertificate: 'require' } },
  ];
  const { port } = await startBroker(t, { listeners });
  const url = `mqtts://127.0.0.1:${port}`;
  const ca = readFileSync(authority.file);
  await unreachable(t, url, /wants a client certificate/, { tls: { ca } });
  await unreachable(t, url, /wants a client certificate|handshake/, { tls: { ca, maxVersion: 'TLSv1.2' } });
  const stranger = files(new Authority(t).issue('stranger'));
  const error = await failure(t, url, { tls: { ca, ...stranger } });
  assert.match(error.message, /does not accept our client certificate|wants a client certificate, or another one/);
  const old = files(authority.issue('old', { expired: true }));
  assert.match((await failure(t, url, { tls: { ca, ...old } })).message, /client certificate/);
});

test('no TLS version in common', async (t) => {
  const authority = new Authority(t);
  const good = files(authority.issue('good', { san: 'IP:127.0.0.1' }));
  const port = await tlsServer(t, { ...good, maxVersion: 'TLSv1.2' });
  const tls = { ca: readFileSync(authority.file), minVersion: 'TLSv1.3' } as const;
  await unreachable(t, `mqtts://127.0.0.1:${port}`, /no TLS version or cipher in common/, { tls });
});

test('options of TLS that make no sense fail like any attempt, and a client in the background goes on', async (t) => {
  const authority = new Authority(t);
  const { cert } = authority.issue('a');
  const { key } = authority.issue('b');
  const port = await tlsServer(t, {});
  const url = `mqtts://127.0.0.1:${port}`;
  await unreachable(t, url, /is no PEM; give the content of the file, not its name/, {
    tls: { ca: authority.file, cert, key },
  });
  await unreachable(t, url, /cert and key do not belong together/, { tls: files({ cert, key }) });
  await unreachable(t, `mqtt://127.0.0.1:${port}`, /localAddress|IP address/, { localAddress: 'here' });
  const client = createClient(url, { tls: files({ cert, key }) });
  const waiting = Promise.withResolvers<string>();
  client.onState((state) => state.status === 'waiting' && waiting.resolve(state.reason.message));
  assert.match(await waiting.promise, /do not belong together/);
  await client.end();
});
