import assert from 'node:assert/strict';
import type { StoreEngine } from '@cauldron/core';
import { applyGroup, bytesOf, imageOf, queueOf, readWindow } from './store-image.ts';
import { type Claim, ids, lives, publishTo, type StoreSubject, sessionRecord } from './store-subject.ts';

/** Queues, in whatever form a store keeps them. */
export function queueClaims(claim: Claim): void {
  claim('entries come back in order of position with their messages', (subject) => {
    const { engine } = subject;
    applyGroup(engine, (out) => {
      out.session(sessionRecord(1));
      out.message(5, 2, 123, bytesOf('both'));
      out.message(6, 1, 124, bytesOf(''));
      out.entry({ session: 1, position: 8, messageId: 6, flags: 4, identifiers: null, size: 1 });
      out.entry({ session: 1, position: 7, messageId: 5, flags: 6, identifiers: [1, 2], size: 2 });
      out.entry({ session: 1, position: 9, messageId: 5, flags: 1, identifiers: [300], size: 3 });
    });
    const expected = [
      { position: 7, messageId: 5, flags: 6, identifiers: [1, 2], at: 123, body: 'both' },
      { position: 8, messageId: 6, flags: 4, identifiers: null, at: 124, body: '' },
      { position: 9, messageId: 5, flags: 1, identifiers: [300], at: 123, body: 'both' },
    ];
    for (const engine of lives(subject)) {
      assert.deepEqual(queueOf(engine, 1), expected);
      assert.deepEqual(imageOf(engine).sessions[0]!.queued, { count: 3, bytes: 6 });
    }
  });

  claim('what is at the head or below has left the queue, and its message stays', (subject) => {
    const { engine, messages } = subject;
    applyGroup(engine, (out) => {
      out.session(sessionRecord(1));
      for (let id = 10; id < 20; id += 2) publishTo(out, id, [1]);
    });
    applyGroup(engine, (out) => out.delivery(1, 15, bytesOf('10 12 14')));
    assert.equal(messages(), 5);
    for (const engine of lives(subject)) {
      assert.deepEqual(ids(queueOf(engine, 1)), [16, 18]);
      assert.deepEqual(imageOf(engine).sessions[0]!.queued, { count: 2, bytes: 20 });
      assert.deepEqual(imageOf(engine).sessions[0]!.delivery, { head: 15, state: '10 12 14' });
    }
  });

  claim('a delivery state said again replaces the one before', ({ engine, reopen }) => {
    applyGroup(engine, (out) => {
      out.session(sessionRecord(1));
      publishTo(out, 10, [1]);
      out.delivery(1, 3, bytesOf('first'));
    });
    applyGroup(engine, (out) => out.delivery(1, 11, bytesOf('second')));
    const [session] = imageOf(reopen()).sessions;
    assert.deepEqual(session!.delivery, { head: 11, state: 'second' });
    assert.deepEqual(session!.queued, { count: 0, bytes: 0 });
  });

  claim('a queue filled and taken over many groups stays in order', (subject) => {
    let { engine } = subject;
    applyGroup(engine, (out) => [1, 2, 3].forEach((n) => void out.session(sessionRecord(n))));
    let head = 0;
    const expected: number[] = [];
    for (let id = 10; id < 1000; id += 10) {
      applyGroup(engine, (out) => {
        publishTo(out, id, [1, 2]);
        expected.push(id);
        if (id % 30 !== 0) return;
        head = expected.shift()! + 1;
        out.delivery(1, head, bytesOf('s'));
      });
      if (id % 170 === 0) engine = subject.reopen();
      if (id % 70 === 0) assert.deepEqual(ids(queueOf(engine, 1, 7)), expected);
    }
    assert.deepEqual(ids(queueOf(engine, 1)), expected);
    assert.equal(queueOf(engine, 2).length, 99);
    const counts = imageOf(engine).sessions.map(({ queued }) => queued.count);
    assert.deepEqual(counts, [expected.length, 99, 0]);
  });

  claim('the end of a session with a long queue drops all of it, in whatever steps', (subject) => {
    const { engine } = subject;
    applyGroup(engine, (out) => [1, 2].forEach((n) => void out.session(sessionRecord(n))));
    const count = 6000;
    for (let from = 0; from < count; from += 500) {
      applyGroup(engine, (out) => {
        for (let i = from; i < from + 500; i++) publishTo(out, 10 + i * 3, i % 100 === 0 ? [1, 2] : [1]);
      });
    }
    applyGroup(engine, (out) => out.delivery(1, 10 + 99 * 3 + 1, bytesOf('a hundred in flight')));
    applyGroup(engine, (out) => out.sessionEnd(1, 10 + 99 * 3 + 1));
    assert.deepEqual(queueOf(engine, 1), []);
    const again = subject.reopen();
    assert.deepEqual(queueOf(again, 1), []);
    subject.settle();
    // What was in flight is not the store's to drop; every hundredth message waits in the other queue, too.
    assert.equal(subject.messages(), 100 + 59);
    assert.equal(queueOf(again, 2).length, 60);
  });
}

/** Reads of queues and of messages. */
export function readClaims(claim: Claim): void {
  const filled = (subject: StoreSubject): Iterable<StoreEngine> => {
    applyGroup(subject.engine, (out) => {
      out.session(sessionRecord(1));
      for (let id = 10; id < 30; id += 2) publishTo(out, id, [1]);
    });
    return lives(subject);
  };

  claim('a read stops at its limit and says whether there is more', (subject) => {
    for (const engine of filled(subject)) {
      const first = readWindow(engine, { session: 1, limit: 4 });
      assert.deepEqual([ids(first.entries), first.more], [[10, 12, 14, 16], true]);
      const rest = readWindow(engine, { session: 1, after: 17, limit: 6 });
      assert.deepEqual([ids(rest.entries), rest.more], [[18, 20, 22, 24, 26, 28], false]);
      const behind = readWindow(engine, { session: 1, after: 29 });
      assert.deepEqual(behind, { entries: [], more: false });
    }
  });

  claim('a read stops before its bytes are exceeded, and one message always fits', (subject) => {
    for (const engine of filled(subject)) {
      const three = readWindow(engine, { session: 1, maxBytes: 3 * 'body 10'.length + 1 });
      assert.deepEqual([ids(three.entries), three.more], [[10, 12, 14], true]);
      const one = readWindow(engine, { session: 1, after: 11, maxBytes: 1 });
      assert.deepEqual([ids(one.entries), one.more], [[12], true]);
      const last = readWindow(engine, { session: 1, after: 27, maxBytes: 1 });
      assert.deepEqual([ids(last.entries), last.more], [[28], false]);
    }
  });

  claim('messages are read in the order asked, those that are not there left out', (subject) => {
    for (const engine of filled(subject)) {
      const asked = [28, 12, 999, 10, 11, 14, 16, 18, 20, 22, 24];
      const found = readWindow(engine, { session: 1, messages: asked });
      assert.deepEqual(ids(found.entries), [28, 12, 10, 14, 16, 18, 20, 22, 24]);
      assert.equal(found.more, false);
      const { at, body, position, flags, identifiers } = found.entries[1]!;
      assert.deepEqual([at, body, position, flags, identifiers], [1_700_000_000_012, 'body 12', 0, 0, null]);
    }
  });

  claim('a read of messages keeps to its limits', (subject) => {
    for (const engine of filled(subject)) {
      const two = readWindow(engine, { session: 1, messages: [10, 12, 14], limit: 2 });
      assert.deepEqual([ids(two.entries), two.more], [[10, 12], true]);
      const one = readWindow(engine, { session: 1, messages: [10, 12], maxBytes: 8 });
      assert.deepEqual([ids(one.entries), one.more], [[10], true]);
    }
  });
}
