import type { MqttError } from '@cauldron/protocol';
import type { Connection } from './connection.ts';
import { ConnectionState } from './state.ts';

/** Counts a packet that is larger than a limit allows, and names the limit for its error text. */
export function packetTooLarge({ core, limits, state }: Connection, { limit }: MqttError): string {
  const { metrics } = core;
  metrics.packetsTooLarge += 1;
  if (limit === 'maxControlPacketSize') metrics.controlPacketsTooLarge += 1;
  if (limit === 'maxPropertiesSize') metrics.propertiesTooLarge += 1;
  if (limit !== undefined && limit !== 'maxPacketSize') return ` (limits.${limit})`;
  const early = state !== ConnectionState.connected && limits.maxConnectPacketSize < limits.maxPacketSize;
  return early ? ' before a CONNECT is accepted (limits.maxConnectPacketSize)' : ' (limits.maxPacketSize)';
}
