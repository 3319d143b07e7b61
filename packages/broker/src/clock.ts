/** The time of a broker: milliseconds since 1970, never going back. */
export type Clock = () => number;

/** A clock that goes on from the time of day as it is now: setting that later moves no deadline. */
export function steadyClock(): Clock {
  const offset = Date.now() - performance.now();
  return () => Math.floor(offset + performance.now());
}
