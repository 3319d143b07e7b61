import { protocolError } from '../../error.ts';
import { type ConnackPacket, PacketType, type ProtocolVersion } from '../../packet.ts';
import { ConnectReturnCode } from '../../reason-code.ts';
import { frame, startBody } from '../frame.ts';
import { writeProperties } from '../properties.ts';

/** Encodes a CONNACK (MQTT 5.0 section 3.2). In 3.x the code must already be a return code: `toConnectReturnCode`. */
export function encodeConnack(packet: ConnackPacket, version: ProtocolVersion): Uint8Array {
  const { reasonCode } = packet;
  if (version !== 5 && reasonCode > ConnectReturnCode.notAuthorized) {
    throw protocolError(`MQTT 3.x has no return code ${reasonCode}; translate it or close without a CONNACK`);
  }
  const writer = startBody();
  // [MQTT-3.2.2-1] [MQTT-3.2.2-6] MQTT 3.1 has no session present flag.
  writer.byte(packet.sessionPresent && reasonCode === 0 && version !== 3 ? 1 : 0);
  writer.byte(reasonCode);
  if (version === 5) writeProperties(writer, packet.properties, PacketType.connack);
  return frame(PacketType.connack, 0, writer.finish());
}
