import { encodePacket, type Packet, PacketType } from '@cauldron/protocol';
import type { Random } from '../simulation/random.ts';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import { publish, subscribe } from './packets.ts';

/** Logs in, sends good packets with a few bytes changed, and comes again when it is thrown out. An action is one packet. */
export function fuzz(target: AttackTarget, options: AttackOptions = {}): Attack {
  const assault = new Assault(target, planOf({ rate: 2000, clients: 8 }, options));
  const { random, plan } = assault;
  return assault.crew((client) => {
    const bytes = encodePacket(random.pick(kinds)(random, plan.name), plan.version).slice();
    client.write(corrupted(bytes, random));
  });
}

/** With up to three bytes changed, cut short, or with bytes of another kind behind it; one of four as it was. */
function corrupted(bytes: Uint8Array, random: Random): Uint8Array {
  for (let changes = random.below(4); changes > 0; changes -= 1) bytes[random.below(bytes.length)] = random.below(256);
  if (random.chance(10)) return bytes.subarray(0, random.below(bytes.length));
  return bytes;
}

const kinds: readonly ((random: Random, name: string) => Packet)[] = [
  (random, name) => publish(`${name}/${random.below(10)}`, { qos: 1, packetId: 1 + random.below(10) }),
  (random, name) => publish(`${name}/${random.below(10)}`, { qos: 2, packetId: 1 + random.below(10) }),
  (random, name) => publish(name, { retain: true, properties: { userProperties: [['a', `${random.next()}`]] } }),
  (random, name) => publish(name, { properties: { topicAlias: 1 + random.below(64), contentType: 'text/plain' } }),
  (random, name) => subscribe([`${name}/${random.below(10)}`, `${name}/+`], 1),
  (random, name) => subscribe([`$share/g/${name}/${random.below(10)}`], 2, { subscriptionIdentifiers: [7] }),
  (random, name) => ({ type: PacketType.unsubscribe, packetId: 9, filters: [`${name}/${random.below(10)}`] }),
  (random) => ({ type: PacketType.pubrel, packetId: 1 + random.below(10), reasonCode: 0 }),
  (random) => ({ type: PacketType.puback, packetId: 1 + random.below(10), reasonCode: 0 }),
  (random) => ({ type: PacketType.pubrec, packetId: 1 + random.below(10), reasonCode: 0 }),
  () => ({ type: PacketType.pingreq }),
  () => ({ type: PacketType.auth, reasonCode: 0x19, properties: { authenticationMethod: 'none' } }),
  () => ({ type: PacketType.disconnect, reasonCode: 0, properties: { sessionExpiryInterval: 5 } }),
];
