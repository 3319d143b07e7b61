import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as commanding from './commanding.ts';

const { ANSWER_WITHIN, nothingCommanded, asked, reported, refused, waited, shownOf } = commanding;

test('a control shows what was asked for until the device says it, and then what the device says', () => {
  let state: commanding.CommandState<boolean> = reported<boolean>(nothingCommanded, false);
  assert.equal(shownOf(state), false);
  state = asked(state, true, 1000);
  assert.deepEqual([shownOf(state), state.reported], [true, false]);
  state = reported(state, false); // an old report that was on its way
  assert.equal(shownOf(state), true);
  state = reported(state, true);
  assert.deepEqual([state.wanted, state.reported, state.problem], [null, true, null]);
});

test('a device that does not answer in time is said not to, and the control shows how it stands', () => {
  const state = asked(reported<boolean>(nothingCommanded, false), true, 1000);
  assert.equal(waited(state, 1000 + ANSWER_WITHIN - 1), state);
  const late = waited(state, 1000 + ANSWER_WITHIN);
  assert.deepEqual([shownOf(late), late.problem], [false, 'no answer from the device']);
  assert.equal(reported(late, true).problem, null, 'a late answer is one');
  assert.equal(asked(late, true, 9000).problem, null, 'and so is another try');
});

test('a command that could not be sent leaves the control as it was', () => {
  const state = refused(asked(reported<boolean>(nothingCommanded, true), false, 0), 'the broker does not answer');
  assert.deepEqual([shownOf(state), state.problem], [true, 'the broker does not answer']);
});

test('numbers are confirmed when they are the same for the slider', () => {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= 0.25;
  assert.equal(reported(asked<number>(nothingCommanded, 21.5, 0), 21.4999, near).wanted, null);
  assert.equal(reported(asked<number>(nothingCommanded, 21.5, 0), 22, near).wanted, 21.5);
});

test('a throttle lets the first value through at once, no more than one an interval, and the last one always', () => {
  const passed: number[] = [];
  const timers: (() => void)[] = [];
  const throttle = new commanding.Throttle<number>(
    200,
    (value) => passed.push(value),
    (then) => timers.push(then),
  );
  for (const value of [1, 2, 3]) throttle.push(value);
  assert.deepEqual(passed, [1]);
  timers.shift()!();
  assert.deepEqual(passed, [1, 3]);
  timers.shift()!();
  assert.deepEqual([passed, timers.length], [[1, 3], 0], 'nothing more to say, nothing runs');
  throttle.push(4);
  assert.deepEqual(passed, [1, 3, 4]);
});

test('of what comes while one is on its way only the newest is sent, behind it', async () => {
  const sent: number[] = [];
  const arrivals: (() => void)[] = [];
  const queue = new commanding.Latest<number>((value) => {
    sent.push(value);
    return new Promise((resolve) => void arrivals.push(resolve));
  });
  for (const value of [1, 2, 3]) queue.push(value);
  assert.deepEqual(sent, [1]);
  arrivals.shift()!();
  await new Promise(setImmediate);
  assert.deepEqual(sent, [1, 3]);
  arrivals.shift()!();
  await new Promise(setImmediate);
  queue.push(4);
  assert.deepEqual(sent, [1, 3, 4]);
});

test('a slider gives steps from its lowest value on, without the dust of computing', () => {
  assert.equal(commanding.stepped(0.1 + 0.2, 0, 1, 0.1), 0.3);
  assert.equal(commanding.stepped(7, 5, 50, 10), 5);
  assert.equal(commanding.stepped(11, 5, 50, 10), 15);
  assert.equal(commanding.stepped(99, 0, 30, 0.5), 30);
  assert.equal(commanding.stepped(-99, -10, 30, 0.5), -10);
});
