import type { TestContext } from 'node:test';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { type StartedProcess, startProcess } from './process.ts';

/** Runs a program given as text as if it stood in the root folder, so that the packages are found by name. */
export function runTypeScript(t: TestContext, program: string): StartedProcess {
  const args = ['--input-type=module-typescript', '--eval', program];
  return startProcess(t, process.execPath, args, { cwd: repositoryRoot });
}
