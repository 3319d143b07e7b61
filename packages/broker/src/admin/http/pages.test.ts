import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import Fastify from 'fastify';
import { builtPages, servePages } from './pages.ts';

function serve(t: TestContext, folder: string | undefined) {
  const app = Fastify();
  servePages(app, folder);
  t.after(() => app.close());
  return (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers });
}

function pages(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'cauldron-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'dist');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(root, 'secret.txt'), 'secret');
  writeFileSync(join(folder, '.hidden'), 'hidden');
  writeFileSync(join(folder, 'index.html'), '<title>Cauldron</title>');
  writeFileSync(join(folder, 'assets', 'app-1a2b3c.js'), 'let it = "plain";');
  writeFileSync(join(folder, 'assets', 'app-1a2b3c.js.gz'), gzipSync('let it = "small";'));
  return folder;
}

test('the first page is looked at anew each time, and what has its contents in its name never', async (t) => {
  const ask = serve(t, pages(t));
  const first = await ask('/');
  assert.equal(first.statusCode, 200);
  assert.match(String(first.headers['content-type']), /^text\/html/);
  assert.equal(first.headers['cache-control'], 'no-cache');
  assert.ok(first.headers.etag);
  const again = await ask('/', { 'if-none-match': String(first.headers.etag) });
  assert.equal(again.statusCode, 304);
  const asset = await ask('/assets/app-1a2b3c.js');
  assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.match(String(asset.headers['content-type']), /javascript/);
});

test('files that were compressed beforehand go out as such to who takes them', async (t) => {
  const ask = serve(t, pages(t));
  const small = await ask('/assets/app-1a2b3c.js', { 'accept-encoding': 'gzip' });
  assert.equal(small.headers['content-encoding'], 'gzip');
  assert.equal(gunzipSync(small.rawPayload).toString(), 'let it = "small";');
  assert.match(String(small.headers['content-type']), /javascript/);
  assert.equal((await ask('/assets/app-1a2b3c.js')).body, 'let it = "plain";');
});

test('nothing beside the folder is served, nor what is hidden in it', async (t) => {
  const ask = serve(t, pages(t));
  for (const url of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/.hidden',
    '/assets',
    '/assets/',
    '/%00',
  ]) {
    const { statusCode, body } = await ask(url);
    assert.ok(statusCode >= 300 && statusCode < 500, `${url}: ${statusCode}`);
    assert.doesNotMatch(body, /secret$|hidden$/);
  }
});

test('where the pages were not built, the way to them is said', async (t) => {
  const ask = serve(t, undefined);
  const { statusCode, body, headers } = await ask('/');
  assert.equal(statusCode, 503);
  assert.match(String(headers['content-type']), /^text\/plain/);
  assert.match(body, /npm run build/);
});

test('the built pages of this clone are found where there are some', () => {
  const folder = builtPages();
  assert.ok(folder === undefined || folder.endsWith(join('dashboard', 'dist')), String(folder));
});
