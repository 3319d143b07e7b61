// npm test [-- GROUP|FILE|GLOB ...] [-- --spec]
//   GROUP is "unit" (beside the code and the scripts) or the name of a folder in test/, such as "interop".
//   --spec names every test as it passes. Without arguments everything runs.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runInherited } from './lib/run.ts';
import { repositoryRoot } from './lib/source-tree.ts';

const UNIT = ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'];
/** No single test may take longer, in milliseconds: a hanging one is named instead of hanging the run. */
const TEST_TIMEOUT = 180_000;

const folders = readdirSync(join(repositoryRoot, 'test'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const spec = args.includes('--spec');
  const names = args.filter((arg) => arg !== '--spec');
  const patterns = names.length === 0 ? [...UNIT, 'test/**/*.test.ts'] : names.flatMap(patternsOf);
  if (!(names.length === 1 && names[0] === 'unit') && !ensureTools()) return 1;
  const reporter = spec ? 'spec' : './scripts/test-reporter.ts';
  return runInherited(
    process.execPath,
    [
      '--test',
      `--test-reporter=${reporter}`,
      `--test-concurrency=${Math.max(2, availableParallelism())}`,
      `--test-timeout=${TEST_TIMEOUT}`,
      ...patterns,
    ],
    repositoryRoot,
  );
}

function patternsOf(name: string): string[] {
  if (name === 'unit') return UNIT;
  if (folders.includes(name)) return [`test/${name}/**/*.test.ts`];
  if (name.includes('/') || name.includes('*')) return [name];
  console.error(`There is no test group "${name}". Groups: unit, ${folders.join(', ')}; or name a file or a glob.`);
  process.exit(1);
}

function ensureTools(): boolean {
  const script = join(repositoryRoot, 'scripts', 'ensure-tools.ts');
  return spawnSync(process.execPath, [script], { stdio: 'inherit' }).status === 0;
}
