// Checks the shape of the source tree: who imports whom, import cycles, file lengths. Prints each broken rule with the
// place and the way out; exits 1 when there is one.
//   node scripts/check-boundaries.ts [ROOT]
import { checkBoundaries, describeViolation } from './lib/boundaries.ts';
import { findCycles } from './lib/cycles.ts';
import { checkFileLength } from './lib/file-length.ts';
import { readManifests, readSources, repositoryRoot } from './lib/source-tree.ts';

const root = process.argv[2] ?? repositoryRoot;
const files = readSources(root, ['packages/*/src/**/*.{ts,tsx}', 'scripts/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts']);
const manifests = readManifests(root);
const violations = [...checkBoundaries(files, manifests), ...findCycles(files, manifests), ...checkFileLength(files)];

for (const violation of violations) console.error(describeViolation(violation));
console.log(
  `${files.length} files: ${violations.length === 0 ? 'boundaries hold' : `${violations.length} broken rules`}`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
