import { MqttError, malformed, protocolError } from '../../error.ts';
import { type ConnectPacket, PacketType, type ProtocolVersion, type QoS, type Will } from '../../packet.ts';
import { type Properties, WILL } from '../../property.ts';
import { ReasonCode } from '../../reason-code.ts';
import { topicNameProblem } from '../../topic.ts';
import { readProperties } from '../properties.ts';
import { Reader } from '../reader.ts';
import { requireEnd, requireFlags } from './fields.ts';

/**
 * Decodes the body of a CONNECT of any version (MQTT 5.0 section 3.1, 3.1.1 section 3.1, 3.1 section 3.1).
 *
 * A client identifier that is empty where the version or clean session forbids it passes: the broker answers that.
 *
 * @throws MqttError UNSUPPORTED_PROTOCOL_VERSION for another protocol or level, TOPIC_NAME_INVALID for the will's topic,
 * else MALFORMED_PACKET or PROTOCOL_ERROR.
 */
export function decodeConnect(flags: number, bytes: Uint8Array, start: number, end: number): ConnectPacket {
  requireFlags(flags, 0, 'CONNECT');
  const reader = new Reader(bytes, start, end);
  const { version, bridge } = readProtocol(reader);
  const connectFlags = readConnectFlags(reader, version);
  const keepAlive = reader.uint16('the keep alive of CONNECT');
  const properties = version === 5 ? readProperties(reader, PacketType.connect) : undefined;
  requireAuthenticationMethod(properties);
  // [MQTT-3.1.3-1] The order of the payload; [MQTT-3.1.3-3] [MQTT-3.1.3-4] the client identifier comes first.
  const clientId = reader.utf8('the client identifier');
  const will = connectFlags.will ? readWill(reader, version, connectFlags) : undefined; // [MQTT-3.1.2-9]
  const username = hasUsername(reader, version, connectFlags) ? reader.utf8('the user name') : undefined; // [MQTT-3.1.3-12]
  const password = hasPassword(reader, version, connectFlags) ? reader.binary('the password') : undefined;
  requireEnd(reader, 'CONNECT'); // [MQTT-3.1.2-16] [MQTT-3.1.2-18] a field without its flag
  return {
    type: PacketType.connect,
    protocolVersion: version,
    ...(bridge && { bridge }),
    cleanStart: connectFlags.cleanStart,
    keepAlive,
    clientId,
    ...(will && { will }),
    ...(username !== undefined && { username }),
    ...(password && { password }),
    ...(properties && { properties }),
  };
}

function readProtocol(reader: Reader): { version: ProtocolVersion; bridge: boolean } {
  const name = reader.utf8('the protocol name');
  if (name !== 'MQTT' && name !== 'MQIsdp') {
    // [MQTT-3.1.2-1]
    throw unsupported(`the protocol '${name.slice(0, 32)}' is not MQTT`, 'MQTT-3.1.2-1');
  }
  const level = reader.byte('the protocol level');
  switch (level) {
    case 3:
    case 0x83:
      if (name === 'MQIsdp') return { version: 3, bridge: level > 0x80 };
      break;
    case 4:
    case 0x84:
      if (name === 'MQTT') return { version: 4, bridge: level > 0x80 };
      break;
    case 5:
      if (name === 'MQTT') return { version: 5, bridge: false };
      break;
  }
  // [MQTT-3.1.2-2]
  throw unsupported(`protocol '${name}' at level ${level} is none of MQTT 3.1, 3.1.1 and 5.0`, 'MQTT-3.1.2-2');
}

function unsupported(message: string, spec: string): MqttError {
  return new MqttError(`${message}; connect with MQTT 3.1.1 or 5.0`, {
    code: 'UNSUPPORTED_PROTOCOL_VERSION',
    reasonCode: ReasonCode.unsupportedProtocolVersion,
    spec,
  });
}

interface ConnectFlags {
  readonly cleanStart: boolean;
  readonly will: boolean;
  readonly willQos: QoS;
  readonly willRetain: boolean;
  readonly username: boolean;
  readonly password: boolean;
}

/**
 *     bit    7          6         5            4 3        2      1            0
 *            user name  password  will retain  will QoS   will   clean start  reserved
 */
function readConnectFlags(reader: Reader, version: ProtocolVersion): ConnectFlags {
  const bits = reader.byte('the connect flags');
  // [MQTT-3.1.2-3] MQTT 3.1 leaves the bit unused instead of reserving it as 0.
  if ((bits & 1) !== 0 && version !== 3) throw malformed('the reserved connect flag is set', 'MQTT-3.1.2-3');
  const will = (bits & 0x04) !== 0;
  const willQos = (bits >> 3) & 3;
  const willRetain = (bits & 0x20) !== 0;
  const username = (bits & 0x80) !== 0;
  const password = (bits & 0x40) !== 0;
  if (will) requireWillQos(willQos);
  else if (version !== 3) requireNoWillBits(willQos, willRetain); // MQTT 3.1 disregards them without a will.
  if (password && !username && version !== 5) {
    throw protocolError('CONNECT has a password without a user name, which only MQTT 5.0 allows');
  }
  return { cleanStart: (bits & 0x02) !== 0, will, willQos: willQos as QoS, willRetain, username, password };
}

function requireWillQos(qos: number): void {
  // [MQTT-3.1.2-12]
  if (qos === 3) throw malformed('the will has QoS 3; a QoS is 0, 1 or 2', 'MQTT-3.1.2-12');
}

function requireNoWillBits(qos: number, retain: boolean): void {
  // [MQTT-3.1.2-11]
  if (qos !== 0) throw protocolError('CONNECT has a will QoS but no will', 'MQTT-3.1.2-11');
  // [MQTT-3.1.2-13]
  if (retain) throw protocolError('CONNECT has will retain set but no will', 'MQTT-3.1.2-13');
}

function requireAuthenticationMethod(properties: Properties | undefined): void {
  if (properties?.authenticationData === undefined || properties.authenticationMethod !== undefined) return;
  throw protocolError('CONNECT has authentication data but names no authentication method'); // section 3.1.2.11.10
}

function readWill(reader: Reader, version: ProtocolVersion, flags: ConnectFlags): Will {
  const properties = version === 5 ? readProperties(reader, WILL) : undefined;
  const topic = reader.utf8('the will topic'); // [MQTT-3.1.3-11]
  const problem = topicNameProblem(topic);
  if (problem !== undefined) {
    throw new MqttError(`the will cannot be published: ${problem}`, {
      code: 'TOPIC_NAME_INVALID',
      reasonCode: ReasonCode.topicNameInvalid,
      spec: topic === '' ? 'MQTT-4.7.3-1' : 'MQTT-4.7.0-1',
    });
  }
  const payload = reader.binary('the will payload');
  return { topic, payload, qos: flags.willQos, retain: flags.willRetain, ...(properties && { properties }) };
}

// [MQTT-3.1.2-17] [MQTT-3.1.2-19] A flag demands its field. In MQTT 3.1 the remaining length takes precedence over these
// two flags, for clients older than user names: a field that is missing at the end counts as not sent.
const hasUsername = (reader: Reader, version: ProtocolVersion, flags: ConnectFlags): boolean =>
  flags.username && !(version === 3 && reader.remaining() === 0);

const hasPassword = (reader: Reader, version: ProtocolVersion, flags: ConnectFlags): boolean =>
  flags.password && !(version === 3 && reader.remaining() === 0);
