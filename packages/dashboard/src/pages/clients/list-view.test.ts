import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryOf, readView, writeView } from './list-view.ts';

test('a view of the list read from its own address is the same', () => {
  const view = { search: 'house/a b&c', state: 'away', sort: 'queued' } as const;
  assert.deepEqual(readView(writeView(view) as Record<string, string>), view);
  assert.deepEqual(writeView(readView({})), { q: '', state: undefined, sort: undefined });
});

test('an address that names no order there is shows the list as at the beginning', () => {
  assert.deepEqual(readView({ state: 'asleep', sort: 'colour' }), { search: '', state: 'all', sort: 'clientId' });
});

test('the broker is asked for one page, and for a state only where one was chosen', () => {
  assert.deepEqual(queryOf(readView({}), undefined), { search: '', sort: 'clientId', limit: 100 });
  assert.deepEqual(queryOf(readView({ state: 'away' }), 'x'), {
    search: '',
    sort: 'clientId',
    limit: 100,
    state: 'away',
    cursor: 'x',
  });
});
