import type { QoS } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { packetIdAfter, publish } from './packets.ts';

export interface RetainedBombOptions extends AttackOptions {
  /** Bytes. Default 1024. */
  readonly payload?: number;
  /** Default 1: the refusal is heard. */
  readonly qos?: QoS;
}

/** Retains a message at one topic after the other. An action is one publish. */
export function retainedBomb(target: AttackTarget, options: RetainedBombOptions = {}): Attack {
  const { payload: size = 1024, qos = 1 } = options;
  const assault = new Assault(target, planOf({ rate: 0, clients: 1 }, options));
  const payload = new Uint8Array(size).fill(0x61);
  let made = 0;
  return assault.crew((client) => {
    client.step = packetIdAfter(client.step);
    made += 1;
    const packetId = qos === 0 ? 0 : client.step;
    client.send(publish(`${assault.plan.name}/${made}`, { payload, qos, packetId, retain: true }));
  });
}
