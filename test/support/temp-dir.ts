import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** A fresh folder that is removed when the test ends. */
export function tempDir(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'cauldron-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A fresh folder holding these files (path -> text), removed when the test ends. */
export function tempTree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = tempDir(t);
  for (const [path, text] of Object.entries(files)) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
  return root;
}
