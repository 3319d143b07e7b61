import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCsrfToken, MAX_SESSIONS, MAX_SESSIONS_PER_USER, Sessions } from './sessions.ts';

const user = (username: string) => ({ username, rights: undefined });

function setUp() {
  const time = { now: 1_000_000 };
  const sessions = new Sessions({ timeout: 3600, idleTimeout: 600, now: () => time.now });
  return { time, sessions };
}

test('a session is known by its identifier, and by nothing else', () => {
  const { sessions } = setUp();
  const { id, session } = sessions.open(user('ann'), undefined)!;
  assert.equal(sessions.use(id), session);
  assert.ok(id.length >= 43, '256 bits');
  for (const other of ['', `${id}x`, id.slice(1), id.toLowerCase()]) assert.equal(sessions.use(other), null);
});

test('no two sessions share an identifier or a token, and the token is compared as a whole', () => {
  const { sessions } = setUp();
  const [one, two] = [sessions.open(user('ann'), undefined)!, sessions.open(user('ann'), undefined)!];
  assert.notEqual(one.id, two.id);
  assert.ok(isCsrfToken(one.session, one.session.csrfToken));
  for (const wrong of [two.session.csrfToken, one.id, '', undefined, ['x'], one.session.csrfToken.slice(1)]) {
    assert.equal(isCsrfToken(one.session, wrong), false);
  }
});

test('a session that is used ends when its whole time is over, and one that is not, when it was idle for long', () => {
  const { time, sessions } = setUp();
  const used = sessions.open(user('ann'), undefined)!;
  const idle = sessions.open(user('ben'), undefined)!;
  time.now += 599_000;
  assert.ok(sessions.use(used.id));
  time.now += 1000;
  assert.equal(sessions.use(idle.id), null);
  assert.match(String(idle.session.ended.reason), /nobody used the session/);
  for (let minute = 0; minute < 49; minute += 1) {
    time.now += 60_000;
    sessions.touch(used.session);
  }
  assert.ok(sessions.use(used.id));
  time.now += 60_000;
  assert.equal(sessions.use(used.id), null);
  assert.match(String(used.session.ended.reason), /as long as it may/);
  assert.equal(sessions.size, 0);
});

test('a session ends with the login it began with, and when nobody looks, too', () => {
  const { time, sessions } = setUp();
  const { session } = sessions.open(user('ann'), time.now + 5000)!;
  assert.equal(session.expiresAt, time.now + 5000);
  time.now += 5000;
  sessions.tick();
  assert.ok(session.ended.aborted);
});

test('of one user only so many are kept, the ones used last; and all together are bounded', () => {
  const { time, sessions } = setUp();
  const own = Array.from({ length: MAX_SESSIONS_PER_USER }, () => {
    time.now += 1;
    return sessions.open(user('ann'), undefined)!;
  });
  time.now += 1;
  sessions.use(own[0]!.id);
  sessions.open(user('ann'), undefined);
  assert.deepEqual(
    [own[0], own[1], own[2]].map((one) => sessions.use(one!.id) !== null),
    [true, false, true],
  );
  for (let index = sessions.size; index < MAX_SESSIONS; index += 1) sessions.open(user(`u${index}`), undefined);
  assert.equal(sessions.open(user('late'), undefined), null);
  assert.equal(sessions.refused, 1);
  assert.ok(sessions.open(user('ann'), undefined), 'a user who has some gives one up');
});

test('who is removed has no session any more', () => {
  const { sessions } = setUp();
  const { id, session } = sessions.open(user('ann'), undefined)!;
  sessions.open(user('ben'), undefined);
  assert.equal(
    sessions.endWhere(({ username }) => username === 'ann', 'gone'),
    1,
  );
  assert.equal(session.ended.reason, 'gone');
  assert.equal(sessions.use(id), null);
  assert.equal(sessions.size, 1);
});
