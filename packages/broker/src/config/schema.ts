/**
 * The whole configuration as one schema. Types, defaults, validation, `docs/configuration.md`, `cauldron config example`
 * and the names of environment variables are all read from it, so a new setting is written here and nowhere else.
 */
import { defaultDurability, defaultLimits, defaultMqttOptions } from '@cauldron/core';
import { z } from 'zod';
import {
  absences,
  bytes,
  choice,
  count,
  flag,
  host,
  optionalText,
  seconds,
  sections,
  text,
  topicFilter,
} from './setting.ts';

/** Where `cauldron broker` keeps its data when nothing says otherwise, in the working directory. */
export const DEFAULT_DATA_DIRECTORY = 'cauldron-data';

/** What may wait in one session by default where it waits on the disk; in memory the core's own defaults hold. */
export const storedQueueLimits = { maxQueuedMessages: 1_000_000, maxQueuedBytes: 256 * 2 ** 20 } as const;

/** Fixed header of the largest packet (1 byte of type, 4 of length) and the largest remaining length (section 2.1.4). */
const LARGEST_PACKET = 5 + 268_435_455;
const UINT16 = 65_535;
const UINT32 = 4_294_967_295;
const MILLIARD = 1_000_000_000;

const maxPacketSize = bytes(
  'Largest packet accepted from a client. It counts the whole packet, header included (MQTT 5.0, 3.1.2.11.4): ' +
    'the largest remaining length the protocol can write is 268435455, which makes 268435460 bytes.',
  { min: 16, max: LARGEST_PACKET },
);
const maxConnections = count('Connections at the same time; one more is refused.', { min: 1, max: 10_000_000 });
const connectTimeout = seconds('How long a new connection may take to send its CONNECT before it is closed.', {
  min: 0.01,
  max: 3600,
  whole: false,
});
const receiveMaximum = count(
  'QoS 1 and 2 messages one client may send before they are acknowledged (Receive Maximum).',
  { min: 1, max: UINT16 },
);
const topicAliasMaximum = count('Topic aliases a client may use when it publishes; 0 = none (MQTT 5.0).', {
  min: 0,
  max: UINT16,
});
const serverKeepAlive = seconds('Keep alive that MQTT 5.0 clients are told to use; 0 = what the client asks for.', {
  min: 0,
  max: UINT16,
});

const ack = choice(
  'When a message with QoS 1 or 2 is acknowledged, where a store keeps messages: "disk" = once every session and ' +
    'retained message it belongs to is on the disk; "memory" = at once, and a crash may lose it.',
  ['disk', 'memory'],
);

/** A value that may be left out, with what holds then. */
function orElse<T extends z.ZodType>(schema: T, absent: string): z.ZodOptional<T> {
  const optional = schema.optional();
  absences.add(optional, { absent });
  return optional;
}

/** A listener's own value of something set for all elsewhere. */
const own = <T extends z.ZodType>(schema: T, from: string): z.ZodOptional<T> => orElse(schema, `\`${from}\``);

const listener = z.strictObject({
  name: orElse(text('Name in logs and events.', 'text', 'local'), 'its address'),
  host: host(
    'Address to listen on. Only this machine can reach 127.0.0.1 and ::1; 0.0.0.0 means all IPv4 addresses, :: all IPv6 ones, and ' +
      'whoever reaches the port may do anything, because there is no authentication yet.',
  ).default('127.0.0.1'),
  port: count('TCP port; 0 = any free one.', { min: 0, max: UINT16 }).default(1883),
  maxConnections: own(maxConnections, 'limits.maxConnections'),
  maxPacketSize: own(maxPacketSize, 'limits.maxPacketSize'),
  connectTimeout: own(connectTimeout, 'limits.connectTimeout'),
  receiveMaximum: own(receiveMaximum, 'limits.receiveMaximum'),
  topicAliasMaximum: own(topicAliasMaximum, 'mqtt.topicAliasMaximum'),
  serverKeepAlive: own(serverKeepAlive, 'mqtt.serverKeepAlive'),
  ack: own(ack, 'data.ack'),
});

const listeners = z
  .array(listener)
  .min(1)
  .superRefine((list, context) => {
    const addresses = new Map<string, number>();
    const names = new Map<string, number>();
    list.forEach((one, index) => {
      if (one.port !== 0) refuseTwice(`${one.host} port ${one.port}`, addresses, index, 'port', context);
      if (one.name !== undefined) refuseTwice(one.name, names, index, 'name', context);
    });
  })
  .register(sections, {
    help:
      'Where clients connect: one `[[listeners]]` table each. Whoever names one replaces both default listeners. ' +
      'A listener may have its own value of some limits; otherwise those of the sections below hold.',
  })
  .default([
    { host: '127.0.0.1', port: 1883 },
    { host: '::1', port: 1883 },
  ]);

function refuseTwice(
  what: string,
  seen: Map<string, number>,
  index: number,
  key: string,
  context: z.RefinementCtx,
): void {
  const first = seen.get(what);
  if (first === undefined) seen.set(what, index);
  else {
    const message = `${what} is already taken by listeners[${first}]; give each listener its own ${key}`;
    context.addIssue({ code: 'custom', path: [index, key], message, params: { explains: true } });
  }
}

const limits = z
  .strictObject({
    maxPacketSize: maxPacketSize.default(defaultLimits.maxPacketSize),
    maxConnectPacketSize: bytes(
      'Largest packet accepted before a client has connected; never more than `maxPacketSize`.',
      { min: 16, max: LARGEST_PACKET },
    ).default(defaultLimits.maxConnectPacketSize),
    maxConnections: maxConnections.default(defaultLimits.maxConnections),
    connectTimeout: connectTimeout.default(defaultLimits.connectTimeout),
    maxSubscriptionsPerClient: count('Subscriptions one client may hold; a further one is refused in its SUBACK.', {
      min: 1,
      max: MILLIARD,
    }).default(defaultLimits.maxSubscriptionsPerClient),
    maxTopicLength: bytes('Longest topic name or filter, in bytes of UTF-8.', { min: 1, max: UINT16 }).default(
      defaultLimits.maxTopicLength,
    ),
    maxTopicLevels: count('Levels (parts between slashes) a topic name or filter may have.', {
      min: 1,
      max: UINT16 + 1,
    }).default(defaultLimits.maxTopicLevels),
    maxQueuedMessages: orElse(
      count('Messages that may wait in one session, for a client that is slow or away.', { min: 0, max: MILLIARD }),
      `\`${storedQueueLimits.maxQueuedMessages}\` where they wait on the disk, \`${defaultLimits.maxQueuedMessages}\` in memory`,
    ),
    maxQueuedBytes: orElse(
      bytes('Bytes of messages that may wait in one session.', { min: 0, max: Number.MAX_SAFE_INTEGER }),
      `\`${storedQueueLimits.maxQueuedBytes}\` (256 MiB) where they wait on the disk, \`${defaultLimits.maxQueuedBytes}\` (64 MiB) in memory`,
    ),
    maxQueuedAge: seconds(
      'How long a message may wait in a session before it is dropped; 0 = as long as the session lives.',
      { min: 0, max: UINT32 },
    ).default(defaultLimits.maxQueuedAge),
    queueFull: choice(
      'What happens to a message for a session whose queue is full. "drop-newest": that session does not get it. ' +
        '"drop-oldest": it takes the place of the one that has waited longest. "refuse": nobody gets it, and its ' +
        'publisher is told 0x97 where it can be (MQTT 5.0, QoS 1 and 2).',
      ['drop-newest', 'drop-oldest', 'refuse'],
    ).default(defaultLimits.queueFull),
    maxInflight: count(
      'QoS 1 and 2 messages on their way to one client and not yet acknowledged; its Receive Maximum lowers this further.',
      { min: 1, max: UINT16 },
    ).default(defaultLimits.maxInflight),
    receiveMaximum: receiveMaximum.default(defaultLimits.receiveMaximum),
    maxOutboundBytes: bytes(
      'Unsent bytes a connection may hold; above that QoS 0 messages for it are dropped and counted, QoS 1 and 2 wait ' +
        'in its session. A client whose answers pile up beyond it as well is not read from until it has taken them.',
      { min: 1024, max: Number.MAX_SAFE_INTEGER },
    ).default(defaultLimits.maxOutboundBytes),
    maxRetainedMessages: count(
      'Retained messages the broker keeps. One for a further topic is refused with 0x97 where its publisher can be told (MQTT 5.0, QoS 1 and 2); otherwise it goes out live and is not kept.',
      {
        min: 0,
        max: MILLIARD,
      },
    ).default(defaultLimits.maxRetainedMessages),
  })
  .register(sections, { help: 'What one client, one session and the whole broker may take up.' })
  .prefault({});

const mqtt = z
  .strictObject({
    maximumQoS: choice('Highest QoS a client may publish with and is granted.', [0, 1, 2]).default(
      defaultMqttOptions.maximumQoS,
    ),
    retainAvailable: flag('Clients may publish retained messages.').default(defaultMqttOptions.retainAvailable),
    wildcardSubscriptions: flag('Clients may subscribe with + and #.').default(
      defaultMqttOptions.wildcardSubscriptions,
    ),
    sharedSubscriptions: flag('Clients may share a subscription ($share/group/filter).').default(
      defaultMqttOptions.sharedSubscriptions,
    ),
    subscriptionIdentifiers: flag('Clients may number their subscriptions (MQTT 5.0).').default(
      defaultMqttOptions.subscriptionIdentifiers,
    ),
    topicAliasMaximum: topicAliasMaximum.default(defaultMqttOptions.topicAliasMaximum),
    serverKeepAlive: serverKeepAlive.default(defaultMqttOptions.serverKeepAlive),
    sessionExpiryMaximum: seconds(
      'How long a session may outlive its connection. MQTT 5.0 clients that ask for more are told this; the persistent ' +
        'sessions of 3.1 and 3.1.1 clients, which cannot ask, live this long too. 4294967295 = for ever.',
      { min: 0, max: UINT32 },
    ).default(defaultMqttOptions.sessionExpiryMaximum),
    queueQos0: flag('Keep QoS 0 messages too for sessions whose client is away.').default(defaultMqttOptions.queueQos0),
    responseInformation: optionalText(
      'Sent to MQTT 5.0 clients that request response information; `%c` stands for the client identifier. Empty = none.',
      'text, for example "replies/%c"',
      'replies/%c',
    ).default(defaultMqttOptions.responseInformation),
  })
  .register(sections, { help: 'What of MQTT the broker offers.' })
  .prefault({});

const sys = z
  .strictObject({
    interval: seconds('How often the values under $SYS/broker are published; 0 = never.', {
      min: 0,
      max: 86_400,
      whole: false,
    }).default(10),
  })
  .register(sections, { help: "The broker's own values, as retained messages under $SYS." })
  .prefault({});

const log = z
  .strictObject({
    level: choice('What is logged: this and everything graver.', ['silent', 'error', 'warn', 'info', 'debug']).default(
      'info',
    ),
    format: choice('Lines for people, or one JSON object a line for machines.', ['text', 'json']).default('text'),
  })
  .register(sections, { help: 'What the broker says on standard error.' })
  .prefault({});

const topicAck = z.strictObject({
  filter: topicFilter('Topic filter of the messages that `ack` is for.', 'sensors/#'),
  ack,
});

const data = z
  .strictObject({
    directory: orElse(
      text(
        'Folder of the durable store, made if it is not there; one broker at a time. Sessions, their messages and ' +
          'retained messages are kept in it. A relative path starts at the working directory.',
        'a path',
        '/var/lib/cauldron',
      ),
      `\`"${DEFAULT_DATA_DIRECTORY}"\` for \`cauldron broker\`; none, everything in memory, in a program`,
    ),
    memory: flag(
      'Keep everything in memory, whatever `directory` says: nothing is written, and nothing outlives the broker.',
    ).default(false),
    ack: ack.default(defaultDurability.ack.default),
    restartWillDelay: seconds(
      'How long after a start the will of a client is held back whose connection ended with the broker: it may ' +
        'come back meanwhile, and its will is then not published.',
      { min: 0, max: 86_400 },
    ).default(defaultDurability.restartWillDelay),
    topics: z
      .array(topicAck)
      .register(sections, {
        help:
          'An `ack` of their own for some topics: one `[[data.topics]]` table each, in the order they are tried; the first ' +
          "`filter` that matches decides, before a listener's own `ack`.",
      })
      .default([]),
  })
  .register(sections, { help: 'Where sessions and messages are kept, and what an acknowledgement promises.' })
  .prefault({});

/** The schema. */
export const configSchema = z.strictObject({ listeners, limits, mqtt, sys, log, data });

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

/** The configuration with every default filled in, frozen. Sizes are in bytes, times in seconds. */
export type Config = Immutable<z.output<typeof configSchema>>;

/** What a user writes: everything may be left out; sizes and times may be text such as `"16 MiB"` and `"30 d"`. */
export type ConfigInput = Immutable<z.input<typeof configSchema>>;

/** One entry of `listeners`. */
export type ListenerConfig = Config['listeners'][number];

export type LogLevel = Config['log']['level'];
export type LogFormat = Config['log']['format'];
