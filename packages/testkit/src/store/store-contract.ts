import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreError } from '@cauldron/core';
import { applyGroup, bytesOf, imageOf, queueOf, readWindow } from './store-image.ts';
import { queueClaims, readClaims } from './store-queue-claims.ts';
import { type Claim, ids, lives, publishTo, type StoreSubject, sessionRecord } from './store-subject.ts';

/** What every store must do: run in a test file of each implementation. */
export function storeContract(name: string, open: () => StoreSubject): void {
  const claim = (what: string, check: (subject: StoreSubject) => void): void => {
    test(what, () => {
      const subject = open();
      try {
        check(subject);
      } finally {
        subject.dispose();
      }
    });
  };
  describe(`store contract: ${name}`, () => {
    sessionClaims(claim);
    queueClaims(claim);
    readClaims(claim);
    referenceClaims(claim);
    retainedClaims(claim);
    groupClaims(claim);
  });
}

function sessionClaims(claim: Claim): void {
  claim('a new store holds nothing', ({ engine }) => {
    assert.deepEqual(imageOf(engine), { last: 0, lastSession: 0, sessions: [], retained: [] });
    assert.deepEqual(queueOf(engine, 1), []);
  });

  claim('a session comes back with everything that was said of it', (subject) => {
    const { engine } = subject;
    const will = { delay: 4_294_967_295, message: bytesOf('last words') };
    const full = sessionRecord(2 ** 40, {
      connected: true,
      expiryInterval: 4_294_967_295,
      willDueAt: 5,
      will,
      username: 'carol',
    });
    const identified = { session: full.number, filter: '$share/g/a/#', options: 29, identifiers: [1, 268_435_455] };
    applyGroup(engine, (out) => {
      out.sequence(2 ** 50, 2 ** 40);
      out.session(full);
      out.subscribe({ session: full.number, filter: 'ä/+', options: 2, identifiers: null });
      out.subscribe(identified);
      out.delivery(full.number, 7, bytesOf('in flight'));
    });
    for (const engine of lives(subject)) {
      const { will: _, ...record } = full;
      const { last, lastSession, sessions } = imageOf(engine);
      assert.deepEqual([last, lastSession, sessions.length], [2 ** 50, 2 ** 40, 1]);
      assert.deepEqual(sessions[0]!.record, record);
      assert.deepEqual(sessions[0]!.will, { delay: will.delay, message: 'last words' });
      assert.deepEqual(sessions[0]!.delivery, { head: 7, state: 'in flight' });
      assert.deepEqual(
        sessions[0]!.subscriptions.map(({ filter }) => filter),
        ['$share/g/a/#', 'ä/+'],
      );
      assert.deepEqual(sessions[0]!.subscriptions[0], identified);
    }
  });

  claim('a session said again is replaced, and keeps subscriptions, queue and delivery state', (subject) => {
    const { engine } = subject;
    applyGroup(engine, (out) => {
      out.session(sessionRecord(1, { will: { delay: 1, message: bytesOf('w') } }));
      out.subscribe({ session: 1, filter: 'a', options: 1, identifiers: null });
      publishTo(out, 10, [1]);
      out.delivery(1, 5, bytesOf('s'));
    });
    applyGroup(engine, (out) => out.session(sessionRecord(1, { connected: true, endsAt: 0 })));
    for (const engine of lives(subject)) {
      const [session] = imageOf(engine).sessions;
      assert.equal(session!.record.connected, true);
      assert.equal(session!.will, null);
      assert.equal(session!.subscriptions.length, 1);
      assert.deepEqual(session!.delivery, { head: 5, state: 's' });
      assert.deepEqual(session!.queued, { count: 1, bytes: 10 });
    }
  });

  claim('a subscription said again is replaced, and one taken back is gone', (subject) => {
    const { engine } = subject;
    applyGroup(engine, (out) => {
      out.session(sessionRecord(1));
      for (const filter of ['a', 'b', 'c']) out.subscribe({ session: 1, filter, options: 1, identifiers: null });
    });
    applyGroup(engine, (out) => {
      out.subscribe({ session: 1, filter: 'a', options: 2, identifiers: [9] });
      out.unsubscribe(1, 'b');
      out.unsubscribe(1, 'never there');
    });
    const expected = [
      { session: 1, filter: 'a', options: 2, identifiers: [9] },
      { session: 1, filter: 'c', options: 1, identifiers: null },
    ];
    for (const engine of lives(subject)) {
      assert.deepEqual(imageOf(engine).sessions[0]!.subscriptions, expected);
    }
  });

  claim('the sequence never goes back', ({ engine, reopen }) => {
    applyGroup(engine, (out) => out.sequence(100, 10));
    applyGroup(engine, (out) => out.sequence(50, 11));
    const { last, lastSession } = imageOf(reopen());
    assert.deepEqual([last, lastSession], [100, 11]);
  });

  claim('an ended session leaves nothing', ({ engine, reopen, messages }) => {
    applyGroup(engine, (out) => {
      out.session(sessionRecord(1));
      out.session(sessionRecord(2));
      out.subscribe({ session: 1, filter: 'a', options: 1, identifiers: null });
      out.delivery(1, 1, bytesOf('s'));
      publishTo(out, 10, [1]);
      publishTo(out, 20, [1, 2]);
    });
    applyGroup(engine, (out) => out.sessionEnd(1, 1));
    assert.equal(messages(), 1);
    const again = reopen();
    assert.deepEqual(
      imageOf(again).sessions.map(({ record }) => record.number),
      [2],
    );
    assert.deepEqual(queueOf(again, 1), []);
    assert.deepEqual(ids(queueOf(again, 2)), [20]);
    applyGroup(again, (out) => out.sessionEnd(2, 0));
    assert.equal(messages(), 0);
  });
}

function referenceClaims(claim: Claim): void {
  claim('a message goes with its last reference', ({ engine, messages }) => {
    applyGroup(engine, (out) => {
      [1, 2, 3].forEach((n) => void out.session(sessionRecord(n)));
      publishTo(out, 10, [1, 2, 3]);
    });
    applyGroup(engine, (out) => {
      out.delivery(1, 11, bytesOf('s'));
      out.done(10);
    });
    applyGroup(engine, (out) => out.refer(10));
    applyGroup(engine, (out) => [1, 2].forEach(() => void out.done(10)));
    assert.equal(messages(), 1);
    assert.equal(readWindow(engine, { session: 1, messages: [10] }).entries.length, 1);
    applyGroup(engine, (out) => out.done(10));
    assert.equal(messages(), 0);
    assert.equal(readWindow(engine, { session: 1, messages: [10] }).entries.length, 0);
  });

  claim('what is done with goes, next to it what is not stays', ({ engine, reopen, messages }) => {
    applyGroup(engine, (out) => {
      [1, 2].forEach((n) => void out.session(sessionRecord(n)));
      for (let id = 10; id < 400; id += 3) publishTo(out, id, id % 4 === 0 ? [1, 2] : [1]);
    });
    const before = messages();
    applyGroup(engine, (out) => {
      for (let id = 10; id < 200; id += 3) out.done(id);
      out.done(12345);
      out.delivery(1, 200, bytesOf('s'));
    });
    assert.equal(messages(), before - 48);
    const again = reopen();
    assert.equal(queueOf(again, 2).length, 32);
    assert.equal(queueOf(again, 1).length, 66);
  });

  claim('a message nobody refers to is not kept', ({ engine, messages }) => {
    applyGroup(engine, (out) => {
      out.message(1, 0, 0, bytesOf('nobody'));
      out.message(2, 1, 0, bytesOf('done in the same group'));
      out.done(2);
    });
    assert.equal(messages(), 0);
  });

  claim('an entry for a session that is not there gives its reference back', ({ engine, messages }) => {
    applyGroup(engine, (out) => publishTo(out, 10, [77]));
    assert.equal(messages(), 0);
  });
}

function retainedClaims(claim: Claim): void {
  claim('a retained message comes back, is replaced, and goes', ({ engine, reopen, messages }) => {
    applyGroup(engine, (out) => {
      out.message(1, 1, 0, bytesOf('one'));
      out.message(2, 1, 0, bytesOf('two'));
      out.retain('a/ö', 1, 'someone');
      out.retain('b', 2, null);
    });
    assert.deepEqual(imageOf(engine).retained, [
      { messageId: 1, publisher: 'someone', body: 'one' },
      { messageId: 2, publisher: null, body: 'two' },
    ]);
    applyGroup(engine, (out) => {
      out.message(3, 1, 0, bytesOf('three'));
      out.retain('a/ö', 3, null);
      out.done(1);
    });
    const again = reopen();
    assert.deepEqual(
      imageOf(again).retained.map(({ body }) => body),
      ['two', 'three'],
    );
    applyGroup(again, (out) => {
      out.unretain('a/ö');
      out.done(3);
      out.unretain('never there');
    });
    assert.deepEqual(
      imageOf(again).retained.map(({ body }) => body),
      ['two'],
    );
    assert.equal(messages(), 1);
  });
}

function groupClaims(claim: Claim): void {
  claim('a group that fails leaves nothing behind, and the next one is taken', (subject) => {
    const { engine } = subject;
    applyGroup(engine, (out) => {
      [1, 2, 3].forEach((n) => void out.session(sessionRecord(n)));
      publishTo(out, 10, [1, 2]);
      publishTo(out, 20, [1]);
      out.retain('t', 20, null);
    });
    const before = [imageOf(engine), queueOf(engine, 1), queueOf(engine, 2), subject.messages()];
    const fail = (): void =>
      applyGroup(engine, (out) => {
        out.sequence(500, 50);
        out.session(sessionRecord(4));
        out.session(sessionRecord(3, { connected: true }));
        out.subscribe({ session: 1, filter: 'x', options: 0, identifiers: null });
        publishTo(out, 30, [1, 2, 4]);
        out.delivery(1, 11, bytesOf('s'));
        out.sessionEnd(2, 0);
        out.done(10);
        out.refer(20);
        out.unretain('t');
        // A message's number is never given twice.
        out.message(20, 1, 0, bytesOf('again'));
        for (let id = 100; id < 120; id++) out.message(id, 1, 0, bytesOf('fill'));
      });
    assert.throws(fail, StoreError);
    assert.deepEqual([imageOf(engine), queueOf(engine, 1), queueOf(engine, 2), subject.messages()], before);
    assert.throws(fail, StoreError);
    const again = subject.reopen();
    assert.deepEqual([imageOf(again), queueOf(again, 1), queueOf(again, 2), subject.messages()], before);
    applyGroup(again, (out) => publishTo(out, 30, [1]));
    assert.deepEqual(ids(queueOf(again, 1)), [10, 20, 30]);
  });

  claim('half an operation at the end of a group fails the group', ({ engine, messages }) => {
    const group = Uint8Array.of(5, 1, 1, 0, 3, 65, 66, 67, 5, 2, 1);
    assert.throws(() => engine.apply(group, group.length), StoreError);
    assert.equal(messages(), 0);
    engine.apply(group, 8);
    assert.equal(messages(), 1);
  });
}
