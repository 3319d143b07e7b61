import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readQuestion, requestOf } from './explain-request.ts';

test('what was left empty is not asked, so that the rights of the client itself hold', () => {
  assert.deepEqual(requestOf(readQuestion({ client: 'sensor-1', action: 'subscribe', topic: 'a/#' })), {
    clientId: 'sensor-1',
    action: 'subscribe',
    topic: 'a/#',
  });
});

test('roles and groups are lists, however they were typed', () => {
  const question = readQuestion({ user: 'ann', topic: 'a', roles: ' operator, ,viewer', groups: 'night' });
  assert.deepEqual(requestOf(question), {
    clientId: '',
    username: 'ann',
    action: 'publish',
    topic: 'a',
    roles: ['operator', 'viewer'],
    groups: ['night'],
  });
});
