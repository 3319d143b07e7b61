/** A place in the dashboard, as the part of the address behind `#`: `#/clients/sensor-1?tab=events`. */
export interface Route {
  /** Decoded segments: `['clients', 'sensor-1']`. */
  readonly segments: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Reads `location.hash`. What cannot be decoded stands as it is. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const segments = path.split('/').filter((segment) => segment !== '');
  return {
    segments: segments.map(decoded),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

/**
 * The address of a place, for links.
 *
 * @example
 * routeTo(['clients', 'a/b']) // '#/clients/a%2Fb'
 */
export function routeTo(segments: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  const search = new URLSearchParams(given).toString();
  return `#/${segments.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
