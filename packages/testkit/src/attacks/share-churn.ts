import { PacketType } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { publish, subscribe } from './packets.ts';

/** Share groups that are joined and left. */
const GROUPS = 50;

/**
 * Joins and leaves share groups of one busy topic while it publishes to it. An action is one packet.
 */
export function shareChurn(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 2000, clients: 10 }, options));
  const { random, plan } = assault;
  const topic = `${plan.name}/shared`;
  return assault.crew((client) => {
    const filter = `$share/group-${random.below(GROUPS)}/${random.chance(50) ? topic : `${plan.name}/+`}`;
    const what = random.below(3);
    if (what === 0) client.send(subscribe([filter], 1));
    else if (what === 1) client.send({ type: PacketType.unsubscribe, packetId: 2, filters: [filter] });
    else client.send(publish(topic));
  });
}
