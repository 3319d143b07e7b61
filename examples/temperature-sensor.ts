// A temperature sensor whose absence is noticed, and a program that watches it. Start a broker (npm start), then in two
// terminals:
//   npx node examples/temperature-sensor.ts watch
//   npx node examples/temperature-sensor.ts sensor kitchen
// Stop the sensor with Ctrl-C: it says goodbye. Kill it (kill -9): the broker says so in its place, by its will.
// The broker is mqtt://127.0.0.1:1883, or the URL in BROKER.
import { connect } from '@cauldron/client';

const broker = process.env.BROKER ?? 'mqtt://127.0.0.1:1883';
const [role, room = 'kitchen'] = process.argv.slice(2);

if (role === 'sensor') await sensor(room);
else if (role === 'watch') await watch();
else {
  console.error('usage: temperature-sensor.ts watch | temperature-sensor.ts sensor [ROOM]');
  process.exitCode = 2;
}

async function sensor(name: string): Promise<void> {
  const status = `sensors/${name}/status`;
  const client = await connect(broker, {
    clientId: `sensor-${name}`,
    keepAlive: 10, // no sign of life for 15 s, and the broker publishes the will
    will: { topic: status, payload: 'lost', qos: 1, retain: true },
  });
  // Retained: who subscribes later knows the status and the last temperature at once.
  await client.publish(status, 'online', { qos: 1, retain: true });
  console.log(`${name}: online`);

  let temperature = 20;
  const measure = setInterval(async () => {
    temperature += Math.random() - 0.5;
    await client.publish(`sensors/${name}/temperature`, temperature.toFixed(1), { retain: true });
  }, 1000);

  process.once('SIGINT', async () => {
    clearInterval(measure);
    await client.publish(status, 'offline', { qos: 1, retain: true });
    await client.end(); // a goodbye: the broker forgets the will
  });
  client.onState((state) => {
    if (state.status === 'waiting') console.log(`${name}: ${state.reason.message}`); // it connects again by itself
    // The will may have come meanwhile.
    if (state.status === 'connected') void client.publish(status, 'online', { qos: 1, retain: true });
  });
}

async function watch(): Promise<void> {
  const client = await connect(broker);
  await client.on('sensors/+name/temperature', (message) => {
    console.log(`${message.params.name}: ${message.text()} °C`);
  });
  await client.on('sensors/+name/status', (message) => console.log(`${message.params.name}: ${message.text()}`), {
    qos: 1,
  });
  process.once('SIGINT', () => client.end());
}
