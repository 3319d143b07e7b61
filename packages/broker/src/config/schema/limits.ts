import { defaultLimits } from '@cauldron/core';
import { z } from 'zod';
import { bytes, choice, count, orElse, seconds, sections } from '../setting.ts';
import {
  connectTimeout,
  LARGEST_PACKET,
  MILLIARD,
  maxByteRate,
  maxConnections,
  maxConnectRate,
  maxConnectRatePerAddress,
  maxMessageRate,
  maxPacketSize,
  receiveMaximum,
  UINT16,
  UINT32,
} from './shared.ts';

/** What may wait in one session by default where it waits on the disk; in memory the core's own defaults hold. */
export const storedQueueLimits = { maxQueuedMessages: 1_000_000, maxQueuedBytes: 256 * 2 ** 20 } as const;

/** `[limits]` */
export const limits = z
  .strictObject({
    maxPacketSize: maxPacketSize.default(defaultLimits.maxPacketSize),
    maxConnectPacketSize: bytes(
      'Largest packet accepted before a client has connected; never more than `maxPacketSize`.',
      { min: 16, max: LARGEST_PACKET },
    ).default(defaultLimits.maxConnectPacketSize),
    maxControlPacketSize: bytes(
      'Largest packet that is no PUBLISH, since what it asks for is worked off in one go; a larger one ends the connection (0x95).',
      { min: 16, max: LARGEST_PACKET },
    ).default(defaultLimits.maxControlPacketSize),
    maxPropertiesSize: bytes('Largest properties of a PUBLISH; larger ones end the connection (0x95).', {
      min: 16,
      max: LARGEST_PACKET,
    }).default(defaultLimits.maxPropertiesSize),
    maxConnections: maxConnections.default(defaultLimits.maxConnections),
    connectTimeout: connectTimeout.default(defaultLimits.connectTimeout),
    maxSubscriptionsPerClient: count('Subscriptions one client may hold; a further one is refused in its SUBACK.', {
      min: 1,
      max: MILLIARD,
    }).default(defaultLimits.maxSubscriptionsPerClient),
    maxClientIdLength: bytes('Longest client identifier, in bytes of UTF-8; a longer one is refused (0x85).', {
      min: 23,
      max: UINT16,
    }).default(defaultLimits.maxClientIdLength),
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
    maxRetainedBytes: bytes('Bytes of all retained messages; one that does not fit is refused like one too many.', {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }).default(defaultLimits.maxRetainedBytes),
    maxRetainedPerClient: count('Retained messages that one client identifier published; a further one is refused.', {
      min: 0,
      max: MILLIARD,
    }).default(defaultLimits.maxRetainedPerClient),
    maxSubscriptions: count('Subscriptions of all clients; a further one is refused in its SUBACK.', {
      min: 1,
      max: MILLIARD,
    }).default(defaultLimits.maxSubscriptions),
    maxSessions: count(
      'Sessions, those whose clients are away included; a client that needs a further one is refused.',
      {
        min: 1,
        max: MILLIARD,
      },
    ).default(defaultLimits.maxSessions),
    maxHalfOpen: count(
      'Connections whose CONNECT, or next step of a login, has not come yet; one more closes the one that has waited longest.',
      {
        min: 1,
        max: 10_000_000,
      },
    ).default(defaultLimits.maxHalfOpen),
    maxConnectRate: maxConnectRate.default(defaultLimits.maxConnectRate),
    maxConnectRatePerAddress: maxConnectRatePerAddress.default(defaultLimits.maxConnectRatePerAddress),
    maxMessageRate: maxMessageRate.default(defaultLimits.maxMessageRate),
    maxByteRate: maxByteRate.default(defaultLimits.maxByteRate),
    rateGrace: seconds(
      'How long a client may go on sending more than `maxMessageRate` or `maxByteRate` before it is disconnected with 0x96.',
      { min: 0, max: UINT32, whole: false },
    ).default(defaultLimits.rateGrace),
    maxReconnects: count(
      'Times one client identifier may connect within `reconnectWindow`; 0 = any number. Then it is banned: refused for `banTime`.',
      { min: 0, max: MILLIARD },
    ).default(defaultLimits.maxReconnects),
    reconnectWindow: seconds('The time in which `maxReconnects` counts.', {
      min: 1,
      max: UINT32,
      whole: false,
    }).default(defaultLimits.reconnectWindow),
    banTime: seconds('How long the first ban lasts; each further one lasts twice as long.', {
      min: 0,
      max: UINT32,
      whole: false,
    }).default(defaultLimits.banTime),
    banTimeMaximum: seconds('The longest a ban lasts, however often it was earned.', {
      min: 0,
      max: UINT32,
      whole: false,
    }).default(defaultLimits.banTimeMaximum),
    maxMemory: orElse(
      bytes(
        'Memory that what the broker holds may take. Near it load is shed, QoS 0 messages first, and the broker says so in the log ' +
          'and in its health.',
        { min: 64 * 2 ** 20, max: Number.MAX_SAFE_INTEGER },
      ),
      'three quarters of the memory that the machine, or its container, has',
    ),
  })
  .register(sections, { help: 'What one client, one session and the whole broker may take up.' })
  .prefault({});
