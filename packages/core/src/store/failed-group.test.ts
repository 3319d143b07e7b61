import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AckGate } from '../connection/ack-gate.ts';
import { Message } from '../message.ts';
import { QueuedMessage } from '../session/queued-message.ts';
import type { Session } from '../session/session.ts';
import { keepForRetry } from './failed-group.ts';
import { Group } from './group.ts';
import { StoredMessage } from './stored-message.ts';

const message = Message.create(
  { topic: 't', payload: new Uint8Array(), qos: 1, retain: false, properties: undefined },
  0,
);
const waiting = {} as AckGate;

/** A session that notes what is cancelled. */
function someSession(ended = false): { readonly session: Session; readonly cancelled: QueuedMessage[] } {
  const cancelled: QueuedMessage[] = [];
  const session = { ended, away: false, cancelled: (item: QueuedMessage) => cancelled.push(item) };
  return { session: session as unknown as Session, cancelled };
}

function share(session: Session, messageId: number, record: StoredMessage | null = null): QueuedMessage {
  const item = new QueuedMessage(session, message, 1, false, null, 0);
  item.messageId = messageId;
  item.record = record;
  record?.items.push(item);
  return item;
}

/** A message of the failed group, as it was handed over. */
function submitted(id: number, gate: AckGate | null): StoredMessage {
  const record = new StoredMessage(id, message, 0, 1);
  record.submitted = true;
  record.gate = gate;
  return record;
}

/** A share that was settled after its group was handed over: a `done` says so in the next. */
function settle(item: QueuedMessage, next: Group): void {
  item.settled = true;
  item.record = null;
  next.done.push(item.messageId);
}

test('a message that is kept has only the references that are still needed, and no `done` of before', () => {
  const [failed, next] = [new Group(), new Group()];
  const [one, two, gone] = [someSession(), someSession(), someSession(true)];
  const record = submitted(7, null);
  record.references = 3;
  const delivered = share(one.session, 7, record);
  const left = share(two.session, 7, record);
  share(gone.session, 7, record);
  failed.records.push(record);
  failed.done.push(3);
  settle(delivered, next);
  next.done.push(4);
  keepForRetry(failed, next, 2);
  assert.deepEqual(next.records, [record]);
  assert.deepEqual([record.references, record.submitted, record.ticket], [1, false, 2]);
  assert.deepEqual(record.items, [left]);
  assert.equal(left.record, record);
  assert.deepEqual(next.done, [3, 4]);
  assert.deepEqual([next.needed, next.urgent], [1, true]);
});

test('a message whose publisher waits is given up in every queue, and stays where it is retained', () => {
  const [failed, next] = [new Group(), new Group()];
  const { session, cancelled } = someSession();
  const [lost, kept, collected] = [submitted(1, waiting), submitted(2, waiting), new StoredMessage(3, message, 0, 2)];
  collected.gate = waiting;
  kept.retained = true;
  for (const record of [lost, kept, collected]) record.references = 1;
  const items = [share(session, 1, lost), share(session, 2, kept), share(session, 3, collected)];
  failed.records.push(lost, kept);
  next.records.push(collected);
  keepForRetry(failed, next, 2);
  assert.deepEqual(cancelled, items);
  assert.deepEqual(
    [lost, kept, collected].map((record) => record.cancelled),
    [true, true, true],
  );
  assert.deepEqual(next.records, [kept]);
  assert.equal(kept.references, 1);
  assert.equal(kept.gate, null);
});

test('a share in a retained message that was settled meanwhile is written with its `done`, others as before', () => {
  const [failed, next] = [new Group(), new Group()];
  const { session } = someSession();
  const [settled, left] = [share(session, 5), share(session, 6)];
  failed.referring.push(settled, left);
  settle(settled, next);
  keepForRetry(failed, next, 2);
  assert.deepEqual(next.refers, [5]);
  assert.deepEqual(next.done, [5]);
  assert.deepEqual(next.referring, [left]);
  assert.deepEqual([settled.refers, left.refers], [false, true]);
});

test('a settled share in a retained message that is written anew leaves no reference behind', () => {
  const [failed, next] = [new Group(), new Group()];
  const { session } = someSession();
  const record = submitted(5, null); // it failed once before, and the share with it
  record.retained = true;
  failed.records.push(record);
  const settled = share(session, 5);
  failed.referring.push(settled);
  settle(settled, next);
  keepForRetry(failed, next, 2);
  assert.deepEqual([record.references, next.refers, next.done], [1, [], []]);
});

test('a share in a retained message that is given up goes with it, and one in a message that is kept stays', () => {
  const [failed, next] = [new Group(), new Group()];
  const { session, cancelled } = someSession();
  const [lost, kept] = [submitted(1, waiting), submitted(2, waiting)];
  kept.retained = true;
  failed.records.push(lost, kept);
  const [first, second] = [share(session, 1), share(session, 2)];
  for (const item of [first, second]) item.refers = true;
  next.referring.push(first, second);
  keepForRetry(failed, next, 2);
  assert.deepEqual(cancelled, [first]);
  assert.deepEqual([first.settled, second.settled], [true, false]);
  assert.deepEqual(next.records, [kept]);
});

test('what the failed group said of sessions, topics and ends is said again', () => {
  const [failed, next] = [new Group(), new Group()];
  const session = { ended: false, changes: 1, changedFilters: new Set(['b']) } as unknown as Session;
  const over = { ended: true, changes: 0, changedFilters: null } as unknown as Session;
  failed.changes.push({ session, changes: 2, filters: new Set(['a']) }, { session: over, changes: 3, filters: null });
  failed.topics.add('t');
  failed.refers.push(9);
  failed.ended.push({ session: 1, head: 5 });
  next.ended.push({ session: 2, head: 6 });
  keepForRetry(failed, next, 2);
  assert.deepEqual([...next.sessions], [session]);
  assert.equal(session.changes, 3);
  assert.deepEqual([...session.changedFilters!], ['a', 'b']);
  assert.deepEqual([...next.topics], ['t']);
  assert.deepEqual(next.refers, [9]);
  assert.deepEqual(
    next.ended.map(({ session: number }) => number),
    [1, 2],
  );
});
