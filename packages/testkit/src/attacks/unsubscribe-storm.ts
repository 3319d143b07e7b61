import { PacketType } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { subscribe } from './packets.ts';

export interface UnsubscribeStormOptions extends AttackOptions {
  /** Filters in one packet. Default 500. */
  readonly filters?: number;
}

/** Subscribes to wildcards that cover everything and takes that back, packet by packet. An action is one packet. */
export function unsubscribeStorm(target: AttackTarget, options: UnsubscribeStormOptions = {}): Attack {
  const { filters: count = 500 } = options;
  const assault = new Assault(target, planOf({ rate: 0, clients: 2 }, options));
  const filters = Array.from({ length: count }, (_, number) => `+/${assault.plan.name}-${number}/#`);
  return assault.crew((client) => {
    client.step += 1;
    if (client.step % 2 === 1) client.send(subscribe(filters));
    else client.send({ type: PacketType.unsubscribe, packetId: 2, filters });
  });
}
