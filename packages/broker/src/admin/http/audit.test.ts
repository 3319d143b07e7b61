import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { deedOf } from './audit.ts';

const deed = (method: string, path: string, body?: object, role?: string): string | null => {
  const url = `/api/v1${path}`;
  return deedOf({ method, url, body, routeOptions: { url, config: { role } } } as unknown as FastifyRequest, '/api/v1');
};

test('what changes something is a deed, with what it was about', () => {
  assert.equal(deed('POST', '/publish', { topic: 'house/lamp', payload: 'on' }), 'POST /publish house/lamp');
  assert.equal(deed('DELETE', '/clients/pump%2F1'), 'DELETE /clients/pump%2F1');
  assert.equal(deed('POST', '/session', { username: 'ann', password: 'secret' }, 'anybody'), 'log in');
});

test('reading, asking and trying out are none', () => {
  assert.equal(deed('GET', '/clients'), null);
  assert.equal(deed('POST', '/explain', { topic: 'a' }, 'viewer'), null);
  assert.equal(deed('POST', '/retained/delete', { topic: 'a', dryRun: true }), null);
  assert.notEqual(deed('POST', '/retained/delete', { topic: 'a', dryRun: false }), null);
});
