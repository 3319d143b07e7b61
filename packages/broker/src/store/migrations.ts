import type { DatabaseSync } from 'node:sqlite';
import { APPLICATION_ID, SCHEMA } from './schema.ts';

/** A step from the schema version before it to `version`. */
export interface Migration {
  readonly version: number;
  /** Runs within the transaction of the whole upgrade. */
  readonly up: (db: DatabaseSync) => void;
}

/**
 * Every step there ever was, in order. A step that has been released never changes: it must turn what is on somebody's
 * disk into what the next step expects. The schema of today, for a new database, is `SCHEMA`.
 */
export const migrations: readonly Migration[] = [
  { version: 2, up: (db) => db.exec('ALTER TABLE session ADD COLUMN username TEXT') },
];

/** PRAGMA user_version. */
export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}

/** Makes an empty database a store, in one transaction. */
export function createSchema(db: DatabaseSync, version: number): void {
  inTransaction(db, () => {
    db.exec(SCHEMA);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`);
  });
}

/**
 * Takes a database from its version to `target`, in one transaction: it is of the one or of the other, whatever happens.
 *
 * @param steps the migrations to choose from
 */
export function migrate(db: DatabaseSync, target: number, steps: readonly Migration[] = migrations): void {
  const from = versionOf(db);
  if (from === target) return;
  inTransaction(db, () => {
    for (let version = from + 1; version <= target; version++) {
      const step = steps.find((one) => one.version === version);
      if (step === undefined) throw new Error(`there is no step from schema version ${version - 1} to ${version}`);
      step.up(db);
    }
    db.exec(`PRAGMA user_version = ${target}`);
  });
}

function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
