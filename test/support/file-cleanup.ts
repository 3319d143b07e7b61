import { after } from 'node:test';
import type { Cleanup } from './process.ts';

/**
 * What is done when the tests of this file are through, the last thing said first. To be called while the file is
 * loaded; it can then be given to what a `before` hook starts, whose own `after` would run at the hook's end.
 */
export function fileCleanup(): Cleanup {
  const cleaning: (() => unknown)[] = [];
  after(async () => {
    for (const clean of cleaning.reverse()) await clean();
  });
  return { after: (clean) => cleaning.push(clean) };
}
