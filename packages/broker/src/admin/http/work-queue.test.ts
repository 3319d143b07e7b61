import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkQueue } from './work-queue.ts';

/** A queue whose time stands still until it is moved on. */
function setUp() {
  const time = { now: 0 };
  const due: { readonly at: number; readonly work: () => void }[] = [];
  const queue = new WorkQueue(
    () => time.now,
    (work, delay) => void due.push({ at: time.now + delay, work }),
  );
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    queue,
    /** Requests from a host, each of which takes so many milliseconds; what comes back grows with those that are answered. */
    ask(host: string, count: number, cost: number, answered: string[] = [], isGone = () => false) {
      for (let i = 0; i < count; i += 1) {
        queue.enter(host, isGone).then(
          (done) => {
            time.now += cost;
            answered.push(`${host}${i}`);
            done();
          },
          ({ code }) => answered.push(`${host}${i} ${code}`),
        );
      }
      return answered;
    },
    /** Lets `milliseconds` go by. */
    async pass(milliseconds: number) {
      const until = time.now + milliseconds;
      for (await settle(); ; await settle()) {
        const next = due.findIndex(({ at }) => at <= until);
        if (next < 0) break;
        const [{ at, work }] = due.splice(next, 1) as [(typeof due)[number]];
        time.now = Math.max(time.now, at);
        work();
      }
      time.now = Math.max(time.now, until);
    },
    time,
  };
}

test('what is asked now and then is answered at once', async () => {
  const { ask, pass } = setUp();
  const answered = ask('a', 1, 20);
  await pass(0);
  assert.deepEqual(answered, ['a0']);
});

test('however much is asked, a quarter of the time goes there, one request a turn', async () => {
  const { ask, pass, time } = setUp();
  const answered = ask('a', 32, 25);
  await pass(2000);
  const worked = 25 * answered.length;
  assert.ok(worked <= 100 + 25 + time.now / 4, `${worked} ms of ${time.now}`);
  assert.ok(worked >= time.now / 5, `${worked} ms of ${time.now}`);
});

test('addresses take turns', async () => {
  const { ask, pass } = setUp();
  const answered = ask('a', 20, 50);
  ask('b', 3, 50, answered);
  await pass(2000);
  assert.deepEqual(
    answered.slice(0, 7).filter((one) => one.startsWith('b')),
    ['b0', 'b1', 'b2'],
    answered.join(' '),
  );
});

test('an address has no more than so many requests waiting, and one that is gone has no turn', async () => {
  const { ask, pass } = setUp();
  const answered = ask('a', 40, 50);
  await pass(0);
  assert.ok(answered.includes('a39 BUSY'), answered.join(' '));
  assert.equal(answered.filter((one) => one.endsWith('BUSY')).length, 40 - 32 - 1);
  const others = ask('b', 3, 50, [], () => true);
  await pass(10_000);
  assert.equal(answered.length, 40);
  assert.deepEqual(others, ['b0 BUSY', 'b1 BUSY', 'b2 BUSY']);
});
