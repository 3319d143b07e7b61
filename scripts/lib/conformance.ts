import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSources } from './source-tree.ts';

/** Whom a statement of the specification binds. */
export type Role = 'server' | 'client' | 'both';

/** A place in the tree; `title` is the test's or case's name where there is one. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly title: string;
}

/** One statement with everything in the tree that names it. */
export interface LedgerRow {
  readonly id: string;
  readonly binds: Role;
  /** What it asks, in our words. */
  readonly asks: string;
  readonly obeyed: readonly Place[];
  readonly proven: readonly Place[];
}

/** The ledger of all statements, and tags that name none of them. */
export interface Ledger {
  readonly rows: readonly LedgerRow[];
  readonly unknown: readonly (Place & { readonly id: string })[];
}

/** A row's state: what is still owed is `missing`. */
export type State = 'proven' | 'obeyed only' | 'client, later' | 'missing';

const TAG = /MQTT-\d+\.\d+\.\d+-\d+/g;
/** A tag counts where it stands in brackets (a comment) or in quotes (the `spec` of an error). */
const CITED = /[['"`]MQTT-\d+\.\d+\.\d+-\d+(?:[\],;:'"` ]+MQTT-\d+\.\d+\.\d+-\d+)*/g;
const TEST_CALL = /\b(?:test|it|describe|suite)\(\s*(['"`])((?:\\[\s\S]|(?!\1)[^\\])*)\1/g;

/** Reads the statements, the code, the tests and the wire cases under `root`. */
export function buildLedger(root: string): Ledger {
  const roles = readRoles(root);
  const obeyed: (Place & { id: string })[] = [];
  const proven: (Place & { id: string })[] = [];
  for (const file of readSources(root, ['packages/*/src/**/*.ts', 'test/**/*.ts'])) {
    proven.push(...tagsInTestNames(file.path, file.text));
    const isProduct = !file.isTest && !file.path.startsWith('packages/testkit/');
    if (isProduct) obeyed.push(...tagsInCode(file.path, file.text));
  }
  proven.push(...tagsInCases(root));
  const ids = readStatements(root);
  const known = new Set(ids);
  const rows = ids.map((id) => {
    const role = roles[id];
    if (role === undefined)
      throw new Error(`conformance/roles.json has no entry for ${id}: add what it asks and whom it binds.`);
    return { id, ...role, obeyed: of(obeyed, id), proven: of(proven, id) };
  });
  return { rows, unknown: [...obeyed, ...proven].filter((place) => !known.has(place.id)) };
}

/** What the tree shows for one statement. */
export function stateOf(row: LedgerRow): State {
  if (row.proven.length > 0) return 'proven';
  if (row.obeyed.length > 0) return 'obeyed only';
  return row.binds === 'client' ? 'client, later' : 'missing';
}

function of(places: readonly (Place & { id: string })[], id: string): Place[] {
  return places.filter((place) => place.id === id).map(({ path, line, title }) => ({ path, line, title }));
}

function readStatements(root: string): string[] {
  const text = readFileSync(join(root, 'conformance/mqtt-5.0-statements.txt'), 'utf8');
  return text.split('\n').filter((line) => line.startsWith('MQTT-'));
}

function readRoles(root: string): Record<string, { binds: Role; asks: string } | undefined> {
  return JSON.parse(readFileSync(join(root, 'conformance/roles.json'), 'utf8')) as Record<
    string,
    { binds: Role; asks: string }
  >;
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

function tagsInCode(path: string, text: string): (Place & { id: string })[] {
  return [...text.matchAll(CITED)].flatMap((cited) =>
    [...cited[0].matchAll(TAG)].map((tag) => ({
      id: tag[0],
      path,
      line: lineAt(text, cited.index + tag.index),
      title: '',
    })),
  );
}

function tagsInTestNames(path: string, text: string): (Place & { id: string })[] {
  return [...text.matchAll(TEST_CALL)].flatMap((call) => {
    const name = call[2]!;
    const title = withoutTags(name);
    return [...name.matchAll(TAG)].map((tag) => ({ id: tag[0], path, line: lineAt(text, call.index), title }));
  });
}

/** A test's name without its tags, which the ledger shows in a column of their own. */
function withoutTags(name: string): string {
  return name
    .replaceAll(/\[[^\]]*MQTT-\d[^\]]*\]/g, '')
    .replaceAll(/\\(['"`])/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Cases kept as data: every object with a `name` and a `spec` (a tag or an array of them) is one. */
function tagsInCases(root: string): (Place & { id: string })[] {
  const found: (Place & { id: string })[] = [];
  for (const path of globSync('conformance/**/*.json', { cwd: root })
    .map((p) => p.replaceAll('\\', '/'))
    .sort()) {
    if (path === 'conformance/roles.json') continue;
    const text = readFileSync(join(root, path), 'utf8');
    walk(JSON.parse(text), (name, spec) => {
      const at = text.indexOf(JSON.stringify(name));
      const line = at === -1 ? 1 : lineAt(text, at);
      for (const tag of spec.join(' ').matchAll(TAG)) found.push({ id: tag[0], path, line, title: withoutTags(name) });
    });
  }
  return found;
}

function walk(value: unknown, visit: (name: string, spec: readonly string[]) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if ('spec' in value && 'name' in value && typeof value.name === 'string') {
    const spec = Array.isArray(value.spec) ? value.spec : [value.spec];
    visit(
      value.name,
      spec.filter((entry): entry is string => typeof entry === 'string'),
    );
  }
  for (const child of Object.values(value)) walk(child, visit);
}
