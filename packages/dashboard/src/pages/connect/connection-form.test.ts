import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConnectionForm, emptyForm, keepForm, keptForm, readForm } from './connection-form.ts';

const URL = 'ws://broker:8083/mqtt';
const form = (more: Partial<ConnectionForm> = {}): ConnectionForm => ({ ...emptyForm(URL), ...more });
const errorsOf = (one: ConnectionForm, secure = false) => {
  const read = readForm(one, secure);
  return 'errors' in read ? read.errors : {};
};

function storage(): Storage & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  } as never;
}

test('an empty form connects to this broker with the defaults of the client', () => {
  const read = readForm(form(), false);
  assert.ok('options' in read);
  assert.equal(read.url, URL);
  assert.deepEqual(Object.fromEntries(Object.entries(read.options).filter(([, value]) => value !== undefined)), {
    cleanStart: true,
    keepAlive: 60,
  });
});

test('everything that was filled in becomes an option', () => {
  const read = readForm(
    form({
      clientId: ' me ',
      username: 'u',
      password: 'p',
      version: '4',
      cleanStart: false,
      sessionExpiry: '3600',
      keepAlive: '5',
      reconnect: false,
      userProperties: [
        ['a', '1'],
        ['', 'left out'],
      ],
      will: { enabled: true, topic: 'w', payload: 'gone', qos: '2', retain: true, delay: '7' },
    }),
    false,
  );
  assert.ok('options' in read);
  assert.deepEqual(read.options, {
    clientId: 'me',
    username: 'u',
    password: 'p',
    protocolVersion: 4,
    cleanStart: false,
    sessionExpiry: 3600,
    keepAlive: 5,
    will: { topic: 'w', payload: 'gone', qos: 2, retain: true, properties: { willDelayInterval: 7 } },
    properties: { userProperties: [['a', '1']] },
    reconnect: false,
  });
});

test('a URL that no page can connect to is refused with what to write instead', () => {
  assert.match(errorsOf(form({ url: 'mqtt://broker:1883' })).url!, /cannot open mqtt:\/\/.*ws:\/\/HOST/);
  assert.match(errorsOf(form({ url: 'broker' })).url!, /no URL/);
  assert.match(errorsOf(form({ url: '' })).url!, /ws:\/\/HOST/);
  assert.match(errorsOf(form({ url: 'http://broker' })).url!, /ws:\/\/HOST/);
  assert.match(errorsOf(form(), true).url!, /wss/);
  assert.equal(errorsOf(form({ url: 'wss://broker/mqtt' }), true).url, undefined);
});

test('numbers and topics that MQTT does not have are refused at their field', () => {
  const will = { enabled: true, topic: 'a/#', payload: '', qos: '0', retain: false, delay: '-1' } as const;
  const errors = errorsOf(form({ keepAlive: '65536', sessionExpiry: 'long', will }));
  assert.deepEqual(Object.keys(errors).sort(), ['keepAlive', 'sessionExpiry', 'willDelay', 'willTopic']);
  assert.match(errorsOf(form({ will: { ...will, topic: '', delay: '' } })).willTopic!, /needs a topic/);
  assert.deepEqual(errorsOf(form({ will: { ...will, enabled: false } })), {});
});

test('the form is remembered, its password is not', () => {
  const keeper = storage();
  const filled = form({
    url: 'wss://me:secret@broker/mqtt',
    username: 'u',
    password: 'secret',
    userProperties: [['a', 'b']],
    will: { enabled: true, topic: 'w', payload: 'x', qos: '1', retain: true, delay: '3' },
  });
  keepForm(keeper, filled);
  assert.doesNotMatch([...keeper.items.values()].join(), /secret/);
  assert.deepEqual(keptForm(keeper, URL), { ...filled, password: '', url: 'wss://me@broker/mqtt' });
});

test('what was remembered by another version, or is broken, is an empty form', () => {
  const keeper = storage();
  keeper.setItem('cauldron-client', '{"keepAlive":60,"will":null,"url":"ws://x","userProperties":[1,["a"],["b","c"]]}');
  assert.deepEqual(keptForm(keeper, URL), form({ url: 'ws://x', userProperties: [['b', 'c']] }));
  for (const text of ['', '{', 'null', '7']) {
    keeper.setItem('cauldron-client', text);
    assert.deepEqual(keptForm(keeper, URL), form(), text);
  }
});
