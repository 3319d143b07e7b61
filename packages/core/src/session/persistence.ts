import type { QoS } from '@cauldron/protocol';
import { Message } from '../message.ts';
import type { SubscriptionOptions } from '../routing/subscription.ts';
import { ByteWriter } from '../store/bytes.ts';
import { RELEASED, readDeliveryState, writeInbound, writeInflight } from '../store/delivery-state.ts';
import type { SessionRecord, SubscriptionRecord } from '../store/operations.ts';
import { QueuedMessage } from './queued-message.ts';
import type { Session } from './session.ts';

/** Bits of a subscription's options as they are kept. */
const NO_LOCAL = 4;
const RETAIN_AS_PUBLISHED = 8;
const OWED = 16;

const never = Number.POSITIVE_INFINITY;
const scratch = new ByteWriter();

/** A session as the store keeps it. */
export function sessionRecord(session: Session): SessionRecord {
  const { number, clientId, expiryInterval, endsAt, willDueAt, will, username } = session;
  let message = null;
  if (will !== null) {
    scratch.length = 0;
    will.message.write(scratch);
    message = { delay: will.delay, message: scratch.finish() };
  }
  return {
    number,
    clientId,
    connected: !session.away,
    expiryInterval,
    endsAt: endsAt === never ? 0 : endsAt,
    willDueAt: willDueAt === never ? 0 : willDueAt,
    will: message,
    username,
  };
}

/** A session's subscription as the store keeps it; null = it has none for that filter. */
export function subscriptionRecord(session: Session, filter: string): SubscriptionRecord | null {
  const subscription = session.subscriptions?.get(filter);
  if (subscription === undefined) return null;
  const { qos, noLocal, retainAsPublished, identifiers } = subscription;
  const owed = session.feed?.owes(filter) === true;
  const options = qos | (noLocal ? NO_LOCAL : 0) | (retainAsPublished ? RETAIN_AS_PUBLISHED : 0) | (owed ? OWED : 0);
  return { session: session.number, filter, options, identifiers };
}

/** What is under way in both directions, as the store keeps it. */
export function deliveryState(session: Session): Uint8Array {
  scratch.length = 0;
  writeInbound(scratch, session.inbound.ids());
  session.inflight?.forEach((packetId, item, released) => {
    if (released) {
      writeInflight(scratch, packetId, item.qos | RELEASED, 0, null);
    } else if (!item.settled) {
      writeInflight(scratch, packetId, item.qos | (item.retain ? 4 : 0), item.messageId, item.identifiers);
    }
  });
  return scratch.finish();
}

/** Gives a new session what the store kept of it, beside subscriptions and queue. */
export function restoreRecord(session: Session, record: SessionRecord): void {
  session.number = record.number;
  session.username = record.username;
  session.expiryInterval = record.expiryInterval;
  session.endsAt = record.endsAt === 0 ? never : record.endsAt;
  session.willDueAt = record.willDueAt === 0 ? never : record.willDueAt;
  if (record.will !== null) {
    session.will = { message: Message.stored(record.will.message.slice()), delay: record.will.delay };
  }
}

/** A kept subscription's options, and whether retained messages are still owed to it. */
export function restoreOptions(record: SubscriptionRecord): { options: SubscriptionOptions; owed: boolean } {
  const { options, identifiers } = record;
  return {
    options: {
      qos: (options & 3) as QoS,
      noLocal: (options & NO_LOCAL) !== 0,
      retainAsPublished: (options & RETAIN_AS_PUBLISHED) !== 0,
      identifiers,
    },
    owed: (options & OWED) !== 0,
  };
}

/** Puts back what was in flight; the messages themselves stay in the store until the client is back. */
export function restoreDelivery(session: Session, head: number, state: Uint8Array): void {
  const { inbound, inflight } = readDeliveryState(state);
  for (const packetId of inbound) session.inbound.begin(packetId);
  session.waiting.restoreHead(head);
  for (const { packetId, flags, messageId, identifiers } of inflight) {
    const item = new QueuedMessage(session, null, (flags & 3) as QoS, (flags & 4) !== 0, identifiers, 0);
    const released = (flags & RELEASED) !== 0;
    item.messageId = messageId;
    item.settled = released;
    session.restoreInflight(packetId, item, released);
  }
}
