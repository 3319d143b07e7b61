import { addressOf } from '../guard/remote-address.ts';
import type { ClientInfo } from '../ports.ts';
import { SessionChange } from '../store/group.ts';
import type { Session } from './session.ts';

/**
 * From now on a session is this user's; null = nobody's in particular. What another one left behind must not stand in the
 * way: a message that carries the identifier of an exchange somebody else began would be taken for a repetition.
 */
export function belongToUser(session: Session, username: string | null): void {
  if (session.username === username) return;
  const { inbound } = session;
  for (const packetId of inbound.ids()) inbound.end(packetId);
  session.unwritten = null;
  session.username = username;
  session.host.journal?.touch(session, SessionChange.record | SessionChange.delivery);
}

/** Whether what one client of a session may receive holds for another: whatever rights may depend on is the same. */
export function isSameParty(one: ClientInfo | null, other: ClientInfo): boolean {
  return (
    one !== null &&
    one.username === other.username &&
    one.verified === other.verified &&
    one.rights?.key === other.rights?.key &&
    one.listener === other.listener &&
    one.protocolVersion === other.protocolVersion &&
    addressOf(one.remoteAddress) === addressOf(other.remoteAddress)
  );
}
