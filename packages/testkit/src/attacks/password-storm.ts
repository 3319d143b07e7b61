import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

export interface PasswordStormOptions extends AttackOptions {
  /** User names it guesses at. Default: a new one each time. */
  readonly users?: readonly string[];
}

/**
 * Logs in with wrong passwords, `clients` logins at the same time. An action is one login.
 */
export function passwordStorm(target: AttackTarget, options: PasswordStormOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 0, clients: 50 }, options));
  const { random, plan } = assault;
  return assault.run(() => {
    if (assault.size >= plan.clients) return false;
    const username = options.users === undefined ? `${plan.name}-${random.next()}` : random.pick(options.users);
    const password = new TextEncoder().encode(`guess-${random.next()}`);
    const client = assault.login({ username, password });
    client.onPacket = () => void client.socket.end();
    return true;
  });
}
