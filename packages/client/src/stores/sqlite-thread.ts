/** The thread behind `sqlite.ts`: waiting for the disk holds up nobody else. */
import { parentPort } from 'node:worker_threads';
import type { StoredState, StoreOperation } from '../store.ts';
import { SqliteFile } from './sqlite-file.ts';

export type ThreadCommand =
  | { readonly kind: 'open'; readonly path: string; readonly clientId: string }
  | { readonly kind: 'write'; readonly operations: readonly StoreOperation[] }
  | { readonly kind: 'close' };

/** The answer to each command: `state` to `open`, `error` where it failed. */
export interface ThreadAnswer {
  readonly state?: StoredState | undefined;
  readonly error?: string | undefined;
}

let file: SqliteFile | undefined;

parentPort?.on('message', (command: ThreadCommand) => parentPort!.postMessage(answer(command)));

function answer(command: ThreadCommand): ThreadAnswer {
  try {
    return { state: perform(command) };
  } catch (error) {
    return { error: explain(error as Error & { errcode?: number }) };
  }
}

function perform(command: ThreadCommand): StoredState | undefined {
  if (command.kind === 'open') {
    file = new SqliteFile(command.path, command.clientId);
    return file.read();
  }
  if (command.kind === 'write') file?.write(command.operations);
  else file?.close();
  return undefined;
}

/** SQLite's primary result codes, as far as more can be said than it does. */
const explanations: Readonly<Record<number, string>> = {
  5: 'another client has it, in this program or another one; each needs a store of its own',
  8: 'it may only be read; check the permissions of the file and its folder',
  11: 'the file is damaged; put it aside to start with an empty store',
  13: 'the disk is full',
  14: 'it cannot be opened; check that its folder exists and may be written to',
  26: 'the file is no SQLite database; name another file',
};

function explain({ errcode = 0, message }: Error & { errcode?: number }): string {
  const known = explanations[errcode & 0xff];
  return known === undefined ? message : `${known} (${message})`;
}
