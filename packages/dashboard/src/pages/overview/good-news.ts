import type { Overview } from '@cauldron/broker/admin-api';
import { plural, wholeNumber } from '../../format/quantities.ts';

/** What there is to say of a broker that nothing is the matter with; null = something is, whatever else it does well. */
export function goodNews({
  health,
  clients,
  drops,
  store,
}: Pick<Overview, 'health' | 'clients' | 'drops' | 'store'>): string | null {
  if (!health.ok || health.findings.some(({ severity }) => severity !== 'info')) return null;
  const dropped = drops.reduce((sum, { lastMinute }) => sum + lastMinute, 0);
  const who = clients.connected === 0 ? 'No client is connected' : `${plural(clients.connected, 'client')} connected`;
  const lost = dropped === 0 ? 'nothing dropped in the last minute' : `${wholeNumber(dropped)} dropped as agreed`;
  const kept = store === null ? 'everything is kept in memory' : 'the disk keeps up';
  return `${who}, ${lost}, ${kept}.`;
}
