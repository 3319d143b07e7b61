import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

/**
 * Connects with one client identifier again and again, so that each connection ends the one before. An action is a
 * connection; `clients` bounds how many are open.
 */
export function takeOverStorm(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 200, clients: 32 }, options));
  return assault.run(() => {
    if (assault.size >= assault.plan.clients) return false;
    const client = assault.login({ clientId: assault.plan.name });
    client.onPacket = (packet) => {
      if (packet.type === 14) void client.destroy();
    };
    return true;
  });
}
