import { type DisconnectPacket, protocolError, ReasonCode } from '@cauldron/protocol';
import type { Connection } from '../connection.ts';
import { ConnectionState } from '../state.ts';

/** DISCONNECT (section 3.14): the client says goodbye, with its will or without. */
export function handleDisconnect(connection: Connection, packet: DisconnectPacket): void {
  const session = connection.session;
  if (connection.state === ConnectionState.connected && session !== null) {
    const expiry = packet.properties?.sessionExpiryInterval;
    if (expiry !== undefined) {
      if (connection.connectExpiryInterval === 0 && expiry !== 0) {
        throw protocolError(
          'a DISCONNECT asks for a session expiry where the CONNECT asked for none; ask for it in CONNECT',
        ); // section 3.14.2.2.2
      }
      session.expiryInterval = connection.core.sessions.cappedExpiry(expiry);
    }
    // [MQTT-3.14.4-3]
    if (packet.reasonCode === ReasonCode.success) session.will = null;
  }
  connection.close({
    reasonCode: packet.reasonCode,
    reason: packet.properties?.reasonString ?? 'the client disconnected',
    by: 'client',
  });
}
