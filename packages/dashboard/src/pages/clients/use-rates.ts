import { useRef } from 'preact/hooks';
import { useNow } from '../../ui/use-now.ts';
import { type Counted, TrafficRates } from './traffic-rates.ts';

/** Rates of the clients that are shown, moved on once a second: counters that stand still send no news. */
export function useRates(clients: readonly Counted[]): { readonly rates: TrafficRates; readonly now: number } {
  const now = useNow();
  const kept = useRef({ rates: new TrafficRates(), noted: 0 });
  const { rates, noted } = kept.current;
  if (now !== noted) {
    rates.note(clients, now);
    kept.current.noted = now;
  }
  return { rates, now };
}
