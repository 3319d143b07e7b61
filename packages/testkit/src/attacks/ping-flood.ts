import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

/** PINGREQs in one write. */
const TOGETHER = 1000;

export interface PingFloodOptions extends AttackOptions {
  /** Never reads the answers. Default false. */
  readonly deaf?: boolean;
}

/** PINGREQs as fast as they go out. An action is a thousand of them. */
export function pingFlood(target: AttackTarget, options: PingFloodOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 0, clients: 2 }, options));
  const pings = new Uint8Array(2 * TOGETHER);
  for (let at = 0; at < pings.length; at += 2) pings[at] = 0xc0;
  return assault.crew((client) => {
    if (options.deaf === true) client.socket.pause();
    client.write(pings);
  });
}
