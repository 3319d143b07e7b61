import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BackoffOptions, LoginBackoff, userKey } from './login-backoff.ts';

const options: BackoffOptions = { failuresBeforeDelay: 3, failureDelay: 1, failureDelayMaximum: 300 };
const home = '192.0.2.1:1000';
const away = '198.51.100.7:1000';

function failing(times: number, address: string, username: string | undefined, isGuess = true): LoginBackoff {
  const backoff = new LoginBackoff(options);
  for (let index = 0; index < times; index += 1) backoff.failed(address, username, isGuess ? 'user' : undefined, 0);
  return backoff;
}

test('an address waits after so many failures, whatever names it tries, twice as long with each', () => {
  const backoff = new LoginBackoff(options);
  const waits: number[] = [];
  let now = 0;
  for (let index = 0; index < 13; index += 1) {
    backoff.failed(home, `user ${index}`, 'user', now);
    const delay = backoff.check('192.0.2.1:9', 'somebody else', now);
    if (delay === null) continue;
    assert.equal(delay.by, 'address');
    waits.push((delay.until - now) / 1000);
    now = delay.until;
    assert.equal(backoff.check(home, 'somebody else', now), null, 'the wait is over');
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
});

test('an IPv6 address waits with its whole /64', () => {
  const backoff = failing(3, '[2001:db8:1:2::1]:5', 'ali');
  assert.equal(backoff.check('[2001:db8:1:2:ffff::9]:5', 'x', 0)?.by, 'address');
  assert.equal(backoff.check('[2001:db8:1:3::1]:5', 'x', 0), null);
});

test('a user waits wherever the guesses come from, except where it logged in lately', () => {
  const backoff = new LoginBackoff(options);
  backoff.succeeded(home, 'ali', 0);
  for (let index = 1; index <= 50; index += 1) backoff.failed(`203.0.113.${index}:1`, 'ali', 'user', 0);
  assert.equal(backoff.check(away, 'ali', 0)?.by, 'user');
  assert.equal(backoff.check('192.0.2.1:7777', 'ali', 0), null);
  assert.equal(backoff.check(away, 'marjana', 0), null);
});

test('what others do behind the same address locks nobody out who logged in from there lately', () => {
  const backoff = new LoginBackoff(options);
  backoff.succeeded(home, 'ali', 0);
  for (let index = 0; index < 50; index += 1) backoff.failed(home, 'root', 'user', 0);
  assert.equal(backoff.check(home, 'marjana', 0)?.by, 'address');
  assert.equal(backoff.check(home, 'ali', 0), null);
});

test('a user that is known at an address waits for failures of its own there', () => {
  const backoff = new LoginBackoff(options);
  backoff.succeeded(home, 'ali', 0);
  for (let index = 0; index < 3; index += 1) backoff.failed(home, 'ali', 'user', 0);
  assert.equal(backoff.check(home, 'ali', 0)?.by, 'user at this address');
  assert.equal(backoff.check(away, 'ali', 0), null, 'and only there');
});

test('a success clears its address', () => {
  const backoff = failing(50, home, 'ali');
  backoff.succeeded(home, 'marjana', 0);
  assert.equal(backoff.check(home, 'baba', 0), null);
  assert.equal(backoff.check(home, 'ali', 0)?.by, 'user', 'and not the users that were guessed');
});

test('failures are forgotten when nothing fails for long enough', () => {
  const backoff = failing(2, home, 'ali');
  backoff.failed(home, 'ali', 'user', 300_000);
  assert.equal(backoff.check(home, 'ali', 300_000), null);
});

test('a user is known at an address for a day', () => {
  const backoff = failing(3, away, 'ali');
  const day = 24 * 3600 * 1000;
  backoff.succeeded(home, 'ali', 0);
  for (let index = 0; index < 3; index += 1) backoff.failed(away, 'ali', 'user', day);
  assert.equal(backoff.check(home, 'ali', day - 1), null);
  assert.equal(backoff.check(home, 'ali', day)?.by, 'user');
});

test('refusals that are no guesses make no user wait', () => {
  const backoff = failing(50, home, 'token', false);
  assert.equal(backoff.check(away, 'token', 0), null);
  assert.equal(backoff.check(home, 'token', 0)?.by, 'address');
});

test('an address that everybody on the machine shares is not counted, its users are', () => {
  for (const local of ['127.0.0.1:1', '[::1]:1', '/run/cauldron.sock']) {
    const backoff = failing(50, local, 'ali');
    assert.equal(backoff.check(local, 'marjana', 0), null);
    assert.equal(backoff.check(local, 'ali', 0)?.by, 'user');
  }
});

test('with 0 failures before it, nobody ever waits', () => {
  const backoff = new LoginBackoff({ ...options, failuresBeforeDelay: 0 });
  for (let index = 0; index < 50; index += 1) backoff.failed(home, 'ali', 'user', 0);
  assert.equal(backoff.check(home, 'ali', 0), null);
});

test('no more than a fixed number of addresses and users is remembered', () => {
  const backoff = new LoginBackoff(options);
  for (let index = 0; index < 30_000; index += 1) {
    const network = `2001:db8:${(index >> 8).toString(16)}:${(index & 255).toString(16)}`;
    backoff.failed(`[${network}::1]:1`, `user ${index}`, 'user', 0);
  }
  assert.ok(backoff.remembered <= 40_000, `${backoff.remembered} entries`);
});

test('a long name is remembered by its digest, and told from others that begin alike', () => {
  const name = 'x'.repeat(60_000);
  assert.ok(userKey(`${name}1`).length < 100);
  assert.notEqual(userKey(`${name}1`), userKey(`${name}2`));
  assert.equal(failing(3, '127.0.0.1:1', `${name}1`).check(away, `${name}1`, 0)?.by, 'user');
});

test('a name that nobody has waits as a user does, and pushes no user out of the table', () => {
  const backoff = failing(3, home, 'nobody', false);
  for (let index = 0; index < 3; index += 1) backoff.failed(`203.0.113.${index}:1`, 'nobody', 'nobody', 0);
  assert.equal(backoff.check(away, 'nobody', 0)?.by, 'user');
  for (let index = 0; index < 3; index += 1) backoff.failed(`203.0.113.${index}:1`, 'ali', 'user', 0);
  for (let index = 0; index < 50_000; index += 1) backoff.failed('127.0.0.1:1', `made up ${index}`, 'nobody', 0);
  assert.equal(backoff.check(away, 'ali', 0)?.by, 'user');
});

test('a name of any length is looked at in no time: 64 KiB that would grow to a megabyte as well', () => {
  const started = performance.now();
  for (let index = 0; index < 100; index += 1) userKey('\ufdfa'.repeat(21_000) + index);
  assert.ok(performance.now() - started < 500, `${performance.now() - started} ms`);
});
