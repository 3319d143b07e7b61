/**
 * Where in a JSON payload a value is: `$.room.sensors[0]["air quality"]`. The `$` may be left out (`room.sensors[0]`), and an
 * empty path or `$` alone is the whole payload.
 */

type Key = string | number;

/** `.name`, `name` at the beginning, `[0]`, `["any name"]`, `['any name']`. */
const STEP = /(?:\.|^)([^.[\]"'\s]+)|\[\s*(\d+)\s*\]|\[\s*("(?:[^"\\]|\\.)*")\s*\]|\[\s*'((?:[^'\\]|\\.)*)'\s*\]/y;

/** What is at a path; undefined = nothing is there, or the path is not one. */
export function valueAt(json: unknown, path: string): unknown {
  const keys = parse(path);
  if (typeof keys === 'string') return undefined;
  let value = json;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    // A number names an entry of a list and no property that is called so.
    if (typeof key === 'number' && !Array.isArray(value)) return undefined;
    value = (value as Record<Key, unknown>)[key];
  }
  return value;
}

/** Why a text is no path, for people; undefined = it is one. */
export function pathProblem(path: string): string | undefined {
  const keys = parse(path);
  return typeof keys === 'string' ? keys : undefined;
}

/**
 * The number at a path of a payload. Texts that hold a number count (`"21.5"`), `true` is 1 and `false` 0.
 *
 * @returns undefined where there is none
 */
export function numberFrom(payloadText: string, path: string): number | undefined {
  const found = lookUp(payloadText, path);
  if (typeof found === 'number') return found;
  if (typeof found === 'boolean') return found ? 1 : 0;
  if (typeof found !== 'string') return undefined;
  const text = found.trim();
  if (text === 'true') return 1;
  if (text === 'false') return 0;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/**
 * What is at a path of a payload as text: texts without their quotes, everything else as JSON.
 *
 * @returns undefined where nothing is there
 */
export function textFrom(payloadText: string, path: string): string | undefined {
  const found = lookUp(payloadText, path);
  return found === undefined || typeof found === 'string' ? found : JSON.stringify(found);
}

/** The path that leads to a value below another: what {@link valueAt} takes. */
export function pathBelow(path: string, key: string | number): string {
  const base = path === '' ? '$' : path;
  if (typeof key === 'number') return `${base}[${key}]`;
  return /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(key) ? `${base}.${key}` : `${base}[${JSON.stringify(key)}]`;
}

/** The whole payload is the text itself, JSON or not. */
function lookUp(payloadText: string, path: string): unknown {
  const wanted = path.trim();
  if (wanted === '' || wanted === '$') return payloadText;
  try {
    return valueAt(JSON.parse(payloadText), wanted);
  } catch {
    return undefined; // no JSON: nothing is at any path of it
  }
}

/** The keys of a path, or what is wrong with it. */
function parse(path: string): Key[] | string {
  const text = path.trim();
  const steps = text.replace(/^\$/, '');
  const keys: Key[] = [];
  let at = 0;
  // Behind `$` a name needs its dot.
  if (steps !== text && /^[^.[]/.test(steps)) return problem(path, 1);
  while (at < steps.length) {
    STEP.lastIndex = at;
    const [step, name, index, double, single] = STEP.exec(steps) ?? [];
    if (step === undefined) return problem(path, at + text.length - steps.length);
    if (name !== undefined) keys.push(name);
    else if (index !== undefined) keys.push(Number(index));
    else keys.push(double === undefined ? single!.replace(/\\(.)/g, '$1') : unquoted(double));
    at += step.length;
  }
  return keys;
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

const problem = (path: string, at: number): string =>
  `“${path.trim()}” is no JSON path from character ${at + 1} on. Write for example $.room.sensors[0]["air quality"]`;
