import { useEffect, useState } from 'preact/hooks';
import { parseRoute, type Route, routeTo } from './routes.ts';

/** Where the page is; draws again when that changes. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parseRoute(hash);
}

/** Goes to another place; `replace` leaves no step to go back to. */
export function goTo(
  segments: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
  { replace = false } = {},
): void {
  const address = routeTo(segments, query);
  if (!replace) location.hash = address;
  else {
    history.replaceState(null, '', address);
    dispatchEvent(new HashChangeEvent('hashchange'));
  }
}
