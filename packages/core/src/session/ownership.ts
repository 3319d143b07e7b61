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
