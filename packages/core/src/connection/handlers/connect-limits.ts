import { type ConnectPacket, ReasonCode, utf8Length } from '@cauldron/protocol';
import type { Refusal } from '../../ports.ts';
import type { Connection } from '../connection.ts';

/** Whether its client came too often of late. Before everything else, since it costs least. */
export function checkBan({ core, link, limits }: Connection, clientId: string): Refusal | null {
  return core.guard.reconnects.banned(clientId, link.remoteAddress, limits);
}

/** The client is about to be accepted, which counts; one that was given its identifier has never been here before. */
export function checkVisits({ core, link, limits }: Connection, clientId: string, assigned: boolean): Refusal | null {
  return assigned ? null : core.guard.reconnects.visit(clientId, link.remoteAddress, limits);
}

/** While memory is critically short nobody comes, except for messages that wait: taking them gives memory back. */
export function checkMemory({ core }: Connection, packet: ConnectPacket): Refusal | null {
  if (!core.memory.critical) return null;
  const waiting = core.sessions.get(packet.clientId)?.queuedMessages ?? 0;
  if (waiting > 0 && !packet.cleanStart) return null;
  core.metrics.refusedMemoryPressure += 1;
  return { reasonCode: ReasonCode.serverBusy, reason: 'the broker is short of memory; try again later' };
}

/**
 * Who may leave the identifier out: 5.0 clients, and 3.1.1 clients that want a clean session. Whoever sends one may send
 * any, up to a length: it stays for as long as its session. // [MQTT-3.1.3-5]
 */
export function checkClientId({ core, limits }: Connection, packet: ConnectPacket): Refusal | null {
  const { clientId, protocolVersion, cleanStart } = packet;
  const { maxClientIdLength: most } = limits;
  if (clientId.length > most || (clientId.length * 3 > most && utf8Length(clientId) > most)) {
    core.metrics.refusedClientIdLength += 1;
    const reason = `the client identifier is longer than ${most} bytes (limits.maxClientIdLength); choose a shorter one`;
    return { reasonCode: ReasonCode.clientIdentifierNotValid, reason };
  }
  if (clientId !== '' || protocolVersion === 5 || (protocolVersion === 4 && cleanStart)) return null;
  // [MQTT-3.1.3-8]
  const reason = 'a session that is to be kept needs a client identifier; send one, or ask for a clean session';
  return { reasonCode: ReasonCode.clientIdentifierNotValid, reason };
}

/** Whether there is room for one more client; one that takes over its own connection needs none. */
export function checkRoom(connection: Connection, clientId: string): Refusal | null {
  const { core, listener } = connection;
  const all = core.options.limits.maxConnections;
  const own = listener.limits.maxConnections;
  const replaced = core.sessions.get(clientId)?.connection ?? null;
  const others = core.metrics.clientsConnected - (replaced === null ? 0 : 1);
  const here = listener.clients - (replaced?.listener === listener ? 1 : 0);
  const full = others >= all ? all : here >= own ? own : null;
  if (full === null) return null;
  core.metrics.refusedMaxConnections += 1;
  const reason = `all ${full} places for clients are taken (maxConnections); try again later`;
  return { reasonCode: ReasonCode.quotaExceeded, reason };
}

/** Whether there is room for one more session; a client whose session is here, or takes its place, needs none. */
export function checkSessions({ core }: Connection, clientId: string): Refusal | null {
  const { maxSessions } = core.options.limits;
  if (core.sessions.size < maxSessions || core.sessions.get(clientId) !== undefined) return null;
  core.metrics.refusedMaxSessions += 1;
  const reason = `all ${maxSessions} places for sessions are taken, also by clients that are away (limits.maxSessions); try again later`;
  return { reasonCode: ReasonCode.quotaExceeded, reason };
}
