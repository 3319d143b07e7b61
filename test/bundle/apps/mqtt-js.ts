/** The same page with MQTT.js. */
import mqtt from 'mqtt';

const client = await mqtt.connectAsync('wss://broker.example.org/mqtt', { protocolVersion: 5 });
client.on('message', (topic, payload) => {
  document.title = `${topic}: ${payload.toString()}`;
});
await client.publishAsync('rooms/kitchen/lamp', 'on', { qos: 1 });
await client.subscribeAsync('rooms/+/temperature');
