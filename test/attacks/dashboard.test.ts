// Who asks for pages and data of the dashboard to use up what they cost; the bystander is on TCP.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { ConfigInput } from '@cauldron/broker';
import { MAX_REQUEST_RATE } from '../../packages/broker/src/http/page-limits.ts';
import { usersIn } from '../support/admin-api.ts';
import { askOften, askOn, deafStreams } from './http-attackers.ts';
import { underAttack } from './under-attack.ts';

const config = (more: ConfigInput = {}): ConfigInput => ({
  listeners: [{ port: 0 }, { name: 'web', port: 0, webSocket: {} }],
  ...more,
});

test('who asks as fast as answers come gets so many a second, and holds up nobody', async (t) => {
  const begun = performance.now();
  const clients = 60;
  const { attack } = await underAttack(t, {
    config: config(),
    listener: 'web',
    start: (target) => askOften(target, { line: 'GET /api/v1/session', clients }),
    until: ({ attack: { stats } }) => stats.closed > 0 && performance.now() - begun > 2000,
  });
  const seconds = (performance.now() - begun) / 1000;
  // A connection asks sixteen times once the sixteen before were answered.
  const answered = 16 * (attack.stats.actions - attack.stats.opened);
  assert.ok(answered <= MAX_REQUEST_RATE * (seconds + 1), `${answered} answers in ${seconds} s`);
});

test('requests without end on one connection, none of whose answers is awaited, end it', async (t) => {
  const { refusals } = await underAttack(t, {
    config: config(),
    listener: 'web',
    start: (target) => askOn(target, 'GET /api/v1/topics?limit=1000', 10),
    until: ({ attack: { stats } }) => stats.closed >= 10,
  });
  const reasons = Object.keys(refusals).join('\n');
  assert.match(reasons, /More than 16 requests wait on one connection|More than 200 requests a second/);
});

test('wrong passwords in any number hold up nobody, and nobody who logs in with MQTT', async (t) => {
  const { config: users } = await usersIn(t, ['ann', 'ben']);
  const { broker } = await underAttack(t, {
    config: config({ ...users, authentication: { ...users.authentication, failuresBeforeDelay: 3, failureDelay: 1 } }),
    login: { username: 'ben', password: 'soup' },
    listener: 'web',
    start: (target) =>
      askOften(target, { line: 'POST /api/v1/session', body: JSON.stringify({ username: 'ann', password: 'x' }) }),
    until: ({ attack: { stats } }) => stats.actions >= 60,
  });
  assert.ok(broker.logins.loginsRefused >= 3);
  assert.ok(broker.logins.loginsAccepted >= 3);
});

test('pages that show everything and never read get no memory for it', async (t) => {
  const text = randomBytes(300_000).toString('base64');
  let publishing: NodeJS.Timeout | undefined;
  t.after(() => clearInterval(publishing));
  const interest = {
    topics: {},
    graph: {},
    overview: true,
    feed: ['#'],
    values: Array.from({ length: 20 }, (_, index) => `large/${index}`),
  };
  let count = 0;
  const before = process.memoryUsage().rss;
  await underAttack(t, {
    config: config({ dashboard: { maxStreams: 100, maxStreamsPerAddress: 50 } }),
    listener: 'web',
    start: (target) => deafStreams(target, 50, interest),
    until: ({ attack: { stats }, broker }) => {
      publishing ??= setInterval(() => {
        count += 1;
        broker.publish(`large/${count % 20}`, `${count} ${text}`);
      }, 5);
      return stats.actions >= 50 && count >= 200;
    },
  });
  const grown = process.memoryUsage().rss - before;
  // 200 messages of 400 KB for 50 pages each would be 4 GB.
  assert.ok(grown < 600_000_000, `${Math.round(grown / 1e6)} MB more`);
});
