import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurableBroker, textOf } from '@cauldron/testkit';
import { whenDurable } from '../connection/answers.ts';

async function failing(broker: DurableBroker): Promise<void> {
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't');
  subscriber.cut();
  await broker.settle();
  broker.fail('full');
  const publisher = broker.broker.connect('p');
  publisher.publish('t', 'refused', { qos: 1 });
  await broker.settle();
}

test('a store that fails in another way than before says so again, and each way once', async () => {
  const said: string[] = [];
  const broker = new DurableBroker({ observer: { storeFailing: ({ kind }) => said.push(kind) } });
  await failing(broker);
  await broker.pass(3000);
  broker.fail('io');
  await broker.pass(3000);
  assert.deepEqual(said, ['full', 'io']);
});

test('while the store fails, QoS 0 for a client that is away is dropped and counted: nobody could be told to wait', async () => {
  const broker = new DurableBroker({ mqtt: { queueQos0: true } });
  await failing(broker);
  const publisher = broker.broker.connect('q');
  for (let i = 0; i < 100; i++) publisher.publish('t', 'lost');
  await broker.pass(1500);
  assert.equal(broker.metrics.droppedOffline, 100);
  assert.deepEqual([broker.metrics.queuedMessages, broker.metrics.queuedBytes], [0, 0]);
  broker.fail(null);
  await broker.pass(3000);
  publisher.publish('t', 'kept');
  await broker.settle();
  const back = await broker.connect('s');
  assert.deepEqual(
    back.takeMessages().map(({ payload }) => textOf(payload)),
    ['kept'],
  );
});

test('what goes wrong with an answer that waited for the store ends its connection and nothing else', async () => {
  const errors: unknown[] = [];
  const broker = new DurableBroker({ observer: { internalError: (error) => errors.push(error) } });
  const client = await broker.connect('a');
  const other = await broker.connect('b');
  const { connection } = broker.core.sessions.get('a')!;
  client.publish('t', 'x', { qos: 2 });
  whenDurable(connection!, () => {
    throw new Error('an answer failed');
  });
  await broker.settle();
  assert.deepEqual([client.closed, other.closed, errors.length], [true, false, 1]);
});
