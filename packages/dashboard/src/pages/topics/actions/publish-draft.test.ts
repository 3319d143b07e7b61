import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TopicValue } from '@cauldron/broker/admin-api';
import { draftOf, draftProblems, emptyDraft, requestOf } from './publish-draft.ts';

const draft = emptyDraft('house/light');

test('a message that can be published has no problems, whatever its payload is written as', () => {
  assert.deepEqual(draftProblems(draft), {});
  assert.deepEqual(draftProblems({ ...draft, format: 'json', payload: '{"on":true}', expiry: '60' }), {});
  assert.deepEqual(draftProblems({ ...draft, format: 'base64', payload: 'AP\n+A' }), {});
  assert.deepEqual(draftProblems({ ...draft, format: 'base64', payload: '' }), {});
});

test('each problem is said at its field', () => {
  assert.match(draftProblems({ ...draft, topic: 'house/#' }).topic ?? '', /wildcard|#/i);
  assert.ok(draftProblems({ ...draft, topic: '' }).topic);
  assert.match(draftProblems({ ...draft, format: 'json', payload: '{' }).payload ?? '', /^Not JSON: /);
  assert.match(draftProblems({ ...draft, format: 'base64', payload: 'abc' }).payload ?? '', /^Not base64/);
  for (const expiry of ['-1', '1.5', 'soon', '4294967296'])
    assert.ok(draftProblems({ ...draft, expiry }).expiry, expiry);
});

test('what is written becomes what is asked for', () => {
  assert.deepEqual(requestOf(draft), { topic: 'house/light', payload: '', encoding: 'utf8', qos: 0, retain: false });
  assert.deepEqual(
    requestOf({
      ...draft,
      payload: 'AP\n+A',
      format: 'base64',
      qos: 1,
      retain: true,
      expiry: ' 60',
      contentType: 'x/y ',
    }),
    {
      topic: 'house/light',
      payload: 'AP+A',
      encoding: 'base64',
      qos: 1,
      retain: true,
      messageExpiryInterval: 60,
      contentType: 'x/y',
    },
  );
});

test('a message that is changed keeps everything else it had', () => {
  const value: TopicValue = {
    topic: 'a',
    payload: { encoding: 'utf8', data: '{"on":1}', size: 8, truncated: false },
    kind: 'json',
    mediaType: null,
    qos: 2,
    retain: true,
    publisher: 'x',
    at: 1,
    count: 1,
    rate: 0,
    sampled: false,
    properties: { contentType: 'application/json', messageExpiryInterval: 30 },
  };
  const same = draftOf(value)!;
  assert.deepEqual(requestOf(same), {
    topic: 'a',
    payload: '{"on":1}',
    encoding: 'utf8',
    qos: 2,
    retain: true,
    messageExpiryInterval: 30,
    contentType: 'application/json',
  });
  assert.equal(draftOf({ ...value, payload: { ...value.payload, truncated: true } }), null);
  assert.equal(
    draftOf({ ...value, payload: { ...value.payload, encoding: 'base64', data: 'AA==' } })?.format,
    'base64',
  );
});
