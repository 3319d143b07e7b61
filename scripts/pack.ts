// npm run pack: compiles the packages to JavaScript and lays them out in dist/packages, ready for `npm publish`.
import { join, relative } from 'node:path';
import { packAll } from './lib/pack.ts';
import { repositoryRoot } from './lib/source-tree.ts';

const compiler = join(repositoryRoot, 'node_modules', '.bin', 'tsc');
try {
  const folders = await packAll(repositoryRoot, join(repositoryRoot, 'dist', 'packages'), compiler);
  for (const folder of folders) console.log(`npm publish ./${relative(repositoryRoot, folder)}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
