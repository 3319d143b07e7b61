import { publishGivenUp } from '../session/unwritten.ts';
import type { Group } from './group.ts';
import type { StoredMessage } from './stored-message.ts';

/**
 * A group could not be written, so the next says again what it said of sessions, retained messages and what is done.
 * Messages go two ways, in both groups alike: where a publisher waits to hear of one it is given up, since the publisher
 * is told and may send it again; one that nobody will send again (a will, a message of the program, one acknowledged from
 * memory) is kept.
 *
 * @param ticket number of the next group
 */
export function keepForRetry(failed: Group, next: Group, ticket: number): void {
  keepChanges(failed, next);
  const unwritten = new Set<number>();
  for (const record of failed.records) if (record.submitted) unwritten.add(record.id);
  const gone = new Set(unwritten);
  next.done = [...failed.done, ...next.done.filter((id) => !unwritten.has(id))];
  next.ended = [...failed.ended, ...next.ended];
  next.refers.push(...failed.refers);
  for (const topic of failed.topics) next.topics.add(topic);
  const records = [...failed.records, ...next.records];
  next.records = [];
  next.bytes = 0;
  next.shares = 0;
  next.needed = 0;
  next.urgent = true;
  for (const record of records) {
    if (record.unnecessary || record.gate === null) keep(record);
    else giveUp(record);
    if (record.references === 0) {
      record.written();
      continue;
    }
    record.ticket = ticket;
    next.records.push(record);
    next.bytes += record.message.size;
    next.shares += record.references;
    next.needed += 1;
    gone.delete(record.id);
  }
  keepReferences(failed, next, unwritten, gone);
}

function keepChanges(failed: Group, next: Group): void {
  for (const { session, changes, filters } of failed.changes) {
    if (session.ended) continue;
    next.touch(session, changes);
    if (filters !== null) session.changedFilters = new Set([...filters, ...(session.changedFilters ?? [])]);
  }
}

/**
 * @param unwritten messages of the failed group: no `done` for them is left
 * @param gone those that the store will never have
 */
function keepReferences(failed: Group, next: Group, unwritten: ReadonlySet<number>, gone: ReadonlySet<number>): void {
  for (const item of failed.referring) {
    // It is settled by a `done`, which has to find a reference.
    if (!item.settled) next.referring.push(item);
    else if (!unwritten.has(item.messageId)) next.refers.push(item.messageId);
    item.refers = !item.settled;
  }
  for (const item of next.referring) {
    if (item.settled || !gone.has(item.messageId)) continue;
    item.settled = true;
    if (!item.session.ended) item.session.cancelled(item);
  }
}

/** Whoever still needs it goes on holding it. */
function keep(record: StoredMessage): void {
  record.items = record.items.filter(({ settled, session }) => !settled && !session.ended);
  record.submitted = false;
  record.references = record.items.length + (record.retained ? 1 : 0);
}

function giveUp(record: StoredMessage): void {
  for (const item of record.items) {
    if (item.settled) continue;
    item.settled = true;
    item.record = null;
    if (!item.session.ended) item.session.cancelled(item);
  }
  record.items = [];
  record.submitted = false;
  record.cancelled = true;
  record.gate = null;
  if (record.publisher !== null) publishGivenUp(record.publisher, record);
  record.publisher = null;
  // In memory it is what the topic has, so that is what the store shall have too.
  record.references = record.retained ? 1 : 0;
}
