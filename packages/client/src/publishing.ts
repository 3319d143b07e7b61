import type { Properties } from '@cauldron/protocol';
import { encodeUtf8, ReasonCode, topicNameProblem } from '@cauldron/protocol';
import { aborted, clientError, connectionClosed } from './error.ts';
import type { ClientState, PublishOptions, UndeliveredMessage } from './options.ts';

/**
 * Refuses what is known to fail before it is sent.
 *
 * @param limits what the broker said in its CONNACK
 * @throws {MqttError} ABORTED, TOPIC_NAME_INVALID, QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED, TOPIC_ALIAS_INVALID; why the
 *   client is over
 */
export function checkPublish(
  topic: string,
  { qos = 0, retain = false, properties, signal }: PublishOptions,
  state: ClientState,
  limits: Properties,
): void {
  if (signal?.aborted) throw aborted(signal, 'the publish');
  const problem = topic === '' && properties?.topicAlias !== undefined ? undefined : topicNameProblem(topic);
  if (problem !== undefined) throw clientError('TOPIC_NAME_INVALID', problem, ReasonCode.topicNameInvalid);
  if (state.status === 'ended') throw state.reason ?? connectionClosed('the client was ended');
  // [MQTT-3.2.2-11]
  if (qos > (limits.maximumQoS ?? 2)) {
    const text = `the broker supports QoS up to ${limits.maximumQoS}, not ${qos}`;
    throw clientError('QOS_NOT_SUPPORTED', text, ReasonCode.qosNotSupported);
  }
  // [MQTT-3.2.2-14]
  if (retain && limits.retainAvailable === 0) {
    const text = 'the broker keeps no retained messages';
    throw clientError('RETAIN_NOT_SUPPORTED', text, ReasonCode.retainNotSupported);
  }
  const alias = properties?.topicAlias ?? 0;
  // [MQTT-3.2.2-17]
  if (alias > (limits.topicAliasMaximum ?? 0)) {
    const text = `the broker allows topic aliases up to ${limits.topicAliasMaximum ?? 0}, not ${alias}`;
    throw clientError('TOPIC_ALIAS_INVALID', text, ReasonCode.topicAliasInvalid);
  }
}

/** @throws {TypeError} what is neither text nor bytes */
export function bytesOf(payload: string | Uint8Array): Uint8Array {
  if (typeof payload === 'string') return encodeUtf8(payload);
  if (ArrayBuffer.isView(payload)) return payload;
  // A number would become as many zeros.
  throw new TypeError(`a payload is a string or a Uint8Array, not ${typeof payload}; JSON.stringify() makes one of it`);
}

/** A message as the queue keeps it. */
export function published(
  topic: string,
  payload: string | Uint8Array,
  { qos = 0, retain = false, properties }: PublishOptions,
): UndeliveredMessage {
  // A copy: the program may use its bytes again before they have left.
  const body = typeof payload === 'string' ? encodeUtf8(payload) : new Uint8Array(bytesOf(payload));
  return { topic, payload: body, qos, retain, properties };
}
