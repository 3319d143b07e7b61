// The store's thread: opens the engine, says so, and answers what the main thread asks.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Checkpointer } from './checkpointer.ts';
import { StoreThread } from './store-thread.ts';
import { type StoreAnswer, type StoreThreadData, toFailure } from './thread-messages.ts';
import type { EngineModule } from './worker-engine.ts';

const port = parentPort as MessagePort;
const data = workerData as StoreThreadData;

try {
  const source = (
    data.engine === null ? await import('./sqlite-module.ts') : await import(data.engine)
  ) as EngineModule;
  const engine = source.openEngine(data.folder, data.engineOptions);
  const checkpointer = engine.databasePath === null ? null : new Checkpointer(engine.databasePath, data.checkpoint);
  new StoreThread(port, engine, checkpointer, data.inject);
  port.postMessage({ type: 'opened' } satisfies StoreAnswer);
} catch (error) {
  port.postMessage({ type: 'openFailed', failure: toFailure(error) } satisfies StoreAnswer);
}
