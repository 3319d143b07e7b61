import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildDashboard } from '../../scripts/lib/build-dashboard.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Bytes, each file through gzip, that a browser may load before the first page shows. */
const FIRST_PAGE = 150 * 1024;

test('the pages build, their first page stays below 150 KB, and nothing in them names another machine', async (t) => {
  const folder = tempDir(t);
  const { firstPage } = await buildDashboard(folder);
  t.diagnostic(`first page: ${firstPage} bytes gzip`);
  assert.ok(firstPage < FIRST_PAGE, `the first page takes ${firstPage} bytes`);
  assert.ok(firstPage > 10_000, 'the size is that of a page');
  for (const name of globSync('**/*.{html,css}', { cwd: folder })) {
    const text = readFileSync(join(folder, name), 'utf8');
    assert.doesNotMatch(
      text,
      /\b(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?\/\//,
      `${name} loads something from elsewhere`,
    );
    assert.ok(existsSync(join(folder, `${name}.gz`)), `${name} is there compressed`);
  }
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  assert.doesNotMatch(
    page,
    /<script(?![^>]*\bsrc=)|\bstyle="|\son\w+="/,
    'the policy of the pages allows no inline code',
  );
});
