import { useEffect, useState } from 'preact/hooks';

/** The time, milliseconds since 1970; draws again as often as `every` says, milliseconds. */
export function useNow(every = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
