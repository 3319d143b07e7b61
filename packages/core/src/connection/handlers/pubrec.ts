import { PacketType, ReasonCode } from '@cauldron/protocol';
import type { Session } from '../../session/session.ts';
import { answerDelivery } from '../answers.ts';
import type { Connection } from '../connection.ts';

/** PUBREC (section 3.5): the client has a QoS 2 message, or refuses it with a code of 0x80 and above. */
export function handlePubrec(connection: Connection, session: Session, packetId: number, reasonCode: number): void {
  const known = session.inflight!.received(packetId, reasonCode);
  if (known) {
    // Not before it is on the disk that the message is the client's: sent again after a crash it would be a new one.
    if (reasonCode < 0x80) answerDelivery(connection, PacketType.pubrel, packetId, ReasonCode.success); // [MQTT-4.3.3-4]
    return;
  }
  // 3.x knows no "not found": its client goes on only when it gets a PUBREL.
  if (reasonCode < 0x80) connection.output.sendAck(PacketType.pubrel, packetId, ReasonCode.packetIdentifierNotFound);
}
