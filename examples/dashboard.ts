// A dashboard in the terminal: the last value of each meter, and whether the connection is there. It can be started before
// its broker and outlives its restarts.
//   npx node examples/dashboard.ts
// Publish something to it: npx cauldron pub -t meters/kitchen/power -m '{"watts": 230}'
// The broker is mqtt://127.0.0.1:1883, or the URL in BROKER.
import { createClient } from '@cauldron/client';

const client = createClient(process.env.BROKER ?? 'mqtt://127.0.0.1:1883', { reconnect: { maxDelay: 5000 } });
const last = new Map<string, number>();

client.onState((state) => {
  if (state.status === 'connected') console.log(`connected, MQTT version ${state.protocolVersion}`);
  if (state.status === 'waiting') console.log(`not connected: ${state.reason.message}`);
});
process.once('SIGINT', () => void client.end());

// Only the newest value of each meter counts: a slow terminal may miss some in between.
const measurements = client.subscribe('meters/+meter/power', { overflow: 'drop-oldest', bufferSize: 100 });
for await (const message of measurements) {
  const { meter } = message.params;
  try {
    last.set(meter, message.json<{ watts: number }>().watts);
  } catch {
    console.log(`${meter}: not JSON: ${message.text()}`);
    continue;
  }
  const sum = [...last.values()].reduce((watts, more) => watts + more, 0);
  console.log(`${meter}: ${last.get(meter)} W (all ${last.size}: ${sum} W)`);
}
