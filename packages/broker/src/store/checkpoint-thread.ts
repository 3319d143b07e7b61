// The thread that moves the write-ahead log into the database while the store's thread goes on committing.
import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

const port = parentPort as MessagePort;
const path = workerData as string;

const db = new DatabaseSync(path, { timeout: 0 });
db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL');
const move = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
const file = openSync(path, 'r+');

port.on('message', (command: 'move' | 'close') => {
  if (command === 'close') {
    db.close();
    // Last of all: closing a file drops the locks that this process holds on it, SQLite's among them.
    closeSync(file);
    port.close();
    return;
  }
  try {
    move.get();
  } catch (error) {
    port.postMessage({ failed: describe(error), unsynced: false });
    return;
  }
  try {
    // SQLite syncs the database only when it has moved everything, which never happens while groups keep coming. Synced
    // here, little is left for the store's thread to sync when it moves the rest.
    fdatasyncSync(file);
    port.postMessage({ failed: null, unsynced: false });
  } catch (error) {
    port.postMessage({ failed: describe(error), unsynced: true });
  }
});

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
