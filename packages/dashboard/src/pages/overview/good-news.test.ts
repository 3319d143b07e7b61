import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '@cauldron/broker/admin-api';
import { goodNews } from './good-news.ts';

const clients = { connected: 2, sessions: 3, maximum: 4 };
const finding = (severity: Finding['severity']): Finding => ({
  code: 'x',
  severity,
  message: 'x',
  advice: null,
  since: 0,
  clients: [],
});

const news = (findings: readonly Finding[], lastMinute = 0, ok = true): string | null =>
  goodNews({
    health: { ok, findings: [...findings] },
    clients,
    drops: [{ reason: 'offline', total: 9, lastMinute }],
    store: null,
  });

test('a broker that nothing is the matter with says so, with what it does', () => {
  assert.equal(news([]), '2 clients connected, nothing dropped in the last minute, everything is kept in memory.');
  assert.match(news([finding('info')], 4) ?? '', /4 dropped as agreed/);
});

test('no good news are told beside a warning, an error, or a broker that is not well', () => {
  assert.equal(news([finding('info'), finding('warning')]), null);
  assert.equal(news([finding('error')]), null);
  assert.equal(news([], 0, false), null);
});
