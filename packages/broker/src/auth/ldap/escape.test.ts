import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DN, FilterParser } from 'ldapts';
import { escapeDnValue, escapeFilterValue, fillTemplate } from './escape.ts';

test('a value in a filter is written so that nothing in it is grammar (RFC 4515)', () => {
  assert.equal(escapeFilterValue('*)(uid=*'), '\\2a\\29\\28uid=\\2a');
  assert.equal(escapeFilterValue('a\\00b\u0000'), 'a\\5c00b\\00');
  assert.equal(escapeFilterValue('jörg'), 'jörg');
});

test('a value in a distinguished name is written so that nothing in it is grammar (RFC 4514)', () => {
  assert.equal(escapeDnValue('Smith, John'), 'Smith\\2c John');
  assert.equal(escapeDnValue('a+b="c";<d>\\'), 'a\\2bb\\3d\\22c\\22\\3b\\3cd\\3e\\5c');
  assert.equal(escapeDnValue('#x '), '\\23x\\20');
  assert.equal(escapeDnValue(' '), '\\20');
  assert.equal(escapeDnValue('\u0000\n'), '\\00\\0a');
  assert.equal(escapeDnValue('jörg'), 'jörg');
});

test('whatever a name holds, a filter compares with just that name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      const filter = FilterParser.parseString(fillTemplate('(&(a=b)(uid=%u))', { u: name }, escapeFilterValue));
      const { filters } = filter as unknown as { filters: { attribute: string; value: string }[] };
      assert.deepEqual([filters.length, filters[1]?.attribute, filters[1]?.value], [2, 'uid', name]);
    }),
  );
});

test('whatever a name holds, a distinguished name has as many parts as its template', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a ,+="\\;<>#\u0000'), minLength: 1 }), (name) => {
      const dn = fillTemplate('uid=%u,ou=people', { u: name }, escapeDnValue);
      assert.match(dn, /^uid=(?:[^,+="\\;<>]|\\[0-9a-f]{2})+,ou=people$/);
    }),
  );
  assert.equal(
    new DN({ uid: 'x', ou: 'people' }).toString(),
    fillTemplate('uid=%u,ou=people', { u: 'x' }, escapeDnValue),
  );
});

test('what a value holds is not taken for a placeholder, and %% is a percent sign', () => {
  assert.equal(
    fillTemplate('%u %d %% %%u %x', { u: '%d', d: '%u$&' }, (value) => value),
    '%d %u$& % %u %x',
  );
});
