import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildLedger } from '../../scripts/lib/conformance.ts';
import { REFRESH_COMMAND, renderMarkdown } from '../../scripts/lib/conformance-report.ts';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';

const ledger = buildLedger(repositoryRoot);

test('docs/conformance.md is what the tags in the tree say', () => {
  const page = readFileSync(join(repositoryRoot, 'docs', 'conformance.md'), 'utf8');
  assert.ok(page === renderMarkdown(ledger), `docs/conformance.md is out of date: run "${REFRESH_COMMAND}".`);
});

test('every conformance tag in the tree names a statement of MQTT 5.0', () => {
  assert.deepEqual(
    ledger.unknown.map((place) => `${place.path}:${place.line} ${place.id}`),
    [],
  );
});
