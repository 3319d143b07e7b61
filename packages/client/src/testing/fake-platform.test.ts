import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { startClient } from './scripted-broker.ts';

test('a client on the fake platform connects, publishes, hears of a loss, and is connected again when time has passed', async () => {
  const { platform, broker, client } = await startClient();
  assert.equal(client.connected, true);
  const done = client.publish('a', 'b', { qos: 2 });
  await platform.settle();
  assert.deepEqual(await done, { reasonCode: 0, properties: undefined });
  broker.link.cut();
  await platform.settle();
  assert.equal(client.state.status, 'waiting');
  await platform.advance(2000);
  assert.equal(client.connected, true);
  assert.equal(broker.links.length, 2);
  const ended = client.end();
  await platform.settle();
  await ended;
  assert.equal(broker.all(PacketType.disconnect).length, 1);
  assert.equal(platform.timers, 0);
});
