import { encodePacket, type QoS } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { packetIdAfter, publish } from './packets.ts';

export interface PublishFloodOptions extends AttackOptions {
  /** Default 0. */
  readonly qos?: QoS;
  /** Bytes. Default 16. */
  readonly payload?: number;
  /** Default: one of its own. */
  readonly topic?: string;
  /** PUBLISH packets in one write. Default 50. */
  readonly together?: number;
}

/** Publishes to one topic as fast as it goes out. An action is one write of several publishes. */
export function publishFlood(target: AttackTarget, options: PublishFloodOptions = {}): Attack {
  const { qos = 0, payload: size = 16, together = 50 } = options;
  const assault = new Assault(target, planOf({ rate: 0, clients: 2 }, options));
  const { plan } = assault;
  const payload = new Uint8Array(size).fill(0x70);
  const topic = options.topic ?? `${plan.name}/flood`;
  return assault.crew((client) => {
    const packets: Uint8Array[] = [];
    for (let count = 0; count < together; count += 1) {
      client.step = packetIdAfter(client.step);
      packets.push(encodePacket(publish(topic, { payload, qos, packetId: qos === 0 ? 0 : client.step }), plan.version));
    }
    client.write(Buffer.concat(packets));
  });
}
