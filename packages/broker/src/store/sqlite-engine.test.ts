import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StoreSubject, storeContract } from '@cauldron/testkit';
import { SqliteEngine } from './sqlite-engine.ts';

/** A store in a folder of its own. */
function subject(foldEntries: number, foldStep = 256): StoreSubject {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-engine-'));
  const path = join(folder, 'cauldron.db');
  const options = { foldEntries, foldStep, purgeStep: 10 * foldStep, synchronous: false };
  let engine = SqliteEngine.open(path, options);
  return {
    engine,
    reopen: () => {
      engine.close();
      engine = SqliteEngine.open(path, options);
      return engine;
    },
    settle: () => {
      while (engine.maintain());
    },
    messages: () => Number(engine.database.prepare('SELECT count(*) AS n FROM message').get()!.n),
    dispose: () => {
      engine.close();
      rmSync(folder, { recursive: true });
    },
  };
}

storeContract('SQLite', () => subject(50_000));
storeContract('SQLite, in small steps', () => subject(20, 4));
for (const foldEntries of [1, 2, 3, 5, 300]) {
  storeContract(`SQLite, folding above ${foldEntries} entries`, () => subject(foldEntries));
}
