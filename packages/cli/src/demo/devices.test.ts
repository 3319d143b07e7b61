import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lamp } from './lamp.ts';
import { seededRandom } from './random.ts';
import { Room } from './room.ts';
import { TARGET, Thermometer } from './thermometer.ts';

const SEED = 20260131;

/** What a room's temperature is after each of so many seconds. */
function days(room: Room, seconds: number, target: number | null): number[] {
  return Array.from({ length: seconds }, () => {
    room.advance(1, target);
    return room.celsius;
  });
}

const room = () => new Room(seededRandom(SEED));

const led = (payload: string, retained = false) => ({ name: 'led', payload, retained });
const buzzer = (payload: string, retained = false) => ({ name: 'buzzer', payload, retained });
const target = (payload: string) => ({ name: 'target', payload, retained: false });

test('the same seed gives the same chance, another seed another one, evenly between 0 and 1', () => {
  const [a, b, c] = [SEED, SEED, SEED + 1].map((seed) => {
    const random = seededRandom(seed);
    return Array.from({ length: 10_000 }, random);
  });
  assert.deepEqual(a, b);
  assert.notDeepEqual(a, c);
  assert.ok(a!.every((value) => value >= 0 && value < 1));
  const mean = a!.reduce((sum, value) => sum + value) / a!.length;
  assert.ok(Math.abs(mean - 0.5) < 0.02, `${mean}`);
});

test('a room follows its heater within half a minute, and goes on drifting a little around it', () => {
  const one = room();
  const warming = days(one, 30, 28);
  assert.ok(warming[0]! < 22 && Math.abs(warming[29]! - 28) < 1.5, `from ${warming[0]} to ${warming[29]}`);
  const warm = days(one, 600, 28);
  assert.ok(warm.every((celsius) => Math.abs(celsius - 28) < 2));
  assert.ok(new Set(warm.map((celsius) => celsius.toFixed(1))).size > 3, 'a line that never moves looks dead');
});

test('a room without power cools down', () => {
  const one = room();
  days(one, 60, 28);
  assert.ok(days(one, 60, null).at(-1)! < 19);
});

test('a room that nobody looked at for an hour does not jump', () => {
  const one = room();
  one.advance(3600, 28);
  assert.ok(one.celsius < 25, `${one.celsius}`);
});

test('a thermometer says its target when it starts, and measures every second', () => {
  const thermometer = new Thermometer(room(), 1000);
  assert.deepEqual(thermometer.states(), [{ name: 'target', payload: `${TARGET.start}`, retain: true }]);
  const said = [1000, 1100, 1900, 2000, 2100, 3050].map((now) => thermometer.tick(now).length);
  assert.deepEqual(said, [1, 0, 0, 1, 0, 1]);
  const [measurement] = thermometer.tick(4000);
  assert.deepEqual(measurement, { name: 'temperature', payload: '{"celsius":20,"target":21}', retain: false });
});

test('a thermometer whose process slept measures once when it wakes, and then every second again', () => {
  const thermometer = new Thermometer(room(), 0);
  thermometer.tick(0);
  assert.deepEqual(
    [60_000, 60_100, 61_000].map((now) => thermometer.tick(now).length),
    [1, 0, 1],
  );
});

test('a thermometer takes a target, says so, and heats to it', () => {
  const thermometer = new Thermometer(room(), 0);
  assert.deepEqual(thermometer.command(target('24.5')), [{ name: 'target', payload: '24.5', retain: true }]);
  assert.equal(thermometer.target, 24.5);
});

test('a target beyond what the knob has is the last that it has, and the answer says so', () => {
  const thermometer = new Thermometer(room(), 0);
  assert.equal(thermometer.command(target('99'))[0]?.payload, '30');
  assert.equal(thermometer.command(target('-4'))[0]?.payload, '10');
});

for (const payload of ['', 'warm', 'NaN', 'Infinity', '{"target":20}']) {
  test(`a target that is no number is refused in words, and the old one holds: ${JSON.stringify(payload)}`, () => {
    const thermometer = new Thermometer(room(), 0);
    const [error, ...more] = thermometer.command(target(payload));
    assert.deepEqual([error?.name, error?.retain, more], ['error', false, []]);
    assert.match(error!.payload, /^target: .* is not understood; send a number from 10 to 30$/);
    assert.equal(thermometer.target, TARGET.start);
  });
}

test('a lamp is dark and silent when it starts', () => {
  assert.deepEqual(new Lamp().states(), [
    { name: 'led', payload: 'off', retain: true },
    { name: 'buzzer', payload: 'off', retain: true },
  ]);
});

test('a lamp that starts anew is as the retained command says', () => {
  const lamp = new Lamp();
  assert.deepEqual(lamp.command(led('on', true), 0), [{ name: 'led', payload: 'on', retain: true }]);
  assert.equal(lamp.states()[0]?.payload, 'on');
  lamp.command(led('off'), 0);
  assert.equal(lamp.states()[0]?.payload, 'off');
});

test('a buzzer buzzes for as long as it was told, and then says that it is silent', () => {
  const lamp = new Lamp();
  assert.deepEqual(lamp.command(buzzer('500'), 1000), [{ name: 'buzzer', payload: 'on', retain: true }]);
  assert.deepEqual(lamp.tick(1400), []);
  assert.deepEqual(lamp.tick(1500), [{ name: 'buzzer', payload: 'off', retain: true }]);
  assert.deepEqual(lamp.tick(1600), []);
});

test('a buzz that comes during another one goes on from then', () => {
  const lamp = new Lamp();
  lamp.command(buzzer('500'), 1000);
  lamp.command(buzzer('500'), 1300);
  assert.deepEqual(lamp.tick(1500), []);
  assert.equal(lamp.tick(1800).length, 1);
});

test('nobody has to hear a buzzer for longer than ten seconds', () => {
  const lamp = new Lamp();
  lamp.command(buzzer('1e9'), 0);
  assert.equal(lamp.tick(10_000).length, 1);
});

test('a buzz that was kept is about a moment that is gone', () => {
  assert.deepEqual(new Lamp().command(buzzer('500', true), 0), []);
});

test('what a lamp does not understand it says, shortened', () => {
  const lamp = new Lamp();
  assert.match(lamp.command(led('ON'), 0)[0]!.payload, /^led: "ON" is not understood; send on or off$/);
  for (const payload of ['', '0', '-1', 'long']) {
    assert.match(lamp.command(buzzer(payload), 0)[0]!.payload, /send how many milliseconds, up to 10000$/);
  }
  assert.ok(lamp.command(led('x'.repeat(1000)), 0)[0]!.payload.length < 200);
});
