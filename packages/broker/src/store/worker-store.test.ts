import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { StoreFailure, StoreRead, StoreReceiver } from '@cauldron/core';
import type { FakeEngineOptions, FakeEngineState } from '@cauldron/testkit/fake-engine';
import { SnapshotReader } from './snapshot-reader.ts';
import { type InjectedFailure, SNAPSHOT_WINDOW } from './thread-messages.ts';
import { WorkerStore } from './worker-store.ts';

const FAKE = import.meta.resolve('@cauldron/testkit/fake-engine');

/** A receiver that notes what it gets, as text, and can be waited for. */
class Recorder implements StoreReceiver {
  readonly events: string[] = [];
  readonly states: FakeEngineState[] = [];
  #wake: () => void = () => {};

  written(): void {
    this.note('written');
  }

  writeFailed(failure: StoreFailure): void {
    this.note(`write failed: ${failure.kind}: ${failure.message}`);
  }

  entriesRead(request: StoreRead, entries: Uint8Array, more: boolean): void {
    this.states.push(JSON.parse(new TextDecoder().decode(entries)) as FakeEngineState);
    this.note(`read ${request.session}${more ? ' and more' : ''}`);
  }

  readFailed(request: StoreRead, failure: StoreFailure): void {
    this.note(`read ${request.session} failed: ${failure.kind}: ${failure.message}`);
  }

  note(event: string): void {
    this.events.push(event);
    this.#wake();
  }

  async count(events: number): Promise<readonly string[]> {
    while (this.events.length < events) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.events;
  }
}

interface Started {
  readonly store: WorkerStore;
  readonly recorder: Recorder;
}

async function start(
  context: TestContext,
  engineOptions: FakeEngineOptions = {},
  inject: InjectedFailure | null = null,
  limits?: { maxOldGenerationSizeMb: number },
): Promise<Started> {
  const data = { folder: '/nowhere', engine: FAKE, engineOptions, inject, checkpoint: {} };
  const store = await WorkerStore.open(data, limits);
  const recorder = new Recorder();
  store.connect(recorder);
  // What closing says is for the tests of closing.
  context.after(() => store.close().catch(() => {}));
  return { store, recorder };
}

function group(store: WorkerStore, first: number, length = 10): void {
  const bytes = store.take(length);
  bytes[0] = first;
  store.write(bytes, length);
}

function request(session: number, limit = 100): StoreRead {
  return { session, messages: null, after: 0, limit, maxBytes: 1000 };
}

test('a group is handed to the engine whole and answered in a later turn', async (context) => {
  const { store, recorder } = await start(context);
  group(store, 7, 100_000);
  assert.deepEqual(recorder.events, []);
  await recorder.count(1);
  store.read(request(1));
  assert.deepEqual(await recorder.count(2), ['written', 'read 1']);
  assert.deepEqual(recorder.states[0]?.groups, [7]);
  assert.equal(recorder.states[0]?.bytes, 100_000);
});

test('a group that begins inside its buffer is written from there', async (context) => {
  const { store, recorder } = await start(context);
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(2);
  store.write(bytes, 2);
  store.read(request(1));
  await recorder.count(2);
  assert.deepEqual(recorder.states[0]?.groups, [3]);
});

test('reads are answered in the order asked, with their own requests, and see the groups written before', async (context) => {
  const { store, recorder } = await start(context, { unreadable: 3 });
  store.read(request(1));
  group(store, 9);
  for (const [session, limit] of [
    [2, 1],
    [3, 1],
    [4, 2],
  ] as const) {
    store.read(request(session, limit));
  }
  assert.deepEqual(await recorder.count(5), [
    'read 1',
    'written',
    'read 2 and more',
    'read 3 failed: io: session 3 is lost',
    'read 4',
  ]);
  assert.deepEqual(
    recorder.states.map(({ groups, session }) => [session, groups.length]),
    [
      [1, 0],
      [2, 1],
      [4, 1],
    ],
  );
});

test('a second group before the first is answered is a mistake that is told at once', async (context) => {
  const { store, recorder } = await start(context);
  group(store, 1);
  assert.throws(() => group(store, 2), /being written already/);
  await recorder.count(1);
});

test('buffers of groups come back: a steady load makes no new ones', async (context) => {
  const { store, recorder } = await start(context);
  const sizes = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const bytes = store.take(200_000 - i);
    sizes.add(bytes.length);
    store.write(bytes, 10);
    await recorder.count(i + 1);
  }
  // Every buffer is as large as the first asked for: the later and smaller requests got that one again.
  assert.deepEqual([...sizes], [200_000]);
});

test('the composition root is called behind every completion, once', async (context) => {
  const { store, recorder } = await start(context, {}, { write: 2, kind: 'io' });
  store.connect(recorder, () => recorder.note('flush'));
  group(store, 1);
  await recorder.count(2);
  group(store, 2);
  store.read(request(1));
  const events = await recorder.count(6);
  assert.deepEqual(
    events.map((event) => event.split(':')[0]),
    ['written', 'flush', 'write failed', 'flush', 'read 1', 'flush'],
  );
});

test('an injected failure hits the writes it names and nothing of them reaches the engine', async (context) => {
  const { store, recorder } = await start(context, {}, { write: 2, times: 2, kind: 'full' });
  for (let i = 1; i <= 4; i++) {
    group(store, i);
    await recorder.count(i);
  }
  store.read(request(1));
  assert.deepEqual(
    (await recorder.count(5)).map((event) => event.replace(/: write.*/, '')),
    ['written', 'write failed: full', 'write failed: full', 'written', 'read 1'],
  );
  assert.deepEqual(recorder.states[0]?.groups, [1, 4]);
  const { commits, failedWrites } = store.stats;
  assert.deepEqual({ commits, failedWrites }, { commits: 2, failedWrites: 2 });
});

test('commits, their bytes and their times are counted', async (context) => {
  const { store, recorder } = await start(context, { delay: 5 });
  for (let i = 1; i <= 3; i++) {
    group(store, i, 1000);
    await recorder.count(i);
  }
  const { commits, bytes, commit, roundTrip } = store.stats;
  assert.deepEqual({ commits, bytes }, { commits: 3, bytes: 3000 });
  assert.ok(commit.p50 >= 4.9, `a commit took ${commit.p50} ms`);
  assert.ok(commit.max >= commit.p99 && commit.p99 >= commit.p50);
  assert.ok(roundTrip.p50 >= commit.p50, `${roundTrip.p50} ms to the thread and back`);
});

for (const [die, why] of [
  ['exit', /exited with code 3/],
  ['throw', /the engine has lost its mind/],
  ['memory', /ERR_WORKER_OUT_OF_MEMORY/],
] as const) {
  test(`when the thread dies (${die}), what is outstanding fails, and so does everything later`, async (context) => {
    const { store, recorder } = await start(context, { die, delay: 20 }, null, { maxOldGenerationSizeMb: 16 });
    group(store, 1);
    store.read(request(1));
    store.read(request(2));
    // A thread that dies of what it left behind has answered first: the promise holds for what came after.
    const answered = die === 'throw' ? 1 : 0;
    const events = await recorder.count(3);
    for (const event of events.slice(answered)) assert.match(event, /failed: io: the store's thread ended: /);
    assert.match(events[2] ?? '', why);
    group(store, 2);
    store.read(request(3));
    assert.equal(recorder.events.length, 3, 'not in the caller’s turn');
    const later = await recorder.count(5);
    assert.match(later[3] ?? '', /^write failed: io: .*restart the broker/);
    assert.match(later[4] ?? '', /^read 3 failed: io/);
    assert.match(store.ended?.message ?? '', why);
    await store.close();
  });
}

test('an engine that does not open is an error with its own words', async () => {
  const engineOptions: FakeEngineOptions = { refuse: 'this is a folder of cake recipes' };
  const data = { folder: '/nowhere', engine: FAKE, engineOptions, inject: null, checkpoint: {} };
  await assert.rejects(WorkerStore.open(data), { name: 'StoreError', message: 'this is a folder of cake recipes' });
});

test('an engine that cannot be loaded is an error, too', async () => {
  const data = { folder: '/nowhere', engine: 'file:///nowhere.js', engineOptions: {}, inject: null, checkpoint: {} };
  await assert.rejects(WorkerStore.open(data), { name: 'StoreError', message: /nowhere\.js/ });
});

test('a snapshot arrives whole and in order', async (context) => {
  const { store } = await start(context, { parts: 50 });
  const seen: number[] = [];
  for await (const part of store.snapshot()) {
    assert.equal(part.length, 4);
    seen.push(part[3] ?? -1);
  }
  assert.deepEqual(seen, [...Array(50).keys()]);
});

test('the thread runs no more than a few parts of a snapshot ahead of who reads it', async (context) => {
  const { store } = await start(context, { parts: 50 });
  const taken = context.mock.method(SnapshotReader.prototype, 'take').mock;
  const snapshot = store.snapshot();
  for (let read = 1; read <= 10; read++) {
    await snapshot.next();
    const ahead = read - 1 + SNAPSHOT_WINDOW;
    while (taken.callCount() < ahead) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(taken.callCount(), ahead);
  }
});

test('a snapshot that fails is an error behind its parts', async (context) => {
  const { store } = await start(context, { parts: 2, snapshotFails: 'page 12 is damaged' });
  let parts = 0;
  await assert.rejects(
    async () => {
      for await (const _ of store.snapshot()) parts++;
    },
    { name: 'StoreError', message: 'page 12 is damaged' },
  );
  assert.equal(parts, 2);
});

test('a store whose snapshot failed is changed by no upkeep any more', async (context) => {
  const { store, recorder } = await start(context, { snapshotFails: 'page 12 is damaged', upkeep: 1_000_000_000 });
  await assert.rejects(store.snapshot().next(), /page 12/);
  for (const events of [1, 2]) {
    store.read({ session: 1, messages: null, after: 0, limit: 2, maxBytes: 1 });
    await recorder.count(events);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  const [first, second] = recorder.states;
  assert.equal(second!.upkeepDone, first!.upkeepDone);
});

test('whoever stops reading a snapshot early does not hold up the store', async (context) => {
  const { store, recorder } = await start(context, { parts: 100 });
  for await (const _ of store.snapshot()) break;
  group(store, 1);
  assert.deepEqual(await recorder.count(1), ['written']);
});

test('a store closes although its snapshot was read in part', async (context) => {
  const { store } = await start(context, { parts: 100 });
  const snapshot = store.snapshot();
  await snapshot.next();
  await store.close();
  assert.equal(store.ended?.message, 'the store is closed');
});

test('closing waits for what is outstanding; what is asked later fails', async (context) => {
  const { store, recorder } = await start(context, { delay: 30 });
  group(store, 1);
  store.read(request(1));
  await Promise.all([store.close(), store.close()]);
  assert.deepEqual(recorder.events, ['written', 'read 1']);
  group(store, 2);
  assert.equal((await recorder.count(3))[2], 'write failed: io: the store is closed');
});

test('a group that the receiver starts on the last completion is waited for, too', async (context) => {
  const { store, recorder } = await start(context);
  let left = 3;
  store.connect(recorder, () => {
    if (left-- > 0) group(store, left);
  });
  group(store, 9);
  await store.close();
  assert.deepEqual(recorder.events, ['written', 'written', 'written', 'written']);
});

test('an engine that cannot close says so', async (context) => {
  const { store } = await start(context, { closeFails: 'the log could not be moved' });
  await assert.rejects(store.close(), { name: 'StoreError', message: 'the log could not be moved' });
});

test('upkeep is done where nothing is asked', async (context) => {
  const { store, recorder } = await start(context, { upkeep: 25 });
  for (let i = 1, done = 0; done < 25; i++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    store.read(request(1));
    await recorder.count(i);
    done = recorder.states.at(-1)?.upkeepDone ?? 0;
  }
});

test('upkeep goes on in steps where groups never stop coming', async (context) => {
  const { store, recorder } = await start(context, { upkeep: 1000, delay: 1 });
  const until = performance.now() + 900;
  for (let i = 1; performance.now() < until; i++) {
    group(store, i);
    await recorder.count(i);
  }
  const count = recorder.events.length;
  store.read(request(1));
  await recorder.count(count + 1);
  const done = recorder.states[0]?.upkeepDone ?? 0;
  assert.ok(done >= 2, `${done} steps`);
});

test('upkeep that fails is told in the figures and stops no group', async (context) => {
  const { store, recorder } = await start(context, { upkeepFails: 'no room to tidy up in' });
  group(store, 1);
  await recorder.count(1);
  while (store.stats.upkeepFailure === null) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(store.stats.upkeepFailure?.message, 'no room to tidy up in');
  group(store, 2);
  assert.deepEqual(await recorder.count(2), ['written', 'written']);
});
