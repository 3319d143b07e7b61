import { MqttError, ReasonCode } from '@cauldron/protocol';
import { sentence } from './connection-form.ts';

/** Why there is no connection. */
export interface Ending {
  /** What happened, in a few words. */
  readonly title: string;
  /** What the broker or the browser said. */
  readonly text: string;
  /** What to do. */
  readonly advice?: string | undefined;
}

const ADVICE: ReadonlyMap<number, string> = new Map([
  [ReasonCode.badUserNameOrPassword, 'Check user name and password; the password is never remembered here.'],
  [ReasonCode.notAuthorized, 'Check user name and password; or this client identifier may not be used by this user.'],
  [ReasonCode.clientIdentifierNotValid, 'Choose another client identifier, or leave the field empty.'],
  [ReasonCode.unsupportedProtocolVersion, 'Choose another MQTT version below, or “automatic”.'],
  [ReasonCode.sessionTakenOver, 'Leave the client identifier empty, so that every tab gets its own.'],
  [ReasonCode.serverBusy, 'Wait a moment, then try again.'],
  [ReasonCode.serverUnavailable, 'Wait a moment, then try again.'],
  [ReasonCode.banned, 'Somebody shut this client out; ask who runs the broker.'],
  [
    ReasonCode.administrativeAction,
    'Somebody disconnected this client; connect again if it was not meant to stay away.',
  ],
  [ReasonCode.connectionRateExceeded, 'Too many connections at once; wait a moment, then try again.'],
  [ReasonCode.retainNotSupported, 'The broker keeps no messages: switch “retain” of the will off.'],
  [ReasonCode.qosNotSupported, 'Choose a lower QoS for the will.'],
]);

/** What to tell the user about the error that ended a connection, or kept it from coming about. */
export function endingOf(error: Error, wasConnected: boolean): Ending {
  const text = sentence(error.message);
  if (!(error instanceof MqttError)) {
    const title = wasConnected ? 'The connection was lost' : 'There is no answer';
    return { title, text, advice: undefined };
  }
  const title =
    error.code === 'CONNECTION_REFUSED'
      ? 'The broker refused the connection'
      : error.code === 'TIMEOUT'
        ? 'The broker did not answer in time'
        : wasConnected
          ? 'The broker ended the connection'
          : 'The connection did not come about';
  return { title, text, advice: ADVICE.get(error.reasonCode) };
}
