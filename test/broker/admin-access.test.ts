// Who may use the dashboard's API: login, roles, tokens, pages of other sites, and machines that are not this one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ApiAnswer, type ApiServer, basic, LiveReader, startApi, usersIn } from '../support/admin-api.ts';
import { nextEvent, until } from '../support/broker.ts';
import { makeServerCertificate } from '../support/server-certificate.ts';
import { tempDir } from '../support/temp-dir.ts';

/** `ann` is an admin, `vic` a viewer, `nob` nothing. */
async function startWithUsers(t: TestContext, more = {}) {
  const { config, write } = await usersIn(t, ['ann', 'vic', 'nob'], more);
  return { ...(await startApi(t, config)), write };
}

const refused = (answer: ApiAnswer, status: number, code: string): void => {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.error.code, code);
  assert.ok(answer.body.error.message.length > 20);
};

interface Operation {
  readonly method: string;
  readonly path: string;
}

/** Every operation of the OpenAPI document, with something in place of its parameters. */
async function operations(server: Pick<ApiServer, 'ask'>, headers: Record<string, string> = {}): Promise<Operation[]> {
  const { body } = await server.ask('openapi.json', { headers });
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(body.paths as Record<string, object>)) {
    for (const method of Object.keys(methods)) {
      found.push({ method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, 'x') });
    }
  }
  assert.ok(found.length >= 25, `${found.length} operations`);
  return found;
}

/** Those that everybody may use, to find out how to get in. */
const isForAnybody = ({ path }: Operation): boolean => path === '/api/v1/session';

/** Those that change nothing, though they are no GET: a viewer may use them. */
const FOR_VIEWERS: readonly string[] = [
  'PUT /api/v1/live/x',
  'POST /api/v1/topics/view',
  'POST /api/v1/graph',
  'POST /api/v1/explain',
];

test('no operation of the API answers somebody who is not logged in', async (t) => {
  const server = await startWithUsers(t);
  for (const one of await operations(server, basic('ann'))) {
    if (isForAnybody(one)) continue;
    const answer = await server.ask(one.path, { method: one.method, body: one.method === 'GET' ? undefined : {} });
    refused(answer, 401, 'LOGIN_REQUIRED');
    assert.equal(answer.headers['www-authenticate'], undefined, 'browsers would keep the password');
  }
  refused(await server.ask('nothing'), 401, 'LOGIN_REQUIRED');
  refused(await server.ask('openapi.json'), 401, 'LOGIN_REQUIRED');
});

test('no way to write a path leads past the login', async (t) => {
  const server = await startWithUsers(t);
  const asked = async (method: string, path: string) => {
    const sent = request({ host: '127.0.0.1', port: server.port, method, path, agent: false });
    sent.setHeader('content-type', 'application/json').end(method === 'POST' ? '{"topic":"a"}' : undefined);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode!;
  };
  for (const prefix of ['/%61pi/v1', '/ap%69/v1', '/api/%761', 'http://127.0.0.1/api/v1', 'HTTP://x/%61pi/v1']) {
    for (const [method, path] of [
      ['GET', 'clients'],
      ['HEAD', 'clients'],
      ['GET', 'live'],
      ['GET', 'openapi.json'],
      ['POST', 'publish'],
      ['DELETE', 'clients/x'],
    ] as const) {
      assert.equal(await asked(method, `${prefix}/${path}`), 401, `${method} ${prefix}/${path}`);
    }
  }
});

test('no operation that changes anything is for a viewer, and none at all for a user without a role', async (t) => {
  const server = await startWithUsers(t);
  const all = await operations(server, basic('ann'));
  const vic = await server.login('vic');
  for (const { method, path } of all) {
    const body = method === 'GET' ? undefined : {};
    if (isForAnybody({ method, path })) continue;
    refused(await server.ask(path, { method, body, headers: basic('nob') }), 403, 'NO_ROLE');
    if (method === 'GET' || FOR_VIEWERS.includes(`${method} ${path}`)) continue;
    refused(await vic.ask(path, { method, body }), 403, 'FORBIDDEN');
    refused(await server.ask(path, { method, body, headers: basic('vic') }), 403, 'FORBIDDEN');
  }
  for (const one of FOR_VIEWERS)
    assert.ok(
      all.some(({ method, path }) => `${method} ${path}` === one),
      one,
    );
});

test('a viewer may look at everything', async (t) => {
  const server = await startWithUsers(t);
  const vic = await server.login('vic');
  for (const path of [
    'overview',
    'metrics/history',
    'health',
    'topics',
    'retained',
    'graph',
    'clients',
    'events',
    'dashboards',
  ]) {
    assert.equal((await vic.ask(path)).status, 200, path);
  }
  assert.equal((await vic.ask('session')).body.user.role, 'viewer');
});

test('no operation but GET is done for a session without its token', async (t) => {
  const server = await startWithUsers(t);
  const { body } = await server.ask('openapi.json', { headers: basic('ann') });
  assert.ok(body.paths);
  const [ann, other] = [await server.login('ann'), await server.login('ann')];
  for (const { method, path } of await operations(server, basic('ann'))) {
    if (method === 'GET' || (method === 'POST' && path === '/api/v1/session')) continue;
    for (const token of [undefined, '', other.csrfToken, `${ann.csrfToken}x`]) {
      const headers = { cookie: ann.cookie, ...(token === undefined ? {} : { 'x-cauldron-csrf': token }) };
      refused(await server.ask(path, { method, body: {}, headers }), 403, 'CSRF_TOKEN');
    }
  }
  assert.equal((await ann.ask('session')).body.user.username, 'ann');
});

test('pages of other sites get no answer of the API, whoever looks at them', async (t) => {
  const server = await startWithUsers(t);
  const ann = await server.login('ann');
  for (const site of ['cross-site', 'same-site']) {
    for (const path of ['session', 'overview']) {
      const { status } = await ann.ask(path, { headers: { 'sec-fetch-site': site, 'sec-fetch-mode': 'cors' } });
      assert.equal(status, 403);
    }
    // A link of another site may lead to the pages, and a form of it to nothing.
    const navigate = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' };
    refused(await ann.ask('overview', { headers: navigate }), 403, 'CROSS_SITE');
  }
  assert.equal((await ann.ask('session', { headers: { 'sec-fetch-site': 'same-origin' } })).status, 200);
});

test('an origin that may use MQTT over WebSocket may not use the API', async (t) => {
  const { config } = await usersIn(t, ['ann']);
  const server = await startApi(t, {
    ...config,
    listeners: [{ port: 0, webSocket: { origins: ['*'] } }],
  });
  const ann = await server.login('ann');
  refused(await ann.ask('overview', { headers: { origin: 'https://evil.example' } }), 403, 'CROSS_SITE');
  const own = { origin: `http://127.0.0.1:${server.port}` };
  assert.equal((await ann.ask('overview', { headers: own })).status, 200);
});

test('the cookie is out of reach of scripts and other sites, and a new one with each login', async (t) => {
  const server = await startWithUsers(t);
  const login = (headers = {}) =>
    server.ask('session', { method: 'POST', body: { username: 'ann', password: 'soup' }, headers });
  const first = await login();
  const [set] = first.headers['set-cookie']!;
  assert.match(set!, new RegExp(`^cauldron-${server.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`));
  const cookie = set!.split(';')[0]!;
  const second = await login({ cookie });
  assert.notEqual(second.headers['set-cookie']!.at(-1)!.split(';')[0], cookie);
  refused(await server.ask('overview', { headers: { cookie } }), 401, 'LOGIN_REQUIRED');
  const planted = `cauldron-${server.port}=${'a'.repeat(43)}`;
  const third = await login({ cookie: planted });
  assert.ok(!third.headers['set-cookie']!.some((one) => one.startsWith(planted)), 'no session of a planted identifier');
  const proxied = await server.ask('session', {
    method: 'POST',
    body: { username: 'ann', password: 'soup' },
    headers: { origin: `https://127.0.0.1:${server.port}`, 'sec-fetch-site': 'same-origin' },
  });
  // The listener itself speaks no TLS and knows no such origin: what a proxy adds has to be among its origins.
  assert.equal(proxied.status, 403);
});

test('behind a proxy that does the TLS the cookie is for TLS alone', async (t) => {
  const { config } = await usersIn(t, ['ann']);
  const origin = 'https://broker.example';
  const listeners = [{ port: 0, webSocket: { names: ['broker.example'], origins: [origin] } }];
  const server = await startApi(t, { ...config, listeners });
  const answer = await server.ask('session', {
    method: 'POST',
    body: { username: 'ann', password: 'soup' },
    headers: { origin, host: 'broker.example', 'sec-fetch-site': 'same-origin' },
  });
  assert.match(answer.headers['set-cookie']![0]!, /^__Host-cauldron-\d+=.*; Secure; SameSite=Strict$/);
});

test('over TLS the cookie is for TLS alone, and so is the link', async (t) => {
  const certificate = makeServerCertificate(tempDir(t));
  const { config } = await usersIn(t, ['ann']);
  const { cert, key } = certificate;
  const { broker, port } = await startApi(t, {
    ...config,
    listeners: [{ port: 0, tls: { cert, key }, webSocket: {} }],
  });
  assert.equal(broker.dashboardUrl, `https://127.0.0.1:${port}/`);
  const body = JSON.stringify({ username: 'ann', password: 'soup' });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const path = '/api/v1/session';
  const asked = https.request({ port, host: '127.0.0.1', method: 'POST', path, headers, rejectUnauthorized: false });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  assert.match(
    response.headers['set-cookie']![0]!,
    /^__Host-cauldron-\d+=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  // Whoever is on the way can plant a cookie over plain HTTP, but none of this name.
  const [cookie] = response.headers['set-cookie']![0]!.split(';');
  for (const [sent, status] of [
    [cookie!, 200],
    [cookie!.replace('__Host-', ''), 401],
  ] as const) {
    const options = { port, host: '127.0.0.1', path: '/api/v1/overview', headers: { cookie: sent } };
    const [answer] = (await once(https.get({ ...options, rejectUnauthorized: false }), 'response')) as [
      IncomingMessage,
    ];
    answer.resume();
    assert.equal(answer.statusCode, status);
  }
});

test('a login with a token that expires ends then, also where it only watches', async (t) => {
  const expiresAt = Date.now() + 1500;
  const rights = { key: 'x', roles: ['viewer'] };
  const authenticator = { authenticate: () => ({ outcome: 'accept', rights, expiresAt }) as const };
  const server = await startApi(t, {}, { authenticator });
  const session = await server.login('ann', 'token');
  assert.ok((await session.ask('session')).body.user.expiresAt <= expiresAt);
  const lives = [
    await LiveReader.open(t, server.port, basic('ann')),
    await LiveReader.open(t, server.port, { cookie: session.cookie }),
  ];
  for (const live of lives) await live.next('goodbye');
  refused(await session.ask('overview'), 401, 'LOGIN_REQUIRED');
});

test('a logout ends the session, and with it what it shows live', async (t) => {
  const server = await startWithUsers(t);
  const ann = await server.login('ann');
  const live = await LiveReader.open(t, server.port, { cookie: ann.cookie });
  await live.next('hello');
  const answer = await ann.ask('session', { method: 'DELETE' });
  assert.equal(answer.status, 204);
  assert.match(answer.headers['set-cookie']![0]!, /Expires=Thu, 01 Jan 1970/);
  assert.match((await live.next('goodbye')).reason, /logged out/);
  await live.end();
  refused(await ann.ask('overview'), 401, 'LOGIN_REQUIRED');
});

test('who gives a wrong password, or no user name, is told so in the same words', async (t) => {
  const server = await startWithUsers(t);
  const wrong = await server.ask('session', { method: 'POST', body: { username: 'ann', password: 'x' } });
  refused(wrong, 401, 'LOGIN_FAILED');
  const unknown = await server.ask('session', { method: 'POST', body: { username: 'eve', password: 'soup' } });
  assert.deepEqual(unknown.body, wrong.body);
  refused(await server.ask('overview', { headers: basic('ann', 'x') }), 401, 'LOGIN_FAILED');
  refused(await server.ask('overview', { headers: { authorization: 'Bearer x' } }), 400, 'BASIC_LOGIN');
  refused(
    await server.ask('session', { method: 'POST', body: { username: '', password: '' } }),
    400,
    'VALIDATION_FAILED',
  );
  assert.equal((await server.ask('overview', { headers: basic('ann') })).status, 200);
});

test('too many wrong passwords make the user wait here as they do with MQTT', async (t) => {
  const { config } = await usersIn(t, ['ann']);
  const server = await startApi(t, {
    ...config,
    authentication: { ...config.authentication, failuresBeforeDelay: 3, failureDelay: 60 },
  });
  const login = (password: string) => server.ask('session', { method: 'POST', body: { username: 'ann', password } });
  for (let attempt = 0; attempt < 3; attempt += 1) refused(await login('x'), 401, 'LOGIN_FAILED');
  refused(await login('soup'), 401, 'LOGIN_FAILED');
  assert.ok(server.broker.logins.loginsDelayed >= 1);
});

test('a user without a role is told what to write in the configuration', async (t) => {
  const server = await startWithUsers(t);
  const answer = await server.ask('session', { method: 'POST', body: { username: 'nob', password: 'soup' } });
  refused(answer, 403, 'NO_ROLE');
  assert.match(answer.body.error.message, /\[\[authorization\.roles\]\] name = "viewer" users = \["nob"\]/);
  assert.equal(answer.headers['set-cookie'], undefined);
});

test('superusers are admins, and roles may have other names', async (t) => {
  const { config } = await usersIn(t, ['ann', 'sue', 'ops']);
  const server = await startApi(t, {
    ...config,
    authorization: {
      superusers: ['sue'],
      roles: [
        { name: 'operators', users: ['ops'] },
        { name: 'admin', users: ['ann'] },
      ],
    },
    dashboard: { adminRole: 'operators' },
  });
  for (const name of ['sue', 'ops'])
    assert.equal((await server.ask('session', { headers: basic(name) })).body.user.role, 'admin');
  refused(await server.ask('overview', { headers: basic('ann') }), 403, 'NO_ROLE');
});

test('a user who is removed, has another password, or loses the role, is out, and what it shows live ends', async (t) => {
  const { write, ...server } = await startWithUsers(t);
  const [ann, vic] = [await server.login('ann'), await server.login('vic')];
  const lives = [
    await LiveReader.open(t, server.port, { cookie: ann.cookie }),
    await LiveReader.open(t, server.port, { cookie: vic.cookie }),
    await LiveReader.open(t, server.port, basic('ann')),
  ];
  await write({ ann: 'stew', vic: 'soup' });
  await server.broker.reload();
  refused(await ann.ask('overview'), 401, 'LOGIN_REQUIRED');
  assert.equal((await vic.ask('overview')).status, 200);
  for (const live of [lives[0]!, lives[2]!]) assert.match((await live.next('goodbye')).reason, /other credentials/);
  await server.broker.replaceRules({ roles: [{ name: 'admin', users: ['ann'] }] });
  refused(await vic.ask('overview'), 403, 'NO_ROLE');
  assert.match((await lives[1]!.next('goodbye')).reason, /may not use the dashboard any longer/);
});

test('a user whom the program disconnects is logged out of the dashboard, too, and nobody else is', async (t) => {
  const server = await startWithUsers(t);
  const [ann, vic] = [await server.login('ann'), await server.login('vic')];
  const live = await LiveReader.open(t, server.port, { cookie: ann.cookie });
  await live.next('hello');
  server.broker.disconnectUser('ann', 'the kitchen is closed');
  assert.equal((await live.next('goodbye')).reason, 'the kitchen is closed');
  refused(await ann.ask('overview'), 401, 'LOGIN_REQUIRED');
  assert.equal((await vic.ask('overview')).status, 200);
});

// ---- without authentication

test('without authentication it opens directly on this machine, and for nobody who comes by another name or a proxy', async (t) => {
  const server = await startApi(t, { listeners: [{ port: 0, webSocket: { names: ['broker.example'] } }] });
  const here = await server.ask('session');
  assert.deepEqual(here.body.user, { username: null, role: 'admin', csrfToken: null, expiresAt: null });
  assert.deepEqual([here.body.loginRequired, here.body.refusal], [false, null]);
  assert.equal((await server.ask('overview', { headers: { host: `localhost:${server.port}` } })).status, 200);
  for (const headers of [
    { host: 'broker.example' },
    { 'x-forwarded-for': '192.0.2.1' },
    { via: '1.1 proxy' },
    { forwarded: 'for=127.0.0.1' },
  ]) {
    refused(await server.ask('overview', { headers }), 403, 'NOT_FROM_HERE');
    const { body } = await server.ask('session', { headers });
    assert.equal(body.user, null);
    assert.match(body.refusal, /only the machine of the broker itself/);
  }
  // DNS rebinding: a page of another site under a name of its own.
  assert.equal((await server.ask('overview', { headers: { host: 'rebound.example' } })).status, 421);
  refused(await server.ask('session', { method: 'POST', body: { username: 'a', password: 'b' } }), 403, 'NO_USERS');
  refused(await server.ask('overview', { headers: basic('ann') }), 403, 'NO_USERS');
});

test('where other machines come in without a login, the dashboard still is for this one alone', async (t) => {
  const proxyProtocol = { from: ['127.0.0.1'] };
  const server = await startApi(t, {
    listeners: [{ port: 0, allowAnonymous: true, proxyProtocol, webSocket: {} }],
  });
  const { connect } = await import('node:net');
  const asked = async (client: string): Promise<string> => {
    const socket = connect(server.port, '127.0.0.1');
    const host = `localhost:${server.port}`;
    socket.write(
      `PROXY TCP4 ${client} 127.0.0.1 50000 ${server.port}\r\nGET /api/v1/overview HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    return text;
  };
  assert.match(await asked('192.0.2.1'), /^HTTP\/1\.1 403 [\s\S]*NOT_FROM_HERE/);
  assert.match(await asked('127.0.0.1'), /^HTTP\/1\.1 200 /);
});

test('where nobody is let in without a login, and there are no users, it opens for nobody', async (t) => {
  const server = await startApi(t, { listeners: [{ port: 0, allowAnonymous: false, webSocket: {} }] });
  refused(await server.ask('overview'), 403, 'NOT_FROM_HERE');
});

// ---- configuration, log

test('a listener may keep the pages off, and the configuration all of them', async (t) => {
  const both = await startApi(t, {
    listeners: [
      { name: 'with', port: 0, webSocket: {} },
      { name: 'without', port: 0, webSocket: { dashboard: false } },
    ],
  });
  const [, without] = both.broker.addresses;
  assert.equal((await both.ask('overview')).status, 200);
  assert.equal(both.broker.dashboardUrl, `http://127.0.0.1:${both.port}/`);
  assert.match(await (await fetch(`http://127.0.0.1:${without!.port}/`)).text(), /MQTT over WebSocket is at/);
  const off = await startApi(t, { dashboard: { enabled: false } });
  assert.equal((await off.ask('/')).status, 404);
  assert.equal(off.broker.dashboardUrl, null);
});

test('logins, logouts, refusals and changes are in the audit log; passwords, tokens and cookies are not', async (t) => {
  const file = join(tempDir(t), 'audit.jsonl');
  const { broker, ...server } = await startWithUsers(t, { audit: { file } });
  const ann = await server.login('ann');
  await ann.ask('publish', { method: 'POST', body: { topic: 'house/lamp', payload: 'on' } });
  await ann.ask('overview');
  await ann.ask('live/x', { method: 'PUT', body: {} });
  await server.ask('publish', { method: 'POST', body: { topic: 'secret' }, headers: basic('vic') });
  await server.ask('session', { method: 'POST', body: { username: 'ann', password: 'wrong-guess' } });
  await ann.ask('session', { method: 'DELETE' });
  await broker.close();
  const text = readFileSync(file, 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.filter(({ event }) => event === 'admin').map(({ user, what, ok, by }) => [user, what, ok, by]),
    [
      ['ann', 'log in', true, 'dashboard'],
      ['ann', 'POST /publish house/lamp', true, 'dashboard'],
      ['ann', 'log out', true, 'dashboard'],
    ],
  );
  const refusals = lines.filter(({ event }) => event === 'refused');
  assert.ok(
    refusals.some(({ kind, user }) => kind === 'dashboard' && user === 'vic'),
    JSON.stringify(refusals),
  );
  assert.ok(refusals.some(({ kind, user }) => kind === 'credentials' && user === 'ann'));
  assert.doesNotMatch(text, /soup|wrong-guess/);
  for (const secret of [ann.csrfToken, ann.cookie.split('=')[1]!]) assert.ok(!text.includes(secret));
});

test('an operator who disconnects a client or discards its session is named', async (t) => {
  const file = join(tempDir(t), 'audit.jsonl');
  const { config } = await usersIn(t, ['ann', 'dev'], { audit: { file } });
  const server = await startApi(t, {
    ...config,
    listeners: [
      { port: 0, webSocket: {} },
      { name: 'mqtt', port: 0 },
    ],
  });
  const { connect } = await import('@cauldron/client');
  const url = server.broker.addresses.find(({ name }) => name === 'mqtt')!.url;
  const client = await connect(url, {
    clientId: 'd',
    username: 'dev',
    password: 'soup',
    reconnect: false,
    sessionExpiry: 60,
  });
  t.after(() => client.end());
  const gone = nextEvent(server.broker, 'disconnect');
  const ann = await server.login('ann');
  assert.equal((await ann.ask('clients/d/disconnect', { method: 'POST', body: {} })).status, 200);
  await gone;
  assert.equal((await ann.ask('clients/d', { method: 'DELETE' })).status, 200);
  await until('the session to be gone', () => server.broker.core.sessions.get('d') === undefined);
  await server.broker.close();
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines
      .filter(({ event }) => event === 'kicked' || event === 'discarded')
      .map(({ event, client: id, by }) => [event, id, by]),
    [
      ['kicked', 'd', 'ann'],
      ['discarded', 'd', 'ann'],
    ],
  );
});
