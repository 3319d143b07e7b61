import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

/**
 * Leaves sessions behind that never expire, each with a client identifier of its own. An action is a connection;
 * `clients` bounds how many are open.
 */
export function sessionBomb(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 0, clients: 32 }, options));
  const { random, plan } = assault;
  return assault.run(() => {
    if (assault.size >= plan.clients) return false;
    const properties = { sessionExpiryInterval: 0xffffffff };
    const client = assault.login({ clientId: `${plan.name}-${random.next()}`, cleanStart: false, properties });
    client.onPacket = () => void client.socket.end();
    return true;
  });
}
