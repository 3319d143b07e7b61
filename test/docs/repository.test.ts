import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';

/** Tracked files, with those new here that are not ignored: a mistake shows before it is committed. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: repositoryRoot })
  .toString('utf8')
  .split('\n')
  .filter((path) => path !== '' && path !== 'test/docs/repository.test.ts')
  .filter((path) => existsSync(join(repositoryRoot, path)) && statSync(join(repositoryRoot, path)).isFile());

/** Every `path:line` whose text matches. */
function places(pattern: RegExp, wanted: (path: string) => boolean = () => true): string[] {
  return files.filter(wanted).flatMap((path) =>
    readFileSync(join(repositoryRoot, path), 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}  ${line.trim().slice(0, 120)}`] : [])),
  );
}

const quotePattern = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('no file names a path of the machine it was written on', () => {
  // Where this clone lies and whose home it is in, and the usual homes of other machines. A folder
  // too general to tell (the root, or one like /app) is looked for as a whole path only.
  const own = [repositoryRoot, homedir()].filter((path) => dirname(path) !== '/').map(quotePattern);
  const usual = ['/root/', '/home/[a-z]', '/Users/[A-Za-z]', '[A-Z]:\\\\Users'];
  assert.deepEqual(places(new RegExp(`(?:^|[\\s"'\`(=])(?:${[...own, ...usual].join('|')})`)), []);
});

test('no file names the host of a package registry', () => {
  assert.deepEqual(places(/registry\.[a-z0-9.-]+\.[a-z]{2,}|"resolved": "https?:/), []);
});

test('no test is skipped, singled out or left to do', () => {
  const isTest = (path: string): boolean => path.endsWith('.test.ts');
  assert.deepEqual(
    places(/\b(?:test|it|describe|suite|t)\.(?:skip|only|todo)\b|\b(?:skip|todo|only): *(?:true|['"`])/, isTest),
    [],
  );
});

test('the CI installs, checks and tests with the commands of CONTRIBUTING.md', () => {
  const ci = readFileSync(join(repositoryRoot, '.ci', 'run'), 'utf8');
  assert.match(ci, /^npm ci\nnpm run check\nnpm test$/m);
  assert.equal(statSync(join(repositoryRoot, '.ci', 'run')).mode & 0o111, 0o111, '.ci/run is executable');
});
