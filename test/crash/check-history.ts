import { matchTopic } from '@cauldron/protocol';
import type { History, Promised, RetainedReading, SentMessage, SessionHistory, Violation } from './history.ts';

/** So many of one kind are told one by one. */
const EACH = 10;

/** What is wrong in a history that has come to an end, worst first; empty = every promise was kept. */
export function checkHistory(history: History): Violation[] {
  const report = new Report();
  for (const { promise, what } of history.complaints) report.add(promise, what);
  const topics = byTopic(history.messages);
  for (const session of history.sessions) {
    if (session.endedAt === Number.POSITIVE_INFINITY) checkDelivered(session, topics, report);
    checkReceipts(session, history.settledAt, report);
    checkOrder(session, report);
  }
  for (const reading of history.readings) checkReading(reading, topics, report);
  for (const { name, agreedAt, brokenAt, published } of history.wills) {
    const owed = agreedAt < Number.POSITIVE_INFINITY && brokenAt < Number.POSITIVE_INFINITY;
    if (owed && published === 0) report.add('will', `${name} was never published`);
    if (published > 0 && brokenAt === Number.POSITIVE_INFINITY) report.add('will', `${name} was published too early`);
  }
  return report.violations();
}

/** Numbers of a history that tell whether a run did what it is there for. */
export function summaryOf(history: History): Record<string, number> {
  const { messages, sessions, wills, readings } = history;
  const acknowledged = messages.filter(isAcknowledged).length;
  const receipts = sessions.reduce((sum, session) => sum + session.receipts.length, 0);
  const again = sessions.reduce((sum, { receipts: all }) => {
    return sum + all.length - new Set(all.map(({ message }) => message)).size;
  }, 0);
  return {
    messages: messages.length,
    acknowledged,
    resent: messages.filter(({ transmissions }) => transmissions > 1).length,
    sessions: sessions.length,
    deliveries: receipts,
    'QoS 1 duplicates': again,
    wills: wills.filter(({ published }) => published > 0).length,
    'retained readings': readings.length,
  };
}

class Report {
  readonly #found = new Map<Promised, string[]>();

  add(promise: Promised, what: string): void {
    const list = this.#found.get(promise);
    if (list === undefined) this.#found.set(promise, [what]);
    else list.push(what);
  }

  violations(): Violation[] {
    return [...this.#found].flatMap(([promise, list]) => {
      const told: Violation[] = list.slice(0, EACH).map((what) => ({ promise, what }));
      if (list.length > EACH) told.push({ promise, what: `and ${list.length - EACH} more of this kind` });
      return told;
    });
  }
}

function byTopic(messages: readonly SentMessage[]): Map<string, SentMessage[]> {
  const topics = new Map<string, SentMessage[]>();
  for (const message of messages) {
    const list = topics.get(message.topic);
    if (list === undefined) topics.set(message.topic, [message]);
    else list.push(message);
  }
  return topics;
}

function isAcknowledged(message: SentMessage): boolean {
  return message.acknowledgedAt < Number.POSITIVE_INFINITY;
}

function nameOf({ index, publisher, topic, qos, transmissions }: SentMessage): string {
  return `message ${index} (${publisher}, ${topic}, QoS ${qos}, sent ${transmissions} times)`;
}

// ---- delivery

function checkDelivered(session: SessionHistory, topics: ReadonlyMap<string, SentMessage[]>, report: Report): void {
  const got = new Set(session.receipts.map(({ message }) => message));
  for (const { filter, qos, sureFrom, sureTo } of session.subscriptions) {
    if (qos === 0 || sureFrom === Number.POSITIVE_INFINITY) continue;
    for (const [topic, messages] of topics) {
      if (!matchTopic(filter, topic)) continue;
      for (const message of messages) {
        if (message.qos === 0 || message.size === 0 || !isAcknowledged(message) || got.has(message)) continue;
        if (sureFrom > message.firstSentAt || sureTo < message.acknowledgedAt) continue;
        got.add(message);
        report.add('acknowledged-delivered', `${nameOf(message)} never came to ${session.clientId} (${filter})`);
      }
    }
  }
}

function checkReceipts(session: SessionHistory, settledAt: number, report: Report): void {
  const once = new Set<SentMessage>();
  for (const { message, qos, at } of session.receipts) {
    const { clientId } = session;
    if (at > settledAt) report.add('settled', `${nameOf(message)} came to ${clientId} after everything was done`);
    if (qos === 2 && once.has(message)) report.add('exactly-once', `${nameOf(message)} came again to ${clientId}`);
    once.add(message);
    if (!isEntitled(session, message, qos, at)) {
      report.add('subscribed', `${nameOf(message)} came to ${clientId} with QoS ${qos}, which asked for no such thing`);
    }
  }
}

function isEntitled(session: SessionHistory, message: SentMessage, qos: number, at: number): boolean {
  return session.subscriptions.some(
    (span) =>
      span.possibleFrom < Math.min(at, message.acknowledgedAt) &&
      span.possibleTo > message.firstSentAt &&
      Math.min(span.qos, message.qos) === qos &&
      matchTopic(span.filter, message.topic),
  );
}

/**
 * Order holds of what each message was first. Only where the subscription was there from before a message was sent: of
 * one that was sent again, a later subscription may get the second copy alone.
 */
function checkOrder(session: SessionHistory, report: Report): void {
  const last = new Map<string, SentMessage>();
  const seen = new Set<SentMessage>();
  for (const { message, at } of session.receipts) {
    if (seen.has(message)) continue;
    seen.add(message);
    if (!isSure(session, message, at)) continue;
    const key = `${message.publisher} ${message.topic} ${message.qos}`;
    const before = last.get(key);
    if (before === undefined || before.index < message.index) last.set(key, message);
    else report.add('order', `${nameOf(message)} came to ${session.clientId} after message ${before.index}`);
  }
}

function isSure(session: SessionHistory, message: SentMessage, at: number): boolean {
  return session.subscriptions.some(
    ({ filter, sureFrom, sureTo }) =>
      sureFrom < message.firstSentAt && sureTo > at && matchTopic(filter, message.topic),
  );
}

// ---- retained

/** A retained topic has one publisher and one QoS in a crash run, so what was sent later is newer. */
function checkReading(reading: RetainedReading, topics: ReadonlyMap<string, SentMessage[]>, report: Report): void {
  const found = new Map(reading.found.map((message) => [message.topic, message]));
  for (const [topic, messages] of topics) {
    if (!matchTopic(reading.filter, topic)) continue;
    const kept = messages.filter(({ retain, firstSentAt }) => retain && firstSentAt < reading.askedAt);
    const newest = kept.findLast(({ acknowledgedAt }) => acknowledgedAt < reading.askedAt);
    if (newest === undefined) continue;
    const value = found.get(topic);
    if (value !== undefined && (value.index < newest.index || (newest === value && value.size === 0))) {
      const state = newest.size === 0 ? 'its deletion' : 'a newer value';
      report.add(
        'retained-fresh',
        `${nameOf(value)} was found in life ${reading.life}; ${state}, ${newest.index}, was acknowledged before`,
      );
    }
    const deleted = messages.some(({ index, size, retain }) => retain && size === 0 && index >= newest.index);
    if (value === undefined && reading.complete && !deleted) {
      report.add(
        'retained-there',
        `nothing was found on ${topic} in life ${reading.life}; ${nameOf(newest)} was acknowledged before`,
      );
    }
  }
}
