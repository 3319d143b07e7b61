import type { Violation } from './boundaries.ts';
import type { SourceFile } from './source-tree.ts';

/** Lines a production file may have, and a test file, whose cases are read one at a time. */
export const MAX_LINES = { production: 400, test: 800 } as const;

/** Tables may be longer: they are looked up, not read. Each one says why it is in this list. */
export const LONG_TABLES: Readonly<Record<string, string>> = {};

/** Finds files that have grown past what is read in one go. */
export function checkFileLength(
  files: readonly SourceFile[],
  tables: Readonly<Record<string, string>> = LONG_TABLES,
): Violation[] {
  const violations: Violation[] = [];
  for (const file of files) {
    const lines = file.text.split('\n').length - 1;
    const limit = file.isTest ? MAX_LINES.test : MAX_LINES.production;
    if (lines <= limit || tables[file.path] !== undefined) continue;
    violations.push({
      path: file.path,
      line: limit + 1,
      rule: `${lines} lines, more than the ${limit} that a file may have`,
      fix: 'split it by responsibility; a table may be listed with its reason in scripts/lib/file-length.ts',
    });
  }
  return violations;
}
