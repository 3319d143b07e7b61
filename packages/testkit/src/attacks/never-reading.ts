import type { QoS } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { subscribe } from './packets.ts';

export interface NeverReadingOptions extends AttackOptions {
  /** What it subscribes to. Default `#`. */
  readonly filter?: string;
  readonly qos?: QoS;
}

/** Subscribes, and from then on reads nothing. An action is a PINGREQ, which keeps it alive. */
export function neverReading(target: AttackTarget, options: NeverReadingOptions = {}): Attack {
  const { filter = '#', qos = 0 } = options;
  const assault = new Assault(target, planOf({ rate: 10, clients: 10 }, options));
  return assault.crew((client) => {
    client.step += 1;
    if (client.step > 1) {
      client.write(Uint8Array.of(0xc0, 0));
      return;
    }
    client.send(subscribe([filter], qos));
    client.socket.pause();
  });
}
