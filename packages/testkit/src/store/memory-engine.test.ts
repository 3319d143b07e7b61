import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '@cauldron/core';
import { MemoryEngine } from './memory-engine.ts';
import { storeContract } from './store-contract.ts';
import { applyGroup, bytesOf, imageOf, queueOf } from './store-image.ts';
import { publishTo, sessionRecord } from './store-subject.ts';

storeContract('in memory', () => {
  const engine = new MemoryEngine();
  return {
    engine,
    reopen: () => {
      engine.close();
      return engine;
    },
    settle: () => {},
    messages: () => engine.content().messages,
    dispose: () => engine.close(),
  };
});

function filled(): MemoryEngine {
  const engine = new MemoryEngine();
  applyGroup(engine, (out) => {
    out.session(sessionRecord(1));
    out.session(sessionRecord(2));
    out.subscribe({ session: 1, filter: 'a', options: 1, identifiers: null });
    publishTo(out, 10, [1, 2]);
    publishTo(out, 20, [1]);
    out.refer(20);
    out.retain('t', 20, null);
  });
  return engine;
}

test('content() counts everything there is', () => {
  const engine = filled();
  const expected = { sessions: 2, subscriptions: 1, messages: 2, references: 4, entries: 3, retained: 1 };
  assert.deepEqual(engine.content(), expected);
  assert.deepEqual([engine.queueLength(1), engine.queueLength('client-2'), engine.queueLength('nobody')], [2, 1, 0]);
  assert.deepEqual([engine.references(20), engine.references(99)], [2, 0]);
  applyGroup(engine, (out) => {
    out.sessionEnd(1, 0);
    out.sessionEnd(2, 0);
    out.unretain('t');
    out.done(20);
  });
  const nothing = { sessions: 0, subscriptions: 0, messages: 0, references: 0, entries: 0, retained: 0 };
  assert.deepEqual(engine.content(), nothing);
});

test('a clone goes its own way', () => {
  const engine = filled();
  const copy = engine.clone();
  const before = [imageOf(engine), queueOf(engine, 1), engine.content()];
  applyGroup(copy, (out) => {
    out.session(sessionRecord(1, { connected: true }));
    out.unsubscribe(1, 'a');
    publishTo(out, 30, [1]);
    out.delivery(1, 11, bytesOf('s'));
    out.done(10);
    out.unretain('t');
    out.sequence(99, 9);
  });
  assert.deepEqual([imageOf(engine), queueOf(engine, 1), engine.content()], before);
  assert.deepEqual(copy.content(), {
    sessions: 2,
    subscriptions: 0,
    messages: 3,
    references: 4,
    entries: 3,
    retained: 0,
  });
});

test('an engine told to fail applies and reads nothing until it is told otherwise', () => {
  const engine = filled();
  const before = engine.content();
  engine.failure = new StoreError('full', 'no room, as asked');
  assert.throws(() => applyGroup(engine, (out) => publishTo(out, 30, [1])), /no room/);
  assert.throws(() => queueOf(engine, 1), /no room/);
  engine.failure = null;
  assert.deepEqual(engine.content(), before);
  assert.equal(queueOf(engine, 1).length, 2);
});
