import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

/**
 * Connects, and closes as soon as it is connected, without a byte. An action is a connection; `clients` bounds how many
 * are being made at the same time.
 */
export function connectionFlood(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 0, clients: 64 }, options));
  return assault.run(() => {
    if (assault.size >= assault.plan.clients) return false;
    const client = assault.open();
    client.socket.once('connect', () => void client.destroy());
    return true;
  });
}
