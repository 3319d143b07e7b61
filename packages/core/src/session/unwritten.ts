import { SessionChange } from '../store/group.ts';
import type { StoredMessage } from '../store/stored-message.ts';
import type { Session } from './session.ts';

/** A QoS 2 message of this client waits for the store, and its PUBREC with it. */
export function publishWaits(session: Session, packetId: number, record: StoredMessage): void {
  session.unwritten ??= new Map();
  session.unwritten.set(packetId, record);
  record.publisher = session;
  record.packetId = packetId;
}

export function publishWritten({ unwritten }: Session, record: StoredMessage): void {
  if (unwritten?.get(record.packetId) === record) unwritten.delete(record.packetId);
}

/** The store could not keep it: when it comes again, with the same identifier perhaps, it is new. */
export function publishGivenUp(session: Session, record: StoredMessage): void {
  const { packetId } = record;
  if (session.unwritten?.get(packetId) !== record) return;
  session.unwritten.delete(packetId);
  if (session.inbound.end(packetId)) session.host.journal?.touch(session, SessionChange.delivery);
}
