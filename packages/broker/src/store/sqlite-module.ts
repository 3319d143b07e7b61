import { join } from 'node:path';
import { DATABASE_FILE } from './schema.ts';
import { type EngineOptions, SqliteEngine } from './sqlite-engine.ts';
import type { WorkerEngine } from './worker-engine.ts';

/** Bytes that the log's file keeps when it starts anew: what lies there already is written again without growing it. */
const LOG_KEPT = 64 * 1024 * 1024;

/** The SQLite engine as the store's thread runs it. @throws {StoreError} */
export function openEngine(folder: string, options: unknown): WorkerEngine {
  const databasePath = join(folder, DATABASE_FILE);
  const pragmas = `PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${LOG_KEPT}`;
  const engine = SqliteEngine.open(databasePath, { ...(options as EngineOptions), pragmas });
  return {
    databasePath,
    apply: (operations, length) => engine.apply(operations, length),
    read: (request) => engine.read(request),
    snapshot: (visit) => engine.snapshot(visit),
    maintain: () => engine.maintain(),
    close: () => engine.close(),
  };
}
