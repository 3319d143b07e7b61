import type { ClientStore, StoredMessage, StoredState, StoreOperation } from '../store.ts';

// What every durable store has to do. It needs nothing of Node, so that it also runs in pages.

/** A fresh place, such as a file: every store that `make` gives is the same one opened anew. */
export type MakeStore = () => ClientStore;

export interface StoreClaim {
  readonly name: string;
  /** @throws {Error} saying what does not hold */
  check(make: MakeStore): Promise<void>;
}

const CLIENT = 'contract';

/** A message as it is when it was just accepted. */
export function acceptedMessage(key: number, own: Partial<StoredMessage> = {}): StoredMessage {
  const payload = new TextEncoder().encode(`payload ${key}`);
  const { properties = undefined, ...rest } = own;
  const message = { topic: `t/${key}`, payload, qos: 1, retain: false, packetId: 0, received: false, sent: 0 } as const;
  return { key, ...message, ...rest, properties };
}

const put = (key: number, own?: Partial<StoredMessage>): StoreOperation => ({
  kind: 'put',
  message: acceptedMessage(key, own),
});

export const storeContract: readonly StoreClaim[] = [
  {
    name: 'a new store is empty',
    check: async (make) => same(await contents(make), { messages: [], inbound: [] }),
  },
  {
    name: 'what was called back as kept is there when it is opened again, in the order of keys',
    check: async (make) => {
      await change(make, [put(10), put(9), put(11)]);
      same(keys(await contents(make)), [9, 10, 11]);
    },
  },
  {
    name: 'a message comes back byte for byte with all its properties',
    check: async (make) => {
      const message = acceptedMessage(1, {
        topic: 'haus/küche/🍲',
        payload: Uint8Array.from({ length: 70_000 }, (_, at) => (at * 31) & 0xff),
        qos: 2,
        retain: true,
        properties: {
          payloadFormatIndicator: 0,
          messageExpiryInterval: 0xffff_ffff,
          contentType: 'a/b',
          responseTopic: 'r',
          correlationData: Uint8Array.of(0, 255, 128),
          userProperties: [
            ['a', '1'],
            ['a', '2'],
          ],
        },
      });
      await change(make, [{ kind: 'put', message }]);
      same((await contents(make)).messages, [message]);
    },
  },
  {
    name: 'an empty payload stays empty, and part of a larger buffer stays that part',
    check: async (make) => {
      const part = Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 3);
      await change(make, [put(1, { payload: new Uint8Array(0) }), put(2, { payload: part })]);
      const [first, second] = (await contents(make)).messages;
      same([[...first!.payload], [...second!.payload]], [[], [2, 3]]);
    },
  },
  {
    name: 'packet identifiers, sending order and PUBREC of messages in flight come back',
    check: async (make) => {
      await change(make, [put(1), put(2, { qos: 2 }), put(3)]);
      await change(make, [
        { kind: 'sent', key: 2, packetId: 65_535, sent: 1 },
        { kind: 'sent', key: 1, packetId: 7, sent: 2 },
        { kind: 'received', key: 2 },
      ]);
      same((await contents(make)).messages, [
        acceptedMessage(1, { packetId: 7, sent: 2 }),
        acceptedMessage(2, { qos: 2, packetId: 65_535, sent: 1, received: true }),
        acceptedMessage(3),
      ]);
    },
  },
  {
    name: 'a message that has to be sent from the start again is as it was accepted',
    check: async (make) => {
      await change(make, [put(1, { qos: 2 }), { kind: 'sent', key: 1, packetId: 3, sent: 1 }]);
      await change(make, [
        { kind: 'received', key: 1 },
        { kind: 'sent', key: 1, packetId: 0, sent: 0 },
      ]);
      same((await contents(make)).messages, [acceptedMessage(1, { qos: 2 })]);
    },
  },
  {
    name: 'a deleted message is gone with its state, so that its key can be used again',
    check: async (make) => {
      await change(make, [
        put(1, { qos: 2 }),
        { kind: 'sent', key: 1, packetId: 3, sent: 1 },
        { kind: 'received', key: 1 },
      ]);
      await change(make, [{ kind: 'delete', key: 1 }]);
      same(keys(await contents(make)), []);
      await change(make, [put(1, { qos: 2 })]);
      same((await contents(make)).messages, [acceptedMessage(1, { qos: 2 })]);
    },
  },
  {
    name: 'changes of one group hold in their order: accepted, sent, received and deleted in one go leaves nothing',
    check: async (make) => {
      await change(make, [
        put(1, { qos: 2 }),
        { kind: 'sent', key: 1, packetId: 3, sent: 1 },
        { kind: 'received', key: 1 },
        { kind: 'delete', key: 1 },
        put(2),
      ]);
      same((await contents(make)).messages, [acceptedMessage(2)]);
    },
  },
  {
    name: 'deleting what is not there, and noting twice what is, does no harm',
    check: async (make) => {
      await change(make, [
        { kind: 'delete', key: 5 },
        { kind: 'inbound-done', packetId: 5 },
        { kind: 'inbound', packetId: 6 },
        { kind: 'inbound', packetId: 6 },
      ]);
      same(await contents(make), { messages: [], inbound: [6] });
    },
  },
  {
    name: 'identifiers of QoS 2 messages from the broker come and go, and all go when its session is lost',
    check: async (make) => {
      await change(
        make,
        [1, 2, 65_535].map((packetId) => ({ kind: 'inbound', packetId })),
      );
      await change(make, [{ kind: 'inbound-done', packetId: 2 }]);
      same([...(await contents(make)).inbound].sort(), [1, 65_535]);
      await change(make, [{ kind: 'inbound-clear' }, { kind: 'inbound', packetId: 9 }]);
      same((await contents(make)).inbound, [9]);
    },
  },
  {
    name: 'callbacks come in the order of the changes, and closing waits for them',
    check: async (make) => {
      const store = make();
      await store.open(CLIENT, broken);
      const called: number[] = [];
      for (let key = 1; key <= 200; key++) {
        store.add(put(key), () => called.push(key));
        if (key % 50 === 0) await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
      }
      await store.close();
      const expected = Array.from({ length: 200 }, (_, at) => at + 1);
      same(called, expected);
      same(keys(await contents(make)), expected);
    },
  },
  {
    name: 'a second client cannot open a store that is in use, and hears why; after the first it can',
    check: async (make) => {
      const first = make();
      await first.open(CLIENT, broken);
      await refused(make(), CLIENT, /another .*has it/);
      await write(first, [put(1)]);
      await first.close();
      same(keys(await contents(make)), [1]);
    },
  },
  {
    name: 'another client identifier is refused, both are named, and nothing is lost or kept locked by that',
    check: async (make) => {
      await change(make, [put(1)]);
      await refused(make(), 'intruder', /"contract".*"intruder"/);
      same(keys(await contents(make)), [1]);
    },
  },
  {
    name: 'a store that was closed before it was opened is no error',
    check: async (make) => make().close(),
  },
];

/** Opens the store, has it keep a group of changes, and closes it. */
async function change(make: MakeStore, operations: readonly StoreOperation[]): Promise<void> {
  const store = make();
  await store.open(CLIENT, broken);
  await write(store, operations);
  await store.close();
}

function write(store: ClientStore, operations: readonly StoreOperation[]): Promise<void> {
  return new Promise((resolve) => {
    operations.forEach((operation, at) => {
      store.add(operation, at === operations.length - 1 ? resolve : undefined);
    });
  });
}

async function contents(make: MakeStore): Promise<StoredState> {
  const store = make();
  const state = await store.open(CLIENT, broken);
  await store.close();
  return state;
}

const keys = ({ messages }: StoredState): number[] => messages.map(({ key }) => key);

function broken(error: Error): never {
  throw error;
}

async function refused(store: ClientStore, clientId: string, why: RegExp): Promise<void> {
  const error = await store.open(clientId, broken).then(
    () => new Error('nothing: it was opened'),
    (reason: Error) => reason,
  );
  if (!why.test(error.message)) throw new Error(`expected a refusal that matches ${why}, got: ${error.message}`);
}

function same(actual: unknown, expected: unknown): void {
  if (text(actual) !== text(expected)) throw new Error(`expected ${text(expected)}, got ${text(actual)}`);
}

/** As JSON with sorted keys; bytes are told from lists, and what is undefined from what is missing. */
function text(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value instanceof Uint8Array) return `bytes(${value.join()})`;
  if (Array.isArray(value)) return `[${value.map(text).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${key}:${text(item)}`).join()}}`;
}
