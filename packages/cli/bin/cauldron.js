#!/usr/bin/env node
// Starts the program on a Node that can run it. Written so that old versions of Node parse it too: a clone is started
// with whatever Node the machine has, and the repository brings a newer one as an optional dependency.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
const here = dirname(fileURLToPath(import.meta.url));

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  // Compiled code and stripped types are kept in the temporary folder: the second start takes a third of the time.
  import('node:module').then((module) => module.enableCompileCache());
  import('../src/main.ts').then((main) => main.start());
} else {
  const runtime = bundledRuntime();
  if (runtime === undefined) refuse();
  else runOn(runtime);
}

/** The Node that npm installed beside us: node_modules/node-PLATFORM-ARCH/bin/node of this folder or one above it. */
function bundledRuntime() {
  const name = `node-${process.platform}-${process.arch}`;
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name, 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function refuse() {
  process.stderr.write(
    `cauldron needs Node.js >= ${NEEDED}, found ${process.version} and no bundled runtime for ` +
      `${process.platform}-${process.arch}: install Node.js ${NEEDED} or newer from https://nodejs.org, or run npm ci again.\n`,
  );
  process.exitCode = 1;
}

function runOn(runtime) {
  const script = fileURLToPath(import.meta.url);
  const child = spawn(runtime, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both of us; what only we get (kill PID) is passed on. Either way we end when it ends.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !terminal) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`cauldron: the bundled runtime ${runtime} could not be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
