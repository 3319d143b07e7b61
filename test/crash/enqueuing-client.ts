// A program that hands messages to a client with an SQLite store, and says so on standard output once `enqueue` has
// resolved. Nobody listens at its port, so that everything stays in the store.
//   node test/crash/enqueuing-client.ts STORE FIRST_NUMBER PORT
import { writeSync } from 'node:fs';
import { createClient } from '@cauldron/client';
import { sqliteStore } from '@cauldron/client/sqlite';

const [path = '', first = '0', port = '1'] = process.argv.slice(2);
const client = createClient(`mqtt://127.0.0.1:${port}`, {
  clientId: 'meter',
  store: sqliteStore(path),
  reconnect: { minDelay: 60_000, maxDelay: 60_000 },
});
void client.closed.then((reason) => {
  throw reason ?? new Error('the client ended by itself');
});

let number = Number(first);
for (;;) {
  // Some at once, so that groups of many sizes are cut.
  const group = Array.from({ length: 1 + (number % 7) }, () => number++);
  await Promise.all(group.map((n) => client.enqueue(`meter/${n}`, `reading ${n} `.repeat(1 + (n % 40)), { qos: 1 })));
  writeSync(1, group.map((n) => `${n}\n`).join(''));
}
