// A program that hands messages to a client with an SQLite store, and says so on standard output once `enqueue` has
// resolved: QoS 2 for even numbers, QoS 1 for odd ones. With a last number it ends when all are published.
//   node test/crash/enqueuing-client.ts STORE FIRST_NUMBER PORT [LAST_NUMBER]
import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { createClient } from '@cauldron/client';
import { sqliteStore } from '@cauldron/client/sqlite';

const [path = '', first = '0', port = '1', last = 'Infinity'] = process.argv.slice(2);
const client = createClient(`mqtt://127.0.0.1:${port}`, {
  clientId: 'meter',
  store: sqliteStore(path),
  reconnect: { minDelay: 60_000, maxDelay: 60_000 },
});
void client.closed.then((reason) => {
  if (reason !== undefined) throw reason;
});

const enqueue = (n: number) =>
  client.enqueue(`meter/${n}`, `reading ${n} `.repeat(1 + (n % 40)), { qos: n % 2 === 0 ? 2 : 1 });

let number = Number(first);
while (number <= Number(last)) {
  // Some at once, so that groups of many sizes are cut.
  const group = Array.from({ length: 1 + (number % 7) }, () => number++);
  await Promise.all(group.map((n) => enqueue(n)));
  writeSync(1, group.map((n) => `${n}\n`).join(''));
}
// What earlier programs left is published, too.
while (client.queue.messages + client.queue.inflight > 0) await setTimeout(10);
await client.end();
