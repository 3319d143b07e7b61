import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { publish, subscribe } from './packets.ts';

/** As long as a topic can be: of one level, and of 32,768. */
const longest = (first: string): string => first + 'x'.repeat(65_534);
const deepest = (first: string): string => `${first}${'/'.repeat(32_767)}${'y'.repeat(32_767)}`;
const deepestFilter = (first: string): string => `${first}${'/+'.repeat(32_766)}/#`;

/**
 * Publishes and subscribes to topics of 65,535 bytes and of 32,768 levels. An action is one packet; a client whose
 * connection was ended for it comes again.
 */
export function longTopics(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 100, clients: 4 }, options));
  const { random } = assault;
  return assault.crew((client) => {
    const first = String.fromCharCode(97 + random.below(26));
    const topic = random.chance(50) ? longest(first) : deepest(first);
    if (random.chance(50)) client.send(subscribe([random.chance(50) ? deepestFilter(first) : topic]));
    else client.send(publish(topic, { retain: random.chance(20) }));
  });
}
