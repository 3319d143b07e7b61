import { randomInt, randomUUID } from 'node:crypto';
import { type CoreOptions, defaultLimits } from '@cauldron/core';
import type { Config } from '../config/index.ts';
import { storedQueueLimits } from '../config/schema.ts';
import { defined } from './defined.ts';

/**
 * How many topics' matches are kept. Enough that a broker whose every device has its own topic matches few of them twice;
 * a topic takes some 300 bytes, and only those published to take any.
 */
const TOPIC_CACHE = 131_072;

/** What the configuration says of the core. @param stores whether what is kept goes to a disk */
export function coreOptionsOf(config: Config, stores: boolean): CoreOptions {
  const { maxMemory: _theMonitors, ...limits } = config.limits;
  return {
    limits: { ...defaultLimits, ...(stores ? storedQueueLimits : {}), ...defined(limits) },
    mqtt: config.mqtt,
    ack: { default: config.data.ack, topics: config.data.topics },
    restartWillDelay: config.data.restartWillDelay,
    topicCacheSize: TOPIC_CACHE,
    hashSeed: randomInt(0, 2 ** 32),
    newClientId: () => `auto-${randomUUID()}`, // [MQTT-3.2.2-16]
  };
}
