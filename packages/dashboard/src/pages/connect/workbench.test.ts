import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, ClientOptions, ClientState, Message, MessageHandler, SubscribeOptions } from '@cauldron/client';
import { PacketType } from '@cauldron/protocol';
import { type Connection, type SubscriptionWish, Workbench } from './workbench.ts';

/** A client that does what the test says. */
class FakeClient {
  readonly clientId = 'fake';
  readonly serverProperties = {};
  state: ClientState = { status: 'connected', sessionPresent: false, protocolVersion: 5 };
  readonly handlers = new Map<string, MessageHandler>();
  ended: { readonly abrupt?: boolean | undefined } | null = null;
  refuses: Error | null = null;
  readonly options: ClientOptions;
  #listener: (state: ClientState) => void = () => {};

  constructor(options: ClientOptions) {
    this.options = options;
  }

  onState(listener: (state: ClientState) => void): () => void {
    this.#listener = listener;
    return () => {};
  }

  becomes(state: ClientState): void {
    this.state = state;
    this.#listener(state);
  }

  async on(filter: string, handler: MessageHandler, { qos = 0 }: SubscribeOptions) {
    if (this.refuses !== null) throw this.refuses;
    this.handlers.set(filter, handler);
    const packetId = this.handlers.size;
    const one = { filter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    this.options.trace?.('sent', { type: PacketType.subscribe, packetId, subscriptions: [one] });
    // This broker grants no more than 1.
    this.options.trace?.('received', { type: PacketType.suback, packetId, reasonCodes: [Math.min(1, qos)] });
    return { close: () => this.handlers.delete(filter) };
  }

  async end(options: { readonly abrupt?: boolean }): Promise<void> {
    this.ended = options;
    this.becomes({ status: 'ended' });
  }
}

function setUp() {
  const clients: FakeClient[] = [];
  let hold: Promise<void> | null = null;
  const workbench = new Workbench({
    connect: async (_url, options) => {
      await hold;
      options.signal?.throwIfAborted();
      clients.push(new FakeClient(options));
      return clients.at(-1) as unknown as Client;
    },
    now: () => 0,
    soon: (then) => then(),
  });
  return { workbench, clients, holdUntil: (held: Promise<void>) => (hold = held) };
}

const wish = (filter: string, more: Partial<SubscriptionWish> = {}): SubscriptionWish => ({
  filter,
  qos: 2,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
  color: '--series-1',
  ...more,
});

/** What was promised is kept. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an attempt that is cancelled leaves nothing connected', async () => {
  const { workbench, clients, holdUntil } = setUp();
  const held = Promise.withResolvers<void>();
  holdUntil(held.promise);
  const connecting = workbench.connect('ws://x', {});
  assert.equal(workbench.connection.status, 'connecting');
  workbench.disconnect();
  held.resolve();
  await connecting;
  assert.deepEqual(workbench.connection, { status: 'idle' });
  assert.equal(clients.length, 0);
});

test('subscriptions stay in the list, and are made again with the next connection', async () => {
  const { workbench, clients } = setUp();
  workbench.subscribe(wish('a/#'));
  await workbench.connect('ws://x', {});
  await settled();
  assert.deepEqual(
    workbench.subscriptions.map(({ filter, granted }) => [filter, granted]),
    [['a/#', 1]],
  );
  workbench.disconnect(true);
  assert.deepEqual(clients[0]!.ended?.abrupt, true);
  assert.equal(workbench.subscriptions[0]!.granted, undefined);
  await workbench.connect('ws://y', {});
  await settled();
  assert.deepEqual([...clients[1]!.handlers.keys()], ['a/#']);
  workbench.unsubscribe(workbench.subscriptions[0]!.id);
  assert.equal(clients[1]!.handlers.size, 0);
});

test('a filter that is subscribed to again stands in the list once, with its new options', async () => {
  const { workbench } = setUp();
  await workbench.connect('ws://x', {});
  workbench.subscribe(wish('a', { qos: 0 }));
  workbench.subscribe(wish('a', { qos: 1, color: '--series-4' }));
  await settled();
  assert.deepEqual(
    workbench.subscriptions.map(({ qos, granted, color }) => [qos, granted, color]),
    [[1, 1, '--series-4']],
  );
});

test('a subscription that was refused says why', async () => {
  const { workbench, clients } = setUp();
  await workbench.connect('ws://x', {});
  clients[0]!.refuses = new Error('not for you');
  workbench.subscribe(wish('secret'));
  await settled();
  assert.equal(workbench.subscriptions[0]!.refusal, 'Not for you.');
});

test('a connection that was lost says why, until it is back or given up', async () => {
  const { workbench, clients } = setUp();
  await workbench.connect('ws://x', {});
  const reason = new Error('the cable is out');
  clients[0]!.becomes({ status: 'waiting', attempt: 2, delay: 5, reason });
  const connectionNow = (): Connection => workbench.connection;
  const connection = connectionNow();
  assert.ok(connection.status === 'waiting' && connection.ending.text === 'The cable is out.');
  clients[0]!.becomes({ status: 'connected', sessionPresent: true, protocolVersion: 5 });
  assert.equal(connectionNow().status, 'connected');
  clients[0]!.becomes({ status: 'ended', reason });
  const over = connectionNow();
  assert.ok(over.status === 'idle' && over.ending !== undefined);
});

test('a message for two subscriptions is listed once, in both colours', async () => {
  const { workbench, clients } = setUp();
  await workbench.connect('ws://x', {});
  workbench.subscribe(wish('a/#'));
  workbench.subscribe(wish('a/b', { color: '--series-2' }));
  await settled();
  const bytes = new Uint8Array(1);
  const message = { topic: 'a/b', payload: bytes, qos: 0, retain: false, dup: false, properties: undefined } as Message;
  for (const handler of clients[0]!.handlers.values()) handler(message);
  clients[0]!.handlers.get('a/#')!({ ...message } as Message);
  assert.deepEqual(
    workbench.log.entries.map(({ colors }) => colors),
    [['--series-1', '--series-2'], ['--series-1']],
  );
});
