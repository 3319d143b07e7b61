import { type AuthPacket, MqttError, PacketType, protocolError, ReasonCode } from '@cauldron/protocol';
import type { AuthenticationResult, ClientInfo } from '../../ports.ts';
import type { Connection } from '../connection.ts';
import { ConnectionState } from '../state.ts';
import { authProperties } from './connect.ts';

/**
 * AUTH (section 3.15): a step of the enhanced authentication that CONNECT began, or a connected client that
 * authenticates again (section 4.12.1).
 */
export function handleAuth(connection: Connection, packet: AuthPacket): void {
  const method = packet.properties?.authenticationMethod;
  if (connection.authMethod === undefined) {
    // [MQTT-4.12.0-7]
    throw protocolError('an AUTH came, but the CONNECT named no authentication method', 'MQTT-4.12.0-7');
  }
  if (method !== connection.authMethod) {
    // [MQTT-4.12.0-5] [MQTT-4.12.1-1]
    throw new MqttError(`the AUTH names the method '${method}', the CONNECT named '${connection.authMethod}'`, {
      code: 'PROTOCOL_ERROR',
      reasonCode: ReasonCode.protocolError,
      spec: 'MQTT-4.12.0-5',
    });
  }
  const data = packet.properties?.authenticationData;
  if (connection.state !== ConnectionState.connected) {
    continueConnect(connection, packet.reasonCode, data);
  } else {
    authenticateAgain(connection, packet.reasonCode, data);
  }
}

function continueConnect(connection: Connection, reasonCode: number, data: Uint8Array | undefined): void {
  const resume = connection.resumeConnect;
  // [MQTT-4.12.0-3]
  if (resume === null || reasonCode !== ReasonCode.continueAuthentication) {
    throw protocolError('an AUTH came that no exchange waits for', 'MQTT-4.12.0-3');
  }
  connection.resumeConnect = null;
  connection.core.guard.halfOpen.remove(connection);
  resume(data);
}

function authenticateAgain(connection: Connection, reasonCode: number, data: Uint8Array | undefined): void {
  const begins = reasonCode === ReasonCode.reauthenticate;
  if (begins) connection.authExchange = undefined;
  else if (!connection.authPending || reasonCode !== ReasonCode.continueAuthentication) {
    throw protocolError('an AUTH came that no exchange waits for; begin one with reason code 0x19', 'MQTT-4.12.0-3');
  }
  connection.authPending = false;
  const client = connection.client!;
  const answer = connection.core.ports.authenticator.authenticate({
    clientId: client.clientId,
    username: client.username,
    password: undefined,
    protocolVersion: client.protocolVersion,
    remoteAddress: client.remoteAddress,
    listener: client.listener,
    method: connection.authMethod,
    data,
    exchange: connection.authExchange,
    reauthentication: true,
    peer: connection.link.peer,
  });
  if (answer instanceof Promise) connection.wait(answer, (result) => answered(connection, result));
  else answered(connection, answer);
}

function answered(connection: Connection, result: AuthenticationResult): void {
  switch (result.outcome) {
    case 'refuse': {
      const { reasonCode, reasonString, serverReference } = result;
      const reason = reasonString ?? 'the client could not authenticate again';
      connection.end(reasonCode, reason, serverReference === undefined ? {} : { serverReference }); // [MQTT-4.12.1-2]
      return;
    }
    case 'continue':
      connection.authExchange = result.exchange;
      connection.authPending = true;
      sendAuth(connection, ReasonCode.continueAuthentication, result.data);
      return;
    case 'accept':
      connection.authExchange = undefined;
      connection.loggedIn({ ...connection.client!, ...identityOf(result, connection.client!) }, result.expiresAt);
      connection.watch();
      connection.session!.belongsTo(connection.client!);
      sendAuth(connection, ReasonCode.success, result.data);
      return;
  }
}

/** Who the client is after authenticating again: another user name and other rights, where the answer says so. */
function identityOf(
  result: Extract<AuthenticationResult, { outcome: 'accept' }>,
  before: ClientInfo,
): Pick<ClientInfo, 'username' | 'verified' | 'rights'> {
  return {
    username: result.username ?? before.username,
    verified: result.anonymous !== true,
    rights: result.rights ?? before.rights,
  };
}

function sendAuth(connection: Connection, reasonCode: number, data: Uint8Array | undefined): void {
  connection.output.sendPacket({ type: PacketType.auth, reasonCode, properties: authProperties(connection, data) });
}
