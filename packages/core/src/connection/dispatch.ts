import { type AckType, type MqttError, type Packet, PacketType, protocolError } from '@cauldron/protocol';
import type { Connection } from './connection.ts';
import { handleAuth } from './handlers/auth.ts';
import { handleConnect } from './handlers/connect.ts';
import { handleDisconnect } from './handlers/disconnect.ts';
import { handlePingreq } from './handlers/pingreq.ts';
import { handlePuback } from './handlers/puback.ts';
import { handlePubcomp } from './handlers/pubcomp.ts';
import { handlePubrec } from './handlers/pubrec.ts';
import { handlePubrel } from './handlers/pubrel.ts';
import { handleSubscribe } from './handlers/subscribe.ts';
import { handleUnsubscribe } from './handlers/unsubscribe.ts';
import { ConnectionState } from './state.ts';

/** Hands an acknowledgement to its handler. */
export function dispatchAck(connection: Connection, type: AckType, packetId: number, reasonCode: number): void {
  if (connection.state !== ConnectionState.connected) throw tooEarly('an acknowledgement');
  const session = connection.session!;
  switch (type) {
    case PacketType.puback:
      handlePuback(session, packetId);
      break;
    case PacketType.pubrec:
      handlePubrec(connection, session, packetId, reasonCode);
      break;
    case PacketType.pubrel:
      handlePubrel(connection, session, packetId);
      break;
    case PacketType.pubcomp:
      handlePubcomp(session, packetId);
      break;
  }
}

/** Hands a packet that is neither PUBLISH nor an acknowledgement to its handler. */
export function dispatchPacket(connection: Connection, packet: Packet): void {
  switch (packet.type) {
    case PacketType.connect:
      handleConnect(connection, packet);
      return;
    case PacketType.auth:
      handleAuth(connection, packet);
      return;
    case PacketType.disconnect:
      handleDisconnect(connection, packet);
      return;
  }
  if (connection.state !== ConnectionState.connected) throw tooEarly('a packet');
  switch (packet.type) {
    case PacketType.pingreq:
      handlePingreq(connection);
      break;
    case PacketType.subscribe:
      handleSubscribe(connection, packet);
      break;
    case PacketType.unsubscribe:
      handleUnsubscribe(connection, packet);
      break;
  }
}

export function tooEarly(what: string): MqttError {
  return protocolError(`${what} came before the connection was accepted`, 'MQTT-3.1.2-30'); // [MQTT-3.1.2-30]
}
