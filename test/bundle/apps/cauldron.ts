/** What a page does that uses the client: it connects, subscribes and publishes. */
import { connect } from '@cauldron/client';

const client = await connect('wss://broker.example.org/mqtt');
await client.publish('rooms/kitchen/lamp', 'on', { qos: 1 });
for await (const message of client.subscribe('rooms/+/temperature')) {
  document.title = `${message.topic}: ${message.text()}`;
}
