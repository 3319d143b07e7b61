import type { Session } from '../../session/session.ts';

/**
 * PUBACK (section 3.4): done with a QoS 1 message, whatever the reason code says. An identifier that is not in flight is
 * a duplicate that comes late, and nothing is left to do for it.
 */
export function handlePuback(session: Session, packetId: number): void {
  session.inflight!.acknowledged(packetId);
}
