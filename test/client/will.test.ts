// Whether the broker publishes a client's will depends on how the client ends.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connect, type EndOptions } from '@cauldron/client';
import { nextEvent, startBroker, until } from '../support/broker.ts';

/** Ends a client that has a will; what the broker published of it until it knew that the client is gone. */
async function wills(t: TestContext, scheme: 'mqtt' | 'ws', end: EndOptions): Promise<string[]> {
  const webSocket = scheme === 'ws' ? { webSocket: { path: '/mqtt' } } : {};
  const { broker, port } = await startBroker(t, { listeners: [{ port: 0, ...webSocket }] });
  const published: string[] = [];
  broker.subscribe('lamp/status', ({ payload }) => published.push(Buffer.from(payload).toString()));
  const path = scheme === 'ws' ? '/mqtt' : '';
  const client = await connect(`${scheme}://127.0.0.1:${port}${path}`, {
    sessionExpiry: 0,
    will: { topic: 'lamp/status', payload: 'offline', qos: 1, retain: true },
  });
  const gone = nextEvent(broker, 'disconnect');
  await client.end(end);
  await gone;
  await new Promise(setImmediate);
  broker.publish('lamp/status', 'that was all');
  await until('the last message is here', () => published.includes('that was all'));
  return published;
}

for (const scheme of ['mqtt', 'ws'] as const) {
  test(`the will of a client that breaks off over ${scheme}: is published`, async (t) => {
    assert.deepEqual(await wills(t, scheme, { abrupt: true }), ['offline', 'that was all']);
  });

  test(`the will of a client that asks for it when it leaves over ${scheme}: is published`, async (t) => {
    assert.deepEqual(await wills(t, scheme, { reasonCode: 0x04 }), ['offline', 'that was all']);
  });

  test(`the will of a client that says goodbye over ${scheme}: is not published`, async (t) => {
    assert.deepEqual(await wills(t, scheme, {}), ['that was all']);
  });
}
