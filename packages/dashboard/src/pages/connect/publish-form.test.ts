import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_PUBLISH, type PublishForm, readPublish } from './publish-form.ts';

const form = (more: Partial<PublishForm>): PublishForm => ({ ...EMPTY_PUBLISH, topic: 't', ...more });

test('a form without properties publishes without any, so that it works with every version', () => {
  assert.deepEqual(readPublish(form({ payload: 'x', qos: '1', retain: true })), {
    topic: 't',
    payload: 'x',
    options: { qos: 1, retain: true },
  });
});

test('everything that was filled in is published', () => {
  const filled = form({
    as: 'hex',
    payload: '0a ff',
    contentType: 'text/plain',
    responseTopic: 'r',
    correlationData: 'c',
    expiry: '9',
    userProperties: [
      ['a', '1'],
      ['a', '2'],
      ['', 'x'],
    ],
  });
  assert.deepEqual(readPublish(filled), {
    topic: 't',
    payload: Uint8Array.of(0x0a, 0xff),
    options: {
      qos: 0,
      retain: false,
      properties: {
        contentType: 'text/plain',
        responseTopic: 'r',
        correlationData: new TextEncoder().encode('c'),
        messageExpiryInterval: 9,
        userProperties: [
          ['a', '1'],
          ['a', '2'],
        ],
      },
    },
  });
});

test('what MQTT does not allow is refused at its field', () => {
  const read = readPublish(form({ topic: 'a/#', as: 'hex', payload: 'xyz', responseTopic: '+', expiry: '1.5' }));
  assert.ok('errors' in read);
  assert.deepEqual(Object.keys(read.errors).sort(), ['expiry', 'payload', 'responseTopic', 'topic']);
  assert.ok('errors' in readPublish(form({ topic: '' })));
});
