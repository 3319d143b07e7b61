/** The page whose messages survive a reload. */
import { createClient } from '@cauldron/client';
import { indexedDbStore } from '@cauldron/client/indexeddb';

const client = createClient('wss://broker.example.org/mqtt', { clientId: 'till-7', store: indexedDbStore('orders') });
await client.publish('rooms/kitchen/lamp', 'on', { qos: 1 });
