import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from './client.ts';
import { GroupedStore } from './grouped-store.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { MemoryEngine, memoryPlace } from './testing/memory-engine.ts';
import { acceptedMessage } from './testing/store-contract.ts';

const URL = 'mqtt://broker';

/** A client whose store holds messages 1 and 2, and takes until `opened` to be read. */
function slowlyOpening() {
  const place = memoryPlace();
  for (const key of [1, 2]) place.messages.set(key, acceptedMessage(key, { topic: `old/${key}` }));
  const opened = Promise.withResolvers<void>();
  class SlowEngine extends MemoryEngine {
    override async open(clientId: string) {
      await opened.promise;
      return super.open(clientId);
    }
  }
  const store = new GroupedStore(new SlowEngine(place));
  const platform = new FakePlatform();
  const client = new Client(platform, URL, { clientId: 'a', store });
  const started = client.start(false);
  const end = async (): Promise<void> => {
    const ended = client.end();
    await platform.settle();
    await ended;
  };
  return { place, opened, client, started, end };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const topics = (messages: ReadonlyMap<number, { topic: string }>): string[] =>
  [...messages].sort(([a], [b]) => a - b).map(([, { topic }]) => topic);

test('what is handed over before the store is open replaces nothing that it keeps, and waits behind it', async () => {
  const { place, opened, client, started, end } = slowlyOpening();
  const payload = Uint8Array.of(1);
  const accepted = ['new/1', 'new/2'].map((topic) => client.enqueue(topic, payload, { qos: 1 }));
  payload[0] = 9;
  await turn();
  assert.equal(place.groups, 0);
  opened.resolve();
  await started;
  await Promise.all(accepted);
  assert.deepEqual(topics(place.messages), ['old/1', 'old/2', 'new/1', 'new/2']);
  assert.deepEqual([...place.messages.get(3)!.payload], [1]);
  assert.equal(client.queue.messages, 4);
  await end();
});

test('what is handed over before the store is open can be given up with its signal', async () => {
  const { place, opened, client, started, end } = slowlyOpening();
  const abort = new AbortController();
  const publish = client.publish('new/1', '', { qos: 1, signal: abort.signal });
  abort.abort();
  opened.resolve();
  await assert.rejects(publish, { code: 'ABORTED' });
  await started;
  assert.equal(place.messages.size, 2);
  await end();
});

test('a client that is ended before its store is open closes it, and tells everybody who waits', async () => {
  const { place, opened, client, started } = slowlyOpening();
  const publish = client.publish('new/1', '', { qos: 1 });
  const refused = assert.rejects(publish, { code: 'CONNECTION_CLOSED' });
  const ended = client.end();
  await turn();
  opened.resolve();
  await Promise.all([ended, started, refused]);
  assert.equal(place.inUse, false);
  assert.deepEqual(topics(place.messages), ['old/1', 'old/2']);
});

test('a store that cannot be opened ends the client and everything that waits for it, with the reason', async () => {
  const place = memoryPlace();
  place.owner = 'somebody else';
  const client = new Client(new FakePlatform(), URL, {
    clientId: 'a',
    store: new GroupedStore(new MemoryEngine(place)),
  });
  const publish = client.publish('new/1', '', { qos: 1 });
  const refused = assert.rejects(publish, { code: 'STORE_FAILED', message: /belongs to "somebody else", not "a"/ });
  await client.start(false);
  await refused;
  assert.match((await client.closed)!.message, /belongs to "somebody else"/);
});
