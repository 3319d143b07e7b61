import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempTree } from '../test/support/temp-dir.ts';
import { packAll, publishedManifest, publishedPages } from './lib/pack.ts';
import { run } from './lib/run.ts';
import { repositoryRoot } from './lib/source-tree.ts';

const compiler = join(repositoryRoot, 'node_modules', '.bin', 'tsc');

test('a published manifest points at compiled files and asks for Node 24', () => {
  assert.deepEqual(
    publishedManifest({
      name: 'x',
      exports: {
        '.': { browser: './src/index.browser.ts', default: './src/index.ts' },
        './package.json': './package.json',
      },
      scripts: { test: 'y' },
    }),
    {
      name: 'x',
      exports: {
        '.': {
          browser: { types: './lib/index.browser.d.ts', default: './lib/index.browser.js' },
          default: { types: './lib/index.d.ts', default: './lib/index.js' },
        },
        './package.json': './package.json',
        './dist/x.min.js': './dist/x.min.js',
      },
      jsdelivr: './dist/x.min.js',
      unpkg: './dist/x.min.js',
      files: ['lib', 'dist'],
      engines: { node: '>=24' },
    },
  );
});

test('published pages need no other package', () => {
  const manifest = {
    name: 'p',
    version: '1',
    dependencies: { preact: '^1' },
    exports: { './package.json': './package.json' },
  };
  assert.deepEqual(publishedPages(manifest), {
    name: 'p',
    version: '1',
    exports: { './package.json': './package.json' },
    files: ['dist'],
  });
});

const TREE = {
  'packages/a/package.json': '{ "name": "@x/a", "type": "module", "exports": { ".": "./src/index.ts" } }',
  'packages/a/src/index.ts': "export { hello } from './hello.ts';\n",
  'packages/a/src/hello.ts': "export const hello = (who: string): string => 'hello ' + who;\n",
  'packages/a/src/hello.test.ts': 'this would not compile\n',
  'packages/b/package.json': '{ "name": "@x/b", "type": "module", "exports": {}, "bin": { "b": "bin/b.js" } }',
  'packages/b/bin/b.js': "import('../src/main.ts');\n",
  'packages/b/src/main.ts':
    "import { hello } from '@x/a';\nconst answer: string = hello('pot');\nexport { answer };\nif (answer !== 'hello pot') throw new Error(answer);\n",
  'packages/c/package.json': '{ "name": "@x/c", "private": true }',
  LICENSE: 'the licence\n',
};

test('packed packages hold JavaScript that runs from node_modules, and no tests; private ones are left out', async (t) => {
  const root = tempTree(t, TREE);
  cpSync(join(repositoryRoot, 'tsconfig.base.json'), join(root, 'tsconfig.json'));
  mkdirSync(join(root, 'node_modules/@x'), { recursive: true });
  symlinkSync(join(root, 'packages/a'), join(root, 'node_modules/@x/a'));

  const folders = await packAll(root, join(root, 'dist'), compiler);
  assert.deepEqual(folders, [join(root, 'dist/a'), join(root, 'dist/b')]);
  assert.equal(readFileSync(join(root, 'dist/a/LICENSE'), 'utf8'), 'the licence\n');
  assert.match(readFileSync(join(root, 'dist/a/lib/hello.d.ts'), 'utf8'), /hello: \(who: string\) => string/);
  assert.throws(() => readFileSync(join(root, 'dist/a/lib/hello.test.js')), /ENOENT/);

  const install = tempTree(t, { 'package.json': '{}' });
  for (const name of ['a', 'b'])
    cpSync(join(root, 'dist', name), join(install, 'node_modules/@x', name), { recursive: true });
  const { code, output } = await run(process.execPath, [join(install, 'node_modules/@x/b/bin/b.js')], install);
  assert.equal(code, 0, output);
});

test('packages that do not compile are not packed, and the error shows where', async (t) => {
  const root = tempTree(t, { ...TREE, 'packages/a/src/hello.ts': "export const hello: number = 'no';\n" });
  cpSync(join(repositoryRoot, 'tsconfig.base.json'), join(root, 'tsconfig.json'));
  await assert.rejects(packAll(root, join(root, 'dist'), compiler), /do not compile[\s\S]*hello\.ts/);
});

test('a package with a browser entry has one file that a script tag loads as it is: it imports nothing and exports all', async (t) => {
  const root = tempTree(t, {
    ...TREE,
    'packages/b/package.json': `{ "name": "@x/b", "version": "1.2.3", "license": "MIT", "type": "module", "exports":
      { ".": { "browser": "./src/browser.ts", "default": "./src/main.ts" } } }`,
    'packages/b/src/browser.ts': "export { hello as greet } from '@x/a';\nexport const title = () => document.title;\n",
    'packages/b/tsconfig.browser.json':
      '{ "extends": "../../base.json", "compilerOptions": { "lib": ["es2024", "dom"] }, "include": ["src/browser.ts"] }',
    'tsconfig.json': '{ "extends": "./base.json", "exclude": ["packages/b/src/browser.ts"] }',
  });
  cpSync(join(repositoryRoot, 'tsconfig.base.json'), join(root, 'base.json'));
  mkdirSync(join(root, 'node_modules/@x'), { recursive: true });
  symlinkSync(join(root, 'packages/a'), join(root, 'node_modules/@x/a'));
  await packAll(root, join(root, 'dist'), compiler);

  const text = readFileSync(join(root, 'dist/b/dist/x-b.min.js'), 'utf8');
  assert.match(text, /^\/\*! @x\/b 1\.2\.3, MIT \*\/\n/);
  const module = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as { greet(who: string): string };
  assert.deepEqual(Object.keys(module), ['greet', 'title']);
  assert.equal(module.greet('pot'), 'hello pot');
  assert.doesNotMatch(text, /import/);
  // For bundlers it is compiled, against the types that browsers have.
  assert.match(readFileSync(join(root, 'dist/b/lib/browser.d.ts'), 'utf8'), /title: \(\) => string/);
  assert.match(readFileSync(join(root, 'dist/b/lib/browser.js'), 'utf8'), /document\.title/);
});
