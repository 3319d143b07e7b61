// npm run check: everything that is known without starting a broker, in under a minute. The static steps run two at a
// time and each prints its time; unit tests run last. Exits 1 when any step fails, after all of them have run.
import { join } from 'node:path';
import { run, runInherited } from './lib/run.ts';
import { repositoryRoot } from './lib/source-tree.ts';

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly hint: string;
}

const bin = (name: string): string => join(repositoryRoot, 'node_modules', '.bin', name);

const STEPS: readonly Step[] = [
  { name: 'types', command: bin('tsc'), args: ['-p', 'tsconfig.json'], hint: 'strict TypeScript over everything' },
  {
    name: 'types of protocol, without Node or DOM',
    command: bin('tsc'),
    args: ['-p', 'packages/protocol'],
    hint: 'protocol runs in a browser too: no Buffer, process, timers or node:*',
  },
  {
    name: 'types of core, without Node or DOM',
    command: bin('tsc'),
    args: ['-p', 'packages/core'],
    hint: 'core is a value: time, sockets and disk are ports',
  },
  {
    name: "types of the client's core, without Node or DOM",
    command: bin('tsc'),
    args: ['-p', 'packages/client'],
    hint: 'sockets, timers and pages come through Platform; what all surroundings have is in packages/client/web-globals.d.ts',
  },
  {
    name: "types of the client's browser part and its test pages, without Node",
    command: bin('tsc'),
    args: ['-p', 'packages/client/tsconfig.browser.json'],
    hint: 'these run in pages: DOM, but no Buffer, process or node:*',
  },
  {
    name: 'types of the dashboard, without Node',
    command: bin('tsc'),
    args: ['-p', 'packages/dashboard'],
    hint: 'these run in pages: DOM and Preact, but no Buffer, process or node:*',
  },
  {
    name: "types of the dashboard's tests",
    command: bin('tsc'),
    args: ['-p', 'packages/dashboard/tsconfig.test.json'],
    hint: 'its pure parts are tested by Node, its pages in Chromium (test/dashboard)',
  },
  {
    name: 'format and lint',
    command: bin('biome'),
    args: ['check', '--error-on-warnings'],
    hint: 'npm run format repairs most of it',
  },
  {
    name: 'boundaries, cycles, file lengths',
    command: process.execPath,
    args: ['scripts/check-boundaries.ts'],
    hint: 'the rules are in scripts/lib/boundaries.ts',
  },
];

let failed = 0;
const queue = [...STEPS];
await Promise.all([worker(), worker()]);
if ((await runInherited(process.execPath, ['scripts/test.ts', 'unit'], repositoryRoot)) !== 0) failed += 1;
console.log(failed === 0 ? 'check: all steps passed' : `check: ${failed} of ${STEPS.length + 1} steps failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function worker(): Promise<void> {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const { code, output, milliseconds } = await run(step.command, step.args, repositoryRoot);
    const seconds = (milliseconds / 1000).toFixed(1);
    if (code === 0) {
      console.log(`✔ ${step.name} (${seconds} s)`);
      continue;
    }
    failed += 1;
    console.log(`✖ ${step.name} (${seconds} s): ${step.hint}\n${output}`);
  }
}
