import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';

const script = new URL('../bin/cauldron.js', import.meta.url);

/** Makes a Node believe that it is an old one, on a platform for which no runtime is bundled if `arch` says so. */
const pretend = (version: string, arch: string = process.arch): string[] => [
  '--import',
  `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'});` +
    `Object.defineProperty(process,'arch',{value:'${arch}'})`,
];

/** A tree as npm installs it, with a program that prints its arguments and ends with 7, or waits for SIGTERM. */
async function tree(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'cauldron-bin-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const runtime = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
  const cli = join(root, 'packages', 'cli');
  for (const folder of [runtime, join(cli, 'bin'), join(cli, 'src')]) await mkdir(folder, { recursive: true });
  await symlink(process.execPath, join(runtime, 'node'));
  await cp(script, join(cli, 'bin', 'cauldron.js'));
  await writeFile(join(cli, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(cli, 'src', 'main.ts'),
    `export function start(): void {
      if (process.argv[2] === 'wait') {
        const timer = setInterval(() => undefined, 1000);
        process.on('SIGTERM', () => { clearInterval(timer); process.exitCode = 9; });
      } else process.exitCode = 7;
      console.log(process.argv.slice(2).join(' '));
    }`,
  );
  return join(cli, 'bin', 'cauldron.js');
}

function collect(child: ChildProcess): { out: () => string; err: () => string } {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => (out += chunk));
  child.stderr?.on('data', (chunk) => (err += chunk));
  return { out: () => out, err: () => err };
}

test('on a new enough Node the program runs in the same process', async (t) => {
  const child = spawn(process.execPath, [await tree(t), 'pub', '-m', 'two words']);
  const { out } = collect(child);
  assert.deepEqual(await once(child, 'close'), [7, null]);
  assert.equal(out(), 'pub -m two words\n');
});

test('on an old Node the bundled runtime runs it with the same arguments and exit code', async (t) => {
  const child = spawn(process.execPath, [...pretend('20.9.0'), await tree(t), 'pub', '-m', 'two words']);
  const { out } = collect(child);
  assert.deepEqual(await once(child, 'close'), [7, null]);
  assert.equal(out(), 'pub -m two words\n');
});

test('on an old Node SIGTERM reaches the program, whose exit code counts', async (t) => {
  const child = spawn(process.execPath, [...pretend('20.9.0'), await tree(t), 'wait']);
  await once(child.stdout!, 'data');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'close'), [9, null]);
});

test('an old Node without a bundled runtime is refused in one line that says what to do', async (t) => {
  const child = spawn(process.execPath, [...pretend('20.9.0', 'pdp11'), await tree(t), 'pub']);
  const { err } = collect(child);
  assert.deepEqual(await once(child, 'close'), [1, null]);
  assert.match(err(), /^cauldron needs Node\.js >= 24, found v.*-pdp11: install Node\.js 24 or newer .*\n$/);
});

test('the real program answers --version', async () => {
  const child = spawn(process.execPath, [script.pathname, '--version']);
  const { out } = collect(child);
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.match(out(), /^cauldron \d+\.\d+\.\d+\n$/);
});
