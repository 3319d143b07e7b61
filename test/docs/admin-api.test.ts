// docs/admin-api.md names what the API has; its examples are tried.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from '@cauldron/client';
import { MAX_SESSIONS, MAX_SESSIONS_PER_USER } from '../../packages/broker/src/admin/http/sessions.ts';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { type ApiServer, basic, LiveReader, startApi, usersIn } from '../support/admin-api.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'admin-api.md'), 'utf8');

/** What a line of curl asks for. Knows the flags that the page uses. */
function parseCurl(line: string) {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, three]) => one ?? two ?? three!);
  const headers: Record<string, string> = {};
  let [method, body, path] = ['', undefined as string | undefined, ''];
  for (let at = 1; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === '-s' || word === '-sN') continue;
    if (word.startsWith('http://')) path = word.replace('http://localhost:8083', '');
    else {
      at += 1;
      const value = words[at]!;
      if (word === '-X') method = value;
      else if (word === '-d') body = value;
      else if (word === '-u') Object.assign(headers, basic(...(value.split(':') as [string, string])));
      else if (word === '-b' || word === '-c') headers.cookie = value;
      else if (word === '-H') headers[value.split(': ')[0]!.toLowerCase()] = value.split(': ')[1]!;
      else assert.fail(`${word} of ${line} is not known here`);
    }
  }
  return { method: method || (body === undefined ? 'GET' : 'POST'), path, body, headers };
}

const examples = page
  .split('\n')
  .filter((line) => line.startsWith('curl '))
  .map(parseCurl);

async function start(t: Parameters<typeof startApi>[0]): Promise<ApiServer> {
  const { config } = await usersIn(t, ['ann', 'dev']);
  return startApi(t, {
    ...config,
    listeners: [
      { port: 0, webSocket: {} },
      { name: 'mqtt', port: 0 },
    ],
  });
}

test('every example is answered as it should be', async (t) => {
  const server = await start(t);
  const { url } = server.broker.addresses.find(({ name }) => name === 'mqtt')!;
  const options = {
    clientId: 'sensor-1',
    username: 'dev',
    password: 'soup',
    reconnect: false,
    sessionExpiry: 60,
  } as const;
  const sensor = await connect(url, options);
  t.after(() => sensor.end());
  await sensor.publish('house/kitchen/temperature', '21', { retain: true, qos: 1 });
  const live = await LiveReader.open(t, server.port, basic('ann'));
  const { stream } = await live.next('hello');
  const session = await server.login('ann');
  assert.ok(examples.length >= 14, `${examples.length} examples`);
  for (const { method, path, body, headers } of examples) {
    if (headers.cookie !== undefined) headers.cookie = session.cookie;
    if (headers['x-cauldron-csrf'] !== undefined) headers['x-cauldron-csrf'] = session.csrfToken;
    if (method === 'GET' && path === '/api/v1/live') continue; // it is open, above
    const answer = await server.ask(path.replace('$STREAM', stream), { method, body, headers });
    assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  }
  await live.next('values');
});

test('every operation has its row, with who may use it', async (t) => {
  const server = await start(t);
  const { body } = await server.ask('openapi.json', { headers: basic('ann') });
  const rows: string[] = [];
  for (const [path, methods] of Object.entries(body.paths as Record<string, Record<string, { summary: string }>>)) {
    for (const [method, { summary }] of Object.entries(methods)) {
      const name = `${method.toUpperCase()} ${path.replace('/api/v1', '')}`;
      rows.push(`| \`${name}\` | ${summary.replaceAll('|', '\\|')} | ${await roleOf(server, method, path)} |`);
    }
  }
  const missing = rows.filter((row) => !page.includes(`\n${row}\n`));
  assert.deepEqual(missing, []);
  const written = page.split('\n').filter((line) => /^\| `(GET|POST|PUT|DELETE) \//.test(line));
  assert.equal(written.length, rows.length, 'operations that are no more');
});

/** By what a user without a role, and one who looks, are told. */
async function roleOf(server: ApiServer, method: string, path: string): Promise<string> {
  if (path === '/api/v1/session') return 'anybody';
  await server.broker.replaceRules({
    roles: [
      { name: 'viewer', users: ['dev'] },
      { name: 'admin', users: ['ann'] },
    ],
  });
  const options = { method: method.toUpperCase(), headers: basic('dev'), body: method === 'get' ? undefined : 'x' };
  if (path === '/api/v1/live') return 'viewer';
  const { body } = await server.ask(path.replaceAll(/\{\w+\}/g, 'x'), options);
  return body?.error?.code === 'FORBIDDEN' ? 'admin' : 'viewer';
}

test('the bounds of sessions are as the page says', () => {
  const number = (value: number): string => value.toLocaleString('en-US');
  assert.ok(page.includes(`| sessions, of one user | ${number(MAX_SESSIONS)}, ${MAX_SESSIONS_PER_USER} |`));
});
