import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timer, TimerWheel } from './timer-wheel.ts';

/** A wheel of 8 slots of 100 ms, so that one turn is 800 ms, and what fired when. */
function smallWheel(start = 0) {
  const fired: [string, number][] = [];
  const wheel = new TimerWheel(start, 100, 8);
  const timer = (name: string) => new Timer((now) => fired.push([name, now]));
  return { wheel, fired, timer };
}

test('an entry fires once, never early and at most one slot late', () => {
  const { wheel, fired, timer } = smallWheel();
  wheel.schedule(timer('a'), 250);
  for (let now = 10; now <= 1000; now += 10) wheel.advance(now);
  assert.deepEqual(fired, [['a', 300]]);
  assert.equal(wheel.size, 0);
});

test('entries due at the start of a slot fire in that slot, and one that is overdue in the next', () => {
  const { wheel, fired, timer } = smallWheel(1000);
  wheel.schedule(timer('at'), 1300);
  wheel.schedule(timer('overdue'), 5);
  wheel.advance(1099);
  assert.deepEqual(fired, []);
  wheel.advance(1100);
  wheel.advance(1299);
  wheel.advance(1300);
  assert.deepEqual(fired, [
    ['overdue', 1100],
    ['at', 1300],
  ]);
});

test('an entry beyond one turn waits for its own turn', () => {
  const { wheel, fired, timer } = smallWheel();
  wheel.schedule(timer('far'), 2050);
  wheel.schedule(timer('near'), 450);
  for (let now = 50; now <= 2500; now += 50) wheel.advance(now);
  assert.deepEqual(fired, [
    ['near', 500],
    ['far', 2100],
  ]);
});

test('after a long pause everything due fires, and what is not due stays', () => {
  const { wheel, fired, timer } = smallWheel();
  for (const dueAt of [100, 300, 700, 1500, 5000, 100_000]) wheel.schedule(timer(`${dueAt}`), dueAt);
  wheel.advance(60_000);
  assert.deepEqual(
    fired.map(([name]) => Number(name)).sort((a, b) => a - b),
    [100, 300, 700, 1500, 5000],
  );
  wheel.advance(100_000);
  assert.equal(fired.length, 6);
});

test('a cancelled entry does not fire, cancelling twice is harmless, and its neighbours in the slot do fire', () => {
  const { wheel, fired, timer } = smallWheel();
  const [a, b, c] = [timer('a'), timer('b'), timer('c')];
  for (const entry of [a, b, c]) wheel.schedule(entry, 300);
  wheel.cancel(b);
  wheel.cancel(b);
  wheel.advance(1000);
  assert.deepEqual(fired.map(([name]) => name).sort(), ['a', 'c']);
  assert.equal(wheel.size, 0);
});

test('scheduling again moves an entry', () => {
  const { wheel, fired, timer } = smallWheel();
  const entry = timer('a');
  wheel.schedule(entry, 300);
  wheel.schedule(entry, 600);
  assert.equal(wheel.size, 1);
  wheel.advance(500);
  assert.deepEqual(fired, []);
  wheel.advance(600);
  assert.deepEqual(fired, [['a', 600]]);
});

test('an entry may schedule itself, and others, again while it fires', () => {
  const wheel = new TimerWheel(0, 100, 8);
  const fired: string[] = [];
  const again: Timer = new Timer((now) => {
    fired.push(`again ${now}`);
    if (now < 500) wheel.schedule(again, now + 100);
  });
  const other = new Timer((now) => fired.push(`other ${now}`));
  const starter = new Timer((now) => {
    fired.push(`starter ${now}`);
    wheel.schedule(other, now);
  });
  wheel.schedule(again, 100);
  wheel.schedule(starter, 200);
  for (let now = 50; now <= 1000; now += 50) wheel.advance(now);
  assert.deepEqual(
    fired.filter((line) => line.startsWith('again')),
    ['again 100', 'again 200', 'again 300', 'again 400', 'again 500'],
  );
  assert.deepEqual(
    fired.filter((line) => !line.startsWith('again')),
    ['starter 200', 'other 300'],
  );
});

test('an entry cancelled or moved by one that fires before it in the same slot does not fire', () => {
  for (const move of [false, true]) {
    const wheel = new TimerWheel(0, 100, 8);
    const fired: string[] = [];
    const pair: Timer[] = [];
    // Whichever is called first stops the other: the order within a slot is not promised.
    const stopper = (own: number) =>
      new Timer((now) => {
        fired.push(`${now}`);
        const other = pair[1 - own]!;
        if (move) wheel.schedule(other, now + 300);
        else wheel.cancel(other);
      });
    pair.push(stopper(0), stopper(1));
    for (const entry of pair) wheel.schedule(entry, 200);
    wheel.advance(200);
    assert.deepEqual(fired, ['200']);
    assert.equal(wheel.size, move ? 1 : 0);
  }
});

test('time that does not move fires nothing twice', () => {
  const { wheel, fired, timer } = smallWheel();
  wheel.schedule(timer('a'), 100);
  wheel.advance(100);
  wheel.advance(100);
  wheel.advance(50);
  assert.equal(fired.length, 1);
});

test('any schedule fires every entry once, never early and no later than the first step behind the end of its slot', () => {
  const step = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 40 }),
      fc.array(step, { maxLength: 40 }),
      (dues, steps) => {
        const wheel = new TimerWheel(0, 100, 8);
        const firedAt = new Map<number, number>();
        for (const [n, dueAt] of dues.entries()) {
          wheel.schedule(
            new Timer((now) => {
              assert.equal(firedAt.has(n), false);
              firedAt.set(n, now);
            }),
            dueAt,
          );
        }
        let now = 0;
        const times = [...steps, 30_000].map((by) => {
          now += by;
          wheel.advance(now);
          return now;
        });
        for (const [n, dueAt] of dues.entries()) {
          const slot = Math.max(Math.ceil(dueAt / 100), 1);
          const expected = times.find((time) => Math.floor(time / 100) >= slot);
          assert.ok(firedAt.get(n)! >= dueAt && firedAt.get(n)! <= expected!, `${firedAt.get(n)}`);
        }
        assert.equal(wheel.size, 0);
      },
    ),
    { numRuns: 100 },
  );
});
