import type { PublishResult } from '@cauldron/client';
import { MqttError } from '@cauldron/protocol';

/** The reason code that a broker answered a QoS 1 or 2 publish with, also where it refused it. */
export async function reasonCodeOf(publish: Promise<PublishResult>): Promise<number> {
  try {
    return (await publish).reasonCode;
  } catch (error) {
    if (error instanceof MqttError && error.code === 'PUBLISH_REFUSED') return error.reasonCode;
    throw error;
  }
}
