import type { TrafficService } from '../services.ts';

/** Looks at the traffic from now on, if nobody does yet; resolves once what is retained is known. */
export function look(traffic: TrafficService): Promise<void> {
  traffic.watch()(); // what was seen is kept a minute longer
  return traffic.loaded();
}
