// A meter that loses no measurement: each is kept in a file before it is sent, so that neither a network that is gone nor
// the end of the program does any harm. Start it without a broker, stop it as roughly as you like (kill -9), start it
// again, and then a broker (npm start): everything arrives, in its order.
//   npx node examples/durable-sensor.ts meter-42 outbox.db
//   npx node examples/dashboard.ts
// The broker is mqtt://127.0.0.1:1883, or the URL in BROKER.
import { createClient } from '@cauldron/client';
import { sqliteStore } from '@cauldron/client/sqlite';

const [name = 'meter-42', file = 'outbox.db'] = process.argv.slice(2);
const client = createClient(process.env.BROKER ?? 'mqtt://127.0.0.1:1883', {
  clientId: name, // the store belongs to it
  store: sqliteStore(file),
  queue: { maxMessages: 1_000_000 }, // eleven days of one a second
  reconnect: { maxDelay: 5000 },
  onUndelivered: (error, { topic }) => console.error(`${topic} was refused: ${error.message}`),
});
client.onState((state) => {
  if (state.status === 'waiting') console.log(`no broker: ${state.reason.message}`);
  else console.log(state.status);
});

let power = 200;
const measuring = setInterval(async () => {
  power = Math.max(0, power + Math.round(Math.random() * 20 - 10));
  const measurement = JSON.stringify({ at: Date.now(), watts: power });
  const { complete } = await client.enqueue(`meters/${name}/power`, measurement, { qos: 1 });
  console.log(`kept ${measurement}`); // from here on it is delivered, whatever happens
  // Only to show how many still wait; rejected where the program ends before: then the next one delivers it.
  complete.then(() => console.log(`delivered, ${client.queue.messages} wait`)).catch(() => undefined);
}, 1000);

process.once('SIGINT', () => {
  clearInterval(measuring);
  void client.end(); // what was not delivered stays in the file
});
const error = await client.closed;
if (error !== undefined) console.error(error.message);
process.exitCode = error === undefined ? 0 : 1;
