import { PacketType, ReasonCode } from '@cauldron/protocol';
import type { Session } from '../../session/session.ts';
import type { Connection } from '../connection.ts';

/** PUBREL (section 3.6): the client will not send this message again; its identifier is free. */
export function handlePubrel(connection: Connection, session: Session, packetId: number): void {
  const known = session.inbound.end(packetId); // [MQTT-4.3.3-12]
  // [MQTT-4.3.3-11]
  connection.output.sendAck(
    PacketType.pubcomp,
    packetId,
    known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound,
  );
}
