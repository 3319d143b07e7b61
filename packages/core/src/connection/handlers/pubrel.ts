import { PacketType, ReasonCode } from '@cauldron/protocol';
import type { Session } from '../../session/session.ts';
import { SessionChange } from '../../store/group.ts';
import { answerDelivery } from '../answers.ts';
import type { Connection } from '../connection.ts';

/** PUBREL (section 3.6): the client will not send this message again; its identifier is free. */
export function handlePubrel(connection: Connection, session: Session, packetId: number): void {
  const known = session.inbound.end(packetId); // [MQTT-4.3.3-12]
  if (known) connection.core.journal?.touch(session, SessionChange.delivery);
  // Not before the end of the exchange is on the disk: the next message with this identifier would seem a repetition.
  // [MQTT-4.3.3-11]
  answerDelivery(
    connection,
    PacketType.pubcomp,
    packetId,
    known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound,
  );
}
