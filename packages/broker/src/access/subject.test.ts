import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFor, matchesName, namePattern, type Subject } from './subject.ts';

test('* stands for any characters, also none', () => {
  const letters = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b') });
  const patterns = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', '*') });
  fc.assert(
    fc.property(patterns, letters, (pattern, name) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
      assert.equal(matchesName(namePattern(pattern), name), expected, `${pattern} ${name}`);
    }),
    { numRuns: 5000, seed: 3 },
  );
});

test('a pattern of many stars takes no longer than its length', () => {
  const started = performance.now();
  assert.equal(matchesName(namePattern(`${'*a'.repeat(5000)}*b`), 'a'.repeat(60_000)), false);
  assert(performance.now() - started < 1000);
});

test('nobody verified a name, no pattern matches it', () => {
  assert.equal(matchesName(namePattern('*'), undefined), false);
});

test('every condition that is there has to hold', () => {
  const client = { username: 'u', clientId: 'c', roles: new Set(['r']), groups: new Set(['g']) };
  const subject: Subject = {
    users: [namePattern('u')],
    roles: ['q', 'r'],
    groups: ['g'],
    clients: [namePattern('c*')],
  };
  assert(isFor({}, client));
  assert(isFor(subject, client));
  for (const other of [
    { ...client, username: 'v' },
    { ...client, username: undefined },
    { ...client, clientId: 'd' },
    { ...client, roles: new Set(['p']) },
    { ...client, groups: new Set<string>() },
  ]) {
    assert(!isFor(subject, other));
  }
  assert(!isFor({ anonymous: true }, client));
  assert(isFor({ anonymous: true }, { ...client, username: undefined }));
});
