import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readManifests, repositoryRoot } from '../../scripts/lib/source-tree.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'dependencies.md'), 'utf8');
const manifests = readManifests(repositoryRoot);
const own = new Set([...manifests.values()].map((manifest) => manifest.name));
const lock = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { version?: string; license?: string } | undefined>;
};

const named = new Set(
  [...manifests.values()]
    .flatMap((manifest) => [
      manifest.dependencies,
      manifest.devDependencies,
      manifest.optionalDependencies,
      manifest.peerDependencies,
    ])
    .flatMap((group) => Object.keys(group ?? {}))
    .filter((name) => !own.has(name)),
);

/** The table rows of the page: package -> its cells. */
const rows = new Map(
  page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| package '))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => [cells[1]!, cells.slice(2, -1)]),
);

test('docs/dependencies.md lists exactly the packages that the package.json files name', () => {
  assert.deepEqual([...rows.keys()].sort(), [...named].sort());
});

test('each line of docs/dependencies.md has the locked version, its licence, and a reason', () => {
  for (const [name, cells] of rows) {
    const locked = lock.packages[`node_modules/${name}`];
    assert.equal(cells[0], locked?.version, `the version of ${name} in docs/dependencies.md`);
    assert.equal(cells[1], locked?.license, `the licence of ${name} in docs/dependencies.md`);
    assert.ok((cells[5] ?? '').length > 20, `docs/dependencies.md says why ${name} is here`);
  }
});
