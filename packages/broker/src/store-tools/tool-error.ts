import { join } from 'node:path';
import { StoreError } from '@cauldron/core';
import { damaged, isDamage } from '../store/database.ts';
import { asStoreError } from '../store/failure.ts';
import { DATABASE_FILE } from '../store/schema.ts';

/** What a tool would not or could not do, in words that say what to do next. */
export class StoreToolError extends Error {
  override readonly name = 'StoreToolError';
}

/**
 * An error of SQLite while a tool read or wrote the store in `folder`, in words; any other error as it is.
 *
 * @param doing what could not be done
 */
export function explained(error: unknown, folder: string, doing: string): unknown {
  const path = join(folder, DATABASE_FILE);
  if (isDamage(error) || error instanceof RangeError) {
    return damaged(path, `${doing}: ${(error as Error).message}`, error);
  }
  const fromSystem = error instanceof Error && ('errcode' in error || 'errno' in error);
  const failure = fromSystem ? asStoreError(error, path, doing) : error;
  if (!(failure instanceof StoreError) || failure.kind !== 'full') return failure;
  const advice = 'there is no room left: free some, or choose another place, and run the command again';
  return new StoreToolError(`${doing}: ${advice}`, { cause: error });
}
