import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { ApiProblem } from '../problem.ts';
import { routes } from '../routes/index.ts';
import { liveRoutes } from '../routes/live.ts';
import { sessionRoutes } from '../routes/session.ts';
import type { Access } from './access.ts';
import { createApp } from './app.ts';
import type { AdminApp } from './typed.ts';

/** An application whose requests nobody checks, on a port of its own. */
async function start(t: TestContext, addRoutes: (app: AdminApp) => void) {
  const reports: unknown[] = [];
  const made = await createApp({
    version: '1.2.3',
    pages: undefined,
    access: { check: async () => undefined } as unknown as Access,
    routes: addRoutes,
    addressOf: () => '127.0.0.1:1',
    report: (error, reference) => reports.push([error, reference]),
    answered: () => undefined,
  });
  const server = createServer((request, response) => made.handle(request, response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await made.app.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, init);
    const text = await response.text();
    return { response, status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
  };
  return { ...made, ask, reports, port };
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

test('every route of the API stands in its document, with what it is for and what it answers', async (t) => {
  const context = { services: {} as never, operatorOf: () => null };
  const { routes: all, ask } = await start(t, (app) => {
    sessionRoutes(app, {} as never, '1.2.3');
    liveRoutes(app, {} as never, {} as never);
    for (const add of routes) add(app, context);
  });
  const { body } = await ask('openapi.json');
  assert.equal(body.info.version, '1.2.3');
  const api = all.filter(({ url, method }) => url.startsWith('/api/') && method !== 'HEAD');
  assert.ok(api.length >= 30, `${api.length} routes`);
  for (const { method, url, isDocumented } of api) {
    if (url === '/api/v1/openapi.json') continue;
    assert.ok(isDocumented, `${method} ${url} lacks summary, tags or response`);
    const operation = body.paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    assert.ok(operation, `${method} ${url} is not in the document`);
    assert.ok(operation.responses['4XX'] ?? operation.responses['4xx'], `${method} ${url} does not say how it refuses`);
  }
});

test('what goes wrong inside is told to the log, and to whoever asked only under which reference', async (t) => {
  const secret = new Error('the key of the safe is 1234');
  const { ask, reports } = await start(t, (app) => {
    app.get('/fails', () => {
      throw secret;
    });
    app.get('/fails-later', async () => {
      throw secret;
    });
    app.get('/odd', { schema: { response: { 200: z.object({ count: z.number() }) } } }, () => ({
      count: 'x' as never,
    }));
  });
  for (const path of ['fails', 'fails-later', 'odd']) {
    const { status, body, text } = await ask(path);
    assert.equal(status, 500);
    assert.equal(body.error.code, 'INTERNAL');
    assert.doesNotMatch(text, /1234|\.ts|node_modules|at /);
    assert.ok(text.includes((reports.at(-1) as [unknown, string])[1]));
  }
  assert.equal(reports.length, 3);
});

test('every refusal has the same form: a code for programs and a sentence for people', async (t) => {
  const { ask, reports } = await start(t, (app) => {
    app.post('/one', { bodyLimit: 100, schema: { body: z.strictObject({ count: z.number().min(1) }) } }, () => 'done');
    app.get(
      '/two',
      { schema: { querystring: z.object({ limit: z.coerce.number().max(5).default(1) }) } },
      () => 'done',
    );
    app.get('/three', () => {
      throw new ApiProblem(409, 'REVISION_CONFLICT', 'Somebody else changed it.');
    });
    app.get('/item/:id', () => 'done');
  });
  const cases: readonly [string, RequestInit, number, string][] = [
    ['one', json({ count: 0 }), 400, 'VALIDATION_FAILED'],
    ['one', json({ count: 1, more: true }), 400, 'VALIDATION_FAILED'],
    ['one', json('{'), 400, 'INVALID_JSON'],
    ['one', json(''), 400, 'INVALID_JSON'],
    ['one', json('{"__proto__": {"count": 1}}'), 400, 'INVALID_JSON'],
    ['one', json({ count: 'x'.repeat(200) }), 413, 'BODY_TOO_LARGE'],
    [
      'one',
      { method: 'POST', body: 'count=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'MEDIA_TYPE',
    ],
    ['one', { method: 'POST', body: '{"count":1}', headers: { 'content-type': 'text/plain' } }, 415, 'MEDIA_TYPE'],
    ['two?limit=9', {}, 400, 'VALIDATION_FAILED'],
    ['three', {}, 409, 'REVISION_CONFLICT'],
    ['nothing', {}, 404, 'NOT_FOUND'],
    ['item/%ff', {}, 400, 'INVALID_PATH'],
    ['two', { method: 'DELETE' }, 404, 'NOT_FOUND'],
  ];
  for (const [path, init, status, code] of cases) {
    const answer = await ask(path, init);
    assert.deepEqual([answer.status, answer.body?.error.code], [status, code], `${path} ${answer.text}`);
    assert.match(answer.body.error.message, /^[A-Z].*\.$/s);
  }
  const { body } = await ask('one', json({ count: 0 }));
  assert.equal(body.error.details[0].path, 'body.count');
  assert.deepEqual(reports, []);
});

test('who asks for large answers and reads none gets two of them, and more once it read or left', async (t) => {
  const large = Buffer.alloc(17_000_000, 32);
  const { port, ask } = await start(t, (app) => {
    app.get('/large', { config: { takesLong: true } }, (_request, reply) => reply.send(large));
  });
  const unread = await Promise.all([1, 2].map(() => fetch(`http://127.0.0.1:${port}/api/v1/large`)));
  const refused = await ask('large');
  assert.deepEqual([refused.status, refused.body.error.code], [503, 'ANSWERS_UNREAD']);
  assert.equal((await unread[0]!.arrayBuffer()).byteLength, large.length);
  const again = await fetch(`http://127.0.0.1:${port}/api/v1/large`);
  assert.equal(again.status, 200);
  for (const one of [unread[1]!, again]) await one.body!.cancel();
});

test('answers of the API are nobody’s to keep, to frame or to take for something else', async (t) => {
  const { ask } = await start(t, (app) => {
    app.get('/one', () => ({ done: true }));
  });
  for (const path of ['one', 'nothing', 'item/%ff']) {
    const { headers } = (await ask(path)).response;
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.match(headers.get('content-security-policy')!, /default-src 'self'.*frame-ancestors 'none'/);
    assert.match(headers.get('content-type')!, /^application\/json/);
    assert.equal(headers.get('access-control-allow-origin'), null);
  }
});
