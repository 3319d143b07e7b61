/** The page that logs in with SCRAM, too. */
import { connect } from '@cauldron/client';
import { scram } from '@cauldron/client/scram';

const client = await connect('wss://broker.example.org/mqtt', { authentication: scram('ann', 'pencil') });
await client.publish('rooms/kitchen/lamp', 'on', { qos: 1 });
