// README.md is the first thing a newcomer sees: its commands and links hold.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { CAULDRON } from '../support/command-line.ts';
import { sectionsOf } from '../support/markdown.ts';
import { startProcess } from '../support/process.ts';
import { missingLinks } from '../support/run-page.ts';
import { runTypeScript } from '../support/run-typescript.ts';

const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');
const blocks = sectionsOf(`## top\n${readme}`).flatMap((section) => section.blocks);

test('the README begins with the two commands, and they are scripts of package.json', () => {
  assert.deepEqual(
    blocks.slice(0, 2).map(({ text }) => text),
    ['npm ci && npm start', 'npm ci && npm test'],
  );
  const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8'));
  assert.ok(scripts.start !== undefined && scripts.test !== undefined);
});

test('every file and heading that a page links to is there', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: repositoryRoot })];
  assert.ok(pages.length > 15);
  for (const page of pages) {
    const text = readFileSync(join(repositoryRoot, page), 'utf8');
    assert.deepEqual(missingLinks(text, join(repositoryRoot, page, '..')), [], page);
  }
});

test('every flag of a cauldron command in the README is one that its help knows', async (t) => {
  const lines = blocks.flatMap(({ language, text }) => (language === 'sh' ? text.split('\n') : []));
  const commands = lines.flatMap((line) => {
    const match = /^npx cauldron (\w+)(.*?)( #.*| >.*)?$/.exec(line);
    return match === null ? [] : [{ name: match[1]!, flags: match[2]!.match(/ --?[a-zA-Z][\w-]*/g) ?? [] }];
  });
  assert.ok(commands.length >= 10);
  for (const name of new Set(commands.map((command) => command.name))) {
    const help = startProcess(t, process.execPath, [CAULDRON, 'help', name]);
    assert.equal((await help.waitForExit()).code, 0, name);
    for (const flag of commands.filter((command) => command.name === name).flatMap(({ flags }) => flags)) {
      assert.match(help.stdout, new RegExp(`(^|[ ,])${flag.trim()}\\b`, 'm'), `cauldron ${name}${flag}`);
    }
  }
});

test('the three lines of the README start a broker', async (t) => {
  const program = blocks.find(({ language }) => language === 'ts')!.text;
  assert.equal(program.split('\n').length, 3);
  const started = runTypeScript(
    t,
    `${program}\nbroker.publish('kitchen/soup', '');\nsetImmediate(() => broker.close());`,
  );
  assert.equal((await started.waitForExit()).code, 0, started.stderr);
  assert.equal(started.stdout, 'kitchen/soup\n');
});
