import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DASHBOARD_ID, DASHBOARDS_FOLDER, ENDING } from '../admin/dashboards/names.ts';
import { makeFolder, syncPath } from './files.ts';
import { StoreToolError } from './tool-error.ts';

/**
 * Copies the dashboards of one data folder into another one, on the disk when this returns. Each file is replaced in one
 * step by its broker, so what is read is whole; one that is deleted just now is left out.
 *
 * @returns how many
 * @throws {StoreToolError} one cannot be read or written
 */
export function copyDashboards(from: string, to: string): number {
  const source = join(from, DASHBOARDS_FOLDER);
  const target = join(to, DASHBOARDS_FOLDER);
  try {
    const files = namesIn(source);
    if (files.length === 0) return 0;
    makeFolder(target);
    const copied = files.filter((file) => copyFile(join(source, file), join(target, file)));
    syncPath(target);
    syncPath(to);
    return copied.length;
  } catch (error) {
    if (error instanceof StoreToolError) throw error;
    const text = `cannot copy the dashboards in ${source} to ${target}: ${(error as Error).message}; see that both can be used, and run the command again`;
    throw new StoreToolError(text, { cause: error });
  }
}

function namesIn(folder: string): string[] {
  try {
    const isDashboard = (file: string) => file.endsWith(ENDING) && DASHBOARD_ID.test(file.slice(0, -ENDING.length));
    return readdirSync(folder).filter(isDashboard);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** False = it is not there any more. */
function copyFile(from: string, to: string): boolean {
  let bytes: Buffer;
  try {
    bytes = readFileSync(from);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  const file = openSync(to, 'w', 0o600);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return true;
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
