import type { Session } from '../../session/session.ts';

/** PUBCOMP (section 3.7): a QoS 2 exchange is complete. An unknown identifier is a duplicate that comes late. */
export function handlePubcomp(session: Session, packetId: number): void {
  session.inflight!.completed(packetId);
}
