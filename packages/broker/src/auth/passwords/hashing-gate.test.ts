import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HashingGate } from './hashing-gate.ts';

/** Work that a test ends when it wants, in the order it was begun. */
class Work {
  readonly begun: string[] = [];
  readonly #open: ((value: string) => void)[] = [];

  of(name: string): () => Promise<string> {
    return () => {
      this.begun.push(name);
      return new Promise<string>((resolve) => this.#open.push(() => resolve(name)));
    };
  }

  /** Ends what was begun first, and lets the next begin. */
  async endOne(): Promise<void> {
    this.#open.shift()!('');
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('no more than so many run at once, and each gets its own answer', async () => {
  const gate = new HashingGate({ concurrency: 2 });
  const work = new Work();
  const answers = ['a', 'b', 'c'].map((name) => gate.run('192.0.2.1:1', work.of(name)));
  await turn();
  assert.deepEqual([work.begun, gate.running, gate.waiting], [['a', 'b'], 2, 1]);
  await work.endOne();
  assert.deepEqual([work.begun, gate.running, gate.waiting], [['a', 'b', 'c'], 2, 0]);
  await work.endOne();
  await work.endOne();
  assert.deepEqual(await Promise.all(answers), ['a', 'b', 'c']);
  assert.equal(gate.running, 0);
});

test('an address with a thousand logins waiting delays another one by a single check', async () => {
  const gate = new HashingGate({ concurrency: 1 });
  const work = new Work();
  for (let i = 0; i < 1000; i++) void gate.run(`192.0.2.66:${10_000 + i}`, work.of(`attack ${i}`));
  void gate.run('192.0.2.7:5000', work.of('ann'));
  void gate.run('192.0.2.8:5000', work.of('bob'));
  void gate.run('192.0.2.7:5001', work.of('ann again'));
  for (let i = 0; i < 6; i++) {
    await turn();
    await work.endOne();
  }
  assert.deepEqual(work.begun.slice(0, 7), ['attack 0', 'attack 1', 'ann', 'bob', 'attack 2', 'ann again', 'attack 3']);
});

test('what is given up while it waits is never begun, and holds nobody up', async () => {
  const gate = new HashingGate({ concurrency: 1 });
  const work = new Work();
  const abort = new AbortController();
  void gate.run('192.0.2.1', work.of('first'));
  const given = gate.run('192.0.2.2', work.of('given up'), abort.signal);
  void gate.run('192.0.2.3', work.of('last'));
  abort.abort(new Error('too late'));
  await assert.rejects(given, /too late/);
  await assert.rejects(gate.run('192.0.2.4', work.of('never'), abort.signal), /too late/);
  await turn();
  await work.endOne();
  assert.deepEqual(work.begun, ['first', 'last']);
});

test('what is given up while it runs keeps its place until it ends', async () => {
  const gate = new HashingGate({ concurrency: 1 });
  const work = new Work();
  const abort = new AbortController();
  const running = gate.run('192.0.2.1', work.of('running'), abort.signal);
  void gate.run('192.0.2.2', work.of('next'));
  await turn();
  abort.abort();
  await turn();
  assert.deepEqual(work.begun, ['running']);
  await work.endOne();
  assert.deepEqual([await running, work.begun], ['running', ['running', 'next']]);
});

test('work that fails or throws lets the next one in', async () => {
  const gate = new HashingGate({ concurrency: 1 });
  const rejects = gate.run('a', () => Promise.reject(new Error('rejected')));
  const throws = gate.run('a', () => {
    throw new Error('thrown');
  });
  await assert.rejects(rejects, /rejected/);
  await assert.rejects(throws, /thrown/);
  assert.equal(await gate.run('a', async () => 'fine'), 'fine');
  assert.equal(gate.running, 0);
});

test('addresses of one IPv6 network take one turn together', async () => {
  const gate = new HashingGate({ concurrency: 1 });
  const work = new Work();
  void gate.run('[2001:db8:0:1::1]:1', work.of('attack 0'));
  void gate.run('[2001:db8:0:1::2]:1', work.of('attack 1'));
  void gate.run('[2001:db8:0:1::3]:1', work.of('attack 2'));
  void gate.run('[2001:db8:0:2::1]:1', work.of('ann'));
  for (let i = 0; i < 3; i++) {
    await turn();
    await work.endOne();
  }
  assert.deepEqual(work.begun, ['attack 0', 'attack 1', 'ann', 'attack 2']);
});

test('a concurrency that is none is refused', () => {
  for (const concurrency of [0, -1, 1.5, Number.NaN]) assert.throws(() => new HashingGate({ concurrency }), RangeError);
});

test('work that was not begun is known by its signal, given up or not; work that runs or ran is not', async () => {
  const gate = new HashingGate({ concurrency: 1 });
  const held = Promise.withResolvers<void>();
  const [first, second, third] = [1, 2, 3].map(() => new AbortController());
  const running = gate.run('192.0.2.1', () => held.promise, first!.signal);
  const waiting = gate.run('192.0.2.1', async () => 'done', second!.signal);
  const given = gate.run('192.0.2.1', async () => 'never', third!.signal);
  third!.abort(new Error('too late'));
  await assert.rejects(given, /too late/);
  const all = () => [first, second, third].map((one) => gate.isWaiting(one!.signal));
  assert.deepEqual(all(), [false, true, true]);
  held.resolve();
  await running;
  assert.equal(await waiting, 'done');
  assert.deepEqual(all(), [false, false, true]);
});
