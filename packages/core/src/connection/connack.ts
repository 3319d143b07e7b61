import { PacketType, type Properties, ReasonCode, toConnectReturnCode } from '@cauldron/protocol';
import type { Refusal } from '../ports.ts';
import { connackCode } from './answer-codes.ts';
import type { Connection } from './connection.ts';

/**
 * Refuses a connection that is not connected yet: CONNACK with the reason in 5.0, with the nearest return code in 3.x, or
 * nothing where 3.x has none; then closes. `clientId` is the one it would have had, for whoever watches.
 * // [MQTT-3.1.4-1] [MQTT-3.1.4-2] [MQTT-3.2.2-7] [MQTT-4.12.0-4] [MQTT-4.13.2-1]
 */
export function refuseConnect(
  connection: Connection,
  refusal: Refusal,
  properties: Properties = {},
  clientId = connection.client?.clientId,
): void {
  const { core, link } = connection;
  core.metrics.connectionsRefused += 1;
  core.observer.refused?.(link.remoteAddress, clientId, refusal, connection.client?.username);
  const version = connection.decoder.version;
  if (version !== 0) connection.output.version = version;
  if (version === 5) {
    const reasonCode = connackCode(refusal.reasonCode);
    const said = connection.output.problemInformation ? { reasonString: refusal.reason } : {};
    // [MQTT-3.2.2-6]
    connection.output.sendPacket({
      type: PacketType.connack,
      sessionPresent: false,
      reasonCode,
      properties: { ...said, ...properties },
    });
  } else {
    const returnCode = toConnectReturnCode(refusal.reasonCode);
    const answered = version !== 0 || refusal.reasonCode === ReasonCode.unsupportedProtocolVersion;
    // MQTT 3.1.1 [MQTT-3.2.2-5]: a client that nothing fits is disconnected without a CONNACK.
    if (returnCode !== undefined && answered) {
      connection.output.sendPacket({ type: PacketType.connack, sessionPresent: false, reasonCode: returnCode });
    }
  }
  connection.close({ reasonCode: refusal.reasonCode, reason: refusal.reason, by: 'server' });
}
