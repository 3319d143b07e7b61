// A broker inside a test: no port to agree on, nothing to install, gone when the test ends.
// Run it: npx node examples/broker-in-a-test.ts
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBroker } from '@cauldron/broker';
import { connect } from '@cauldron/client';

/** What is tested here: a program that turns a lamp on when somebody comes home. */
async function lampControl(url: string): Promise<() => Promise<void>> {
  const client = await connect(url, { clientId: 'lamp-control' });
  const turnOn = async (room: string) => {
    await client.publish(`home/${room}/lamp`, 'on', { qos: 1, retain: true });
  };
  await client.on('home/+room/motion', ({ params }) => turnOn(params.room), { qos: 1 });
  return () => client.end();
}

test('the lamp of a room goes on when something moves there', async (t) => {
  const broker = await createBroker({ listeners: [{ port: 0 }], log: { level: 'error' } });
  t.after(() => broker.close());
  const stop = await lampControl(broker.addresses[0]!.url);
  t.after(stop);

  const lamp = new Promise<string>((resolve) => {
    broker.subscribe('home/+/lamp', ({ topic, payload }) => resolve(`${topic} ${new TextDecoder().decode(payload)}`));
  });
  broker.publish('home/kitchen/motion', '1', { qos: 1 });

  assert.equal(await lamp, 'home/kitchen/lamp on');
});
