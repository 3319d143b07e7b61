import { closest } from '../config/spelling.ts';
import {
  isObject,
  LineProblem,
  listOf,
  objectOf,
  optional,
  readObject,
  required,
  type Shape,
  show,
  type Values,
  whole,
} from './fields.ts';
import {
  clientId,
  flag,
  identifiers,
  messageNumber,
  packetId,
  qos,
  seconds,
  text,
  time,
  topicFilter,
  topicName,
} from './kinds.ts';
import { contentFields, publishedFields } from './message-json.ts';

/** The first line's `cauldron`. */
export const EXPORT_NAME = 'store-export';
/** The version of the format that is written, and the highest that is read. */
export const EXPORT_VERSION = 1;
/** A session that never ends. */
export const FOR_EVER = 4_294_967_295;

const exportName = {
  name: 'text',
  takes: `"${EXPORT_NAME}"`,
  read: (value: unknown) => (value === EXPORT_NAME ? EXPORT_NAME : undefined),
} as const;

export const headerFields = {
  cauldron: required(exportName, 'what the file is'),
  version: required(whole(1, Number.MAX_SAFE_INTEGER), `version of the format: ${EXPORT_VERSION}`),
  writtenBy: optional(text, 'not said', 'the program that wrote it'),
};

export const willFields = {
  ...contentFields,
  qos: optional(qos, '0', 'the QoS to publish it with'),
  retain: optional(flag, 'false', 'whether it is kept as a retained message'),
  willDelayInterval: optional(seconds, '0', 'how long it waits after the end of the connection'),
};

export const sentFields = {
  packetId: required(packetId, 'the packet identifier it was sent with'),
  message: optional(messageNumber, 'required unless `released`', '`id` of its message'),
  qos: optional(qos, "its message's", 'the QoS it was sent with, 1 or 2'),
  retain: optional(flag, 'false', 'the retain flag it was sent with'),
  subscriptionIdentifiers: optional(identifiers, 'none', 'those it was sent with'),
  released: optional(flag, 'false', 'QoS 2: the client has the message (PUBREC), and PUBCOMP is still to come'),
};

/** The lines by their `type`, with their keys beside it. */
export const lineShapes = {
  session: {
    clientId: required(clientId, 'whose session it is'),
    username: optional(text, "anybody's", 'the user it belongs to: nobody else may open it'),
    sessionExpiryInterval: optional(seconds, `${FOR_EVER} = for ever`, 'how long it outlives its connection'),
    connected: optional(flag, 'false', 'a client had it: its connection counts as broken when a broker starts'),
    endsAt: optional(time, '`sessionExpiryInterval` after the import, unless connected', 'when it ends'),
    will: optional(
      objectOf(willFields, 'an object; see below'),
      'none',
      'the message to publish if the client stays away',
    ),
    willDueAt: optional(time, 'not waiting', 'when the will of a session that is away is published'),
  },
  subscription: {
    clientId: required(clientId, 'the session it belongs to'),
    filter: required(topicFilter, 'as the client wrote it, `$share/GROUP/` included'),
    qos: required(qos, 'the QoS that was granted'),
    noLocal: optional(flag, 'false', "not the client's own messages"),
    retainAsPublished: optional(flag, 'false', 'forward the retain flag as it was published'),
    subscriptionIdentifiers: optional(identifiers, 'none', 'a list of one'),
    retainedOwed: optional(flag, 'false', 'the retained messages that match are still to be sent'),
  },
  message: {
    id: required(messageNumber, 'a number of your own, by which later lines refer to it'),
    ...contentFields,
    qos: required(qos, 'the QoS it was published with'),
    retain: optional(flag, 'false', 'the retain flag it was published with'),
    ...publishedFields,
  },
  queued: {
    clientId: required(clientId, 'the session in whose queue it waits, behind the ones of the lines before'),
    message: required(messageNumber, '`id` of its message'),
    qos: optional(qos, "its message's", 'the QoS to deliver it with'),
    retain: optional(flag, 'false', 'the retain flag to deliver it with'),
    subscriptionIdentifiers: optional(identifiers, 'none', 'those to deliver it with'),
  },
  inflight: {
    clientId: required(clientId, 'the session it belongs to: one such line for a session'),
    sent: optional(
      listOf(objectOf(sentFields, 'an object; see below'), 'a list'),
      'none',
      'messages sent to the client and not acknowledged, in the order they were first sent',
    ),
    received: optional(
      listOf(packetId, 'a list of packet identifiers'),
      'none',
      'packet identifiers of QoS 2 messages that came from the client, between PUBLISH and PUBREL',
    ),
  },
  retained: {
    message: optional(messageNumber, 'none', '`id` of its message, in place of the keys of a message'),
    publisher: optional(clientId, 'none', 'the client that published it'),
    ...contentFields,
    topic: optional(topicName, 'required without `message`', 'where it was published'),
    qos: optional(qos, '0', 'the QoS it was published with'),
    retain: optional(flag, 'true', 'the retain flag it was published with'),
    ...publishedFields,
  },
  end: {
    lines: optional(
      whole(0, Number.MAX_SAFE_INTEGER),
      'not checked',
      'how many lines stand between the first line and this one',
    ),
  },
} satisfies Readonly<Record<string, Shape>>;

type Shapes = typeof lineShapes;
export type LineType = keyof Shapes;

/** The line of a type as it is read. */
export type LineOf<T extends LineType> = { readonly type: T } & Values<Shapes[T]>;

/** A line as it is read. */
export type Line =
  | { [T in LineType]: LineOf<T> }[LineType]
  | ({ readonly type: 'header' } & Values<typeof headerFields>);

/**
 * Reads one line.
 *
 * @throws {LineProblem} saying what is wrong with it
 */
export function readLine(json: string): Line {
  const value = parse(json);
  if (!isObject(value)) throw new LineProblem(`${show(value)} is not an object such as {"type":"retained", ...}`);
  if (Object.hasOwn(value, 'cauldron')) return readHeader(value);
  const { type, ...rest } = value;
  const known = Object.keys(lineShapes);
  if (typeof type !== 'string' || !Object.hasOwn(lineShapes, type)) {
    const meant = typeof type === 'string' ? closest(type, known) : undefined;
    const what = type === undefined ? '"type" is missing' : `${show(type)} is no type of a line`;
    throw new LineProblem(
      `${what}; ${meant === undefined ? `there are ${known.join(', ')}` : `did you mean "${meant}"?`}`,
    );
  }
  return { type, ...readObject(lineShapes[type as LineType], rest) } as Line;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new LineProblem(`this is no JSON: ${(error as Error).message}`);
  }
}

function readHeader(value: Record<string, unknown>): Line {
  const { version } = value;
  // A later version may have keys that are unknown here: that it is a later one is what has to be said.
  if (typeof version === 'number' && version > EXPORT_VERSION) {
    throw new LineProblem(
      `the file has version ${version} of the format, and this Cauldron reads up to ${EXPORT_VERSION}: import it with the version that wrote it, or a later one`,
    );
  }
  return { type: 'header', ...readObject(headerFields, value) };
}
