// The checks of the crash test, on histories written down by hand: each mistake of a broker must be found, and what MQTT
// allows must not be taken for one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHistory } from './check-history.ts';
import { History, type Promised, type SentMessage, type SessionHistory } from './history.ts';

/** A history with one subscriber to `load/#` at QoS 2. */
function subscribed(): { history: History; session: SessionHistory } {
  const history = new History();
  history.connecting('s', false);
  const session = history.connected('s', false, false);
  session.subscribed(session.subscribing('load/#', 2));
  return { history, session };
}

function publish(history: History, qos: 1 | 2 = 2, topic = 'load/1', acknowledged = true): SentMessage {
  const message = history.sent('p', topic, qos, topic.startsWith('kept'), 10);
  if (acknowledged) history.acknowledged(message);
  return message;
}

const found = (history: History): Promised[] => checkHistory(history).map(({ promise }) => promise);

test('a history in which everything arrives once and in order breaks nothing', () => {
  const { history, session } = subscribed();
  for (let i = 0; i < 5; i++) session.received(publish(history), 2, false);
  assert.deepEqual(checkHistory(history), []);
});

test('an acknowledged message that never comes is a loss, at QoS 1 and 2', () => {
  for (const qos of [1, 2] as const) {
    const { history, session } = subscribed();
    publish(history, qos);
    session.received(publish(history, qos), qos, false);
    assert.deepEqual(found(history), ['acknowledged-delivered']);
    assert.match(checkHistory(history)[0]!.what, /^message 0 \(p, load\/1, QoS \d, sent 1 times\) never came to s/);
  }
});

test('a message that was not acknowledged may come or not', () => {
  const { history, session } = subscribed();
  publish(history, 1, 'load/1', false);
  session.received(publish(history, 1, 'load/1', false), 1, false);
  assert.deepEqual(checkHistory(history), []);
});

test('a message belongs to a subscription from SUBACK to UNSUBSCRIBE for sure, and to nobody after UNSUBACK', () => {
  const { history, session } = subscribed();
  const early = publish(history, 1, 'more/1', false);
  const span = session.subscribing('more/#', 1);
  const between = publish(history, 1, 'more/1');
  history.acknowledged(early);
  session.subscribed(span);
  assert.deepEqual(checkHistory(history), [], 'neither is owed');
  session.received(early, 1, false);
  session.received(between, 1, false);
  assert.deepEqual(checkHistory(history), [], 'both may come');
  session.unsubscribing('more/#');
  const late = publish(history, 1, 'more/1');
  assert.deepEqual(checkHistory(history), [], 'not owed any more');
  session.received(late, 1, false);
  assert.deepEqual(checkHistory(history), [], 'the UNSUBSCRIBE may have come later');
  session.unsubscribed('more/#');
  session.received(publish(history, 1, 'more/1'), 1, false);
  assert.deepEqual(found(history), ['subscribed']);
});

test('a message acknowledged before the SUBSCRIBE must not come', () => {
  const { history, session } = subscribed();
  const old = publish(history, 1, 'more/1');
  session.subscribed(session.subscribing('more/#', 1));
  session.received(old, 1, false);
  assert.deepEqual(found(history), ['subscribed']);
});

test('a message must come with the lower one of its own and the subscription QoS', () => {
  const { history, session } = subscribed();
  session.received(publish(history, 2), 1, false);
  assert.deepEqual(found(history), ['subscribed']);
});

test('a QoS 2 message that comes twice is found, a QoS 1 message may come again', () => {
  const { history, session } = subscribed();
  const twice = publish(history, 1);
  session.received(twice, 1, false);
  session.received(twice, 1, true);
  assert.deepEqual(checkHistory(history), []);
  const once = publish(history, 2);
  session.received(once, 2, false);
  session.received(once, 2, true);
  assert.deepEqual(found(history), ['exactly-once']);
});

test('messages of one publisher, topic and QoS that change places are found', () => {
  const { history, session } = subscribed();
  const [first, second] = [publish(history, 1), publish(history, 1)];
  session.received(second, 1, false);
  session.received(first, 1, true);
  assert.deepEqual(found(history), ['order']);
});

test('repetitions, other topics and another QoS make no order', () => {
  const { history, session } = subscribed();
  const [first, second] = [publish(history, 1), publish(history, 1)];
  const [other, exact] = [publish(history, 1, 'load/2'), publish(history, 2)];
  for (const message of [exact, other, first, second, first, second]) session.received(message, message.qos, true);
  assert.deepEqual(checkHistory(history), []);
});

test('a message sent again after the subscriber had joined in between is in no order with the others', () => {
  const { history, session } = subscribed();
  const first = publish(history, 1, 'more/1', false);
  session.subscribed(session.subscribing('more/#', 1));
  const second = publish(history, 1, 'more/1', false);
  session.received(second, 1, false);
  first.transmissions += 1;
  session.received(first, 1, false);
  history.acknowledged(first);
  history.acknowledged(second);
  assert.deepEqual(checkHistory(history), []);
});

test('a session that is gone, or comes from nowhere, is found', () => {
  const lost = subscribed().history;
  lost.connecting('s', false);
  lost.connected('s', false, false);
  assert.deepEqual(found(lost), ['session']);
  const invented = new History();
  invented.connecting('s', false);
  invented.connected('s', false, true);
  assert.deepEqual(found(invented), ['session']);
  const kept = subscribed().history;
  kept.connecting('s', true);
  kept.connected('s', true, true);
  assert.deepEqual(found(kept), ['session']);
});

test('a session the client gave up, and one whose first CONNACK was lost, are as they are', () => {
  const { history } = subscribed();
  publish(history);
  history.connecting('s', true);
  history.connecting('s', true);
  history.connected('s', true, false);
  history.connecting('t', false);
  history.connecting('t', false);
  history.connected('t', false, true);
  assert.deepEqual(checkHistory(history), []);
});

test('a retained value older than an acknowledged one is found, one that is newer than that is not', () => {
  const history = new History();
  const [old, newer] = [publish(history, 1, 'kept/1'), publish(history, 1, 'kept/1')];
  const newest = publish(history, 1, 'kept/1', false);
  for (const message of [newer, newest]) history.reading('kept/#').found.push(message);
  assert.deepEqual(checkHistory(history), []);
  history.reading('kept/#').found.push(old);
  assert.deepEqual(found(history), ['retained-fresh']);
});

test('a retained value that comes back after its deletion was acknowledged is found', () => {
  const history = new History();
  const old = publish(history, 1, 'kept/1');
  history.acknowledged(history.sent('p', 'kept/1', 1, true, 0));
  history.reading('kept/#').found.push(old);
  assert.deepEqual(found(history), ['retained-fresh']);
});

test('a retained value that is not there is found, where it was acknowledged and not deleted', () => {
  const history = new History();
  publish(history, 1, 'kept/1');
  publish(history, 1, 'kept/2', false);
  publish(history, 1, 'kept/3');
  history.sent('p', 'kept/3', 1, true, 0);
  history.reading('kept/#');
  assert.deepEqual(checkHistory(history), [], 'the reader was cut off');
  history.reading('kept/#').complete = true;
  assert.deepEqual(found(history), ['retained-there']);
});

test('a will that never comes, and one of a client that is still there, are found', () => {
  const history = new History();
  const [gone, present, unknown] = [history.will('1'), history.will('2'), history.will('3')];
  gone.agreedAt = history.moment();
  gone.brokenAt = history.moment();
  present.agreedAt = history.moment();
  unknown.brokenAt = history.moment();
  assert.deepEqual(found(history), ['will']);
  gone.published = 1;
  assert.deepEqual(checkHistory(history), []);
  present.published = 1;
  assert.deepEqual(found(history), ['will']);
});

test('what comes again after everything was acknowledged and the broker stopped is found', () => {
  const { history, session } = subscribed();
  const message = publish(history, 1);
  session.received(message, 1, false);
  history.settledAt = history.moment();
  session.received(message, 1, true);
  assert.deepEqual(found(history), ['settled']);
});

test('what clients complain of is in the verdict, and many of one kind are counted', () => {
  const { history } = subscribed();
  history.complain('intact', 'three bytes');
  for (let i = 0; i < 30; i++) publish(history);
  const violations = checkHistory(history);
  assert.deepEqual(violations[0], { promise: 'intact', what: 'three bytes' });
  assert.equal(violations.length, 12);
  assert.equal(violations.at(-1)!.what, 'and 20 more of this kind');
});
