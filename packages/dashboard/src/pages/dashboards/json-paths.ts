import { pathBelow } from '../../values/json-path.ts';

/** Paths that are offered at most, and how deep they are looked for. */
const MOST = 40;
const DEEPEST = 6;

/** Where values are in a JSON payload, in its order; none in what is no JSON, or a single value. */
export function pathsIn(text: string): string[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [];
  }
  const found: string[] = [];
  const look = (value: unknown, path: string, depth: number): void => {
    if (found.length >= MOST) return;
    if (typeof value !== 'object' || value === null) {
      if (path !== '') found.push(path);
      return;
    }
    if (depth >= DEEPEST) return;
    const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
    for (const [key, one] of entries) look(one, pathBelow(path, key), depth + 1);
  };
  look(json, '', 0);
  return found;
}
