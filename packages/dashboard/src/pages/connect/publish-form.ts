import type { PublishOptions } from '@cauldron/client';
import { type QoS, topicNameProblem } from '@cauldron/protocol';
import { type Pair, propertiesOf, type QosText, sentence, wholeNumber } from './connection-form.ts';
import { fromHex } from './payload.ts';

/** What the user wants to publish. */
export interface PublishForm {
  readonly topic: string;
  readonly payload: string;
  /** How `payload` is written. */
  readonly as: 'text' | 'hex';
  readonly qos: QosText;
  readonly retain: boolean;
  readonly contentType: string;
  readonly responseTopic: string;
  readonly correlationData: string;
  /** Seconds. */
  readonly expiry: string;
  readonly userProperties: readonly Pair[];
}

export type PublishErrors = Partial<Record<'topic' | 'payload' | 'responseTopic' | 'expiry', string>>;

export const EMPTY_PUBLISH: PublishForm = {
  topic: '',
  payload: '',
  as: 'text',
  qos: '0',
  retain: false,
  contentType: '',
  responseTopic: '',
  correlationData: '',
  expiry: '',
  userProperties: [],
};

export interface ReadyToPublish {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly options: PublishOptions;
}

/** The message to publish; or what is wrong with the form. */
export function readPublish(form: PublishForm): ReadyToPublish | { readonly errors: PublishErrors } {
  const bytes = form.as === 'hex' ? fromHex(form.payload) : undefined;
  const expiry = wholeNumber(form.expiry, 0xffffffff);
  const errors: PublishErrors = {};
  const topic = form.topic === '' ? 'write a topic, such as workshop/hello' : topicNameProblem(form.topic);
  if (topic !== undefined) errors.topic = sentence(topic);
  if (bytes === null) errors.payload = 'Write two hexadecimal digits for each byte: 0a ff 00.';
  const response = form.responseTopic === '' ? undefined : topicNameProblem(form.responseTopic);
  if (response !== undefined) errors.responseTopic = sentence(response);
  if (expiry === null) errors.expiry = 'Write seconds from 0 to 4294967295, or leave it empty.';
  if (Object.keys(errors).length > 0) return { errors };
  const properties = {
    ...(form.contentType !== '' && { contentType: form.contentType }),
    ...(form.responseTopic !== '' && { responseTopic: form.responseTopic }),
    ...(form.correlationData !== '' && { correlationData: new TextEncoder().encode(form.correlationData) }),
    ...(typeof expiry === 'number' && { messageExpiryInterval: expiry }),
    ...propertiesOf(form.userProperties),
  };
  return {
    topic: form.topic,
    payload: bytes ?? form.payload,
    options: {
      qos: Number(form.qos) as QoS,
      retain: form.retain,
      ...(Object.keys(properties).length > 0 && { properties }),
    },
  };
}
