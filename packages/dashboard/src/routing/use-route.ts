import { useEffect, useState } from 'preact/hooks';
import { parseRoute, type Route, routeTo } from './routes.ts';

let hold: ((hash: string) => boolean) | null = null;

/**
 * Has somebody asked before the page goes elsewhere, until the function that comes back is called.
 *
 * @param stays gets the address; true = the page stays, and the address is put back
 */
export function holdRoute(stays: (hash: string) => boolean): () => void {
  hold = stays;
  return () => {
    if (hold === stays) hold = null;
  };
}

/** Where the page is; draws again when that changes. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    let here = location.hash;
    const changed = (): void => {
      if (hold?.(location.hash)) {
        history.pushState(null, '', here === '' ? location.pathname : here);
        return;
      }
      here = location.hash;
      setHash(here);
    };
    addEventListener('hashchange', changed);
    // It may have changed between the first drawing and now.
    setHash(here);
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
