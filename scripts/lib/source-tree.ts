import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** The repository's root folder. */
export const repositoryRoot = join(import.meta.dirname, '..', '..');

/** One `import`, `export ... from` or `import()` in a file. */
export interface ImportSite {
  /** The text between the quotes. */
  readonly specifier: string;
  /** 1-based line of the specifier. */
  readonly line: number;
  /** True for `import type` and `export type`, which leave nothing at run time. */
  readonly typeOnly: boolean;
}

/** A TypeScript source file, read once. */
export interface SourceFile {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly ImportSite[];
  /** True for `*.test.ts` and everything outside `packages/`. */
  readonly isTest: boolean;
}

const STATIC_IMPORT = /^[ \t]*(?:import|export)\s+(type\s)?(?:[^'"`;=()]*?\sfrom\s+)?(['"])([^'"\n]+)\2/gm;
const BARE_IMPORT = /^[ \t]*import\s*(['"])([^'"\n]+)\1/gm;
const DYNAMIC_IMPORT = /^(?![ \t]*(?:\*|\/\/)).*?\bimport\(\s*(['"])([^'"\n]+)\1/gm;

/** Every import of a source text, in the order of the three kinds: static, bare, dynamic. */
export function findImports(text: string): ImportSite[] {
  const found: ImportSite[] = [];
  const add = (match: RegExpExecArray, specifier: string, typeOnly: boolean): void => {
    const line = text.slice(0, match.index + match[0].length).split('\n').length;
    if (!found.some((site) => site.line === line && site.specifier === specifier)) {
      found.push({ specifier, line, typeOnly });
    }
  };
  for (const match of text.matchAll(STATIC_IMPORT)) add(match, match[3]!, match[1] !== undefined);
  for (const match of text.matchAll(BARE_IMPORT)) add(match, match[2]!, false);
  for (const match of text.matchAll(DYNAMIC_IMPORT)) add(match, match[2]!, false);
  return found;
}

/** Reads the TypeScript files under `root` that match the patterns; `node_modules` and `dist` never do. */
export function readSources(root: string, patterns: readonly string[]): SourceFile[] {
  const exclude = (path: string): boolean => /(^|\/)(node_modules|dist)(\/|$)/.test(path.replaceAll('\\', '/'));
  return globSync([...patterns], { cwd: root, exclude })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const isTest = path.endsWith('.test.ts') || !path.startsWith('packages/');
      return { path, text, imports: findImports(text), isTest };
    });
}

/** The parts of a package.json that the checks look at. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The package.json files of the root (key `''`) and of each workspace (key `packages/NAME`). */
export function readManifests(root: string): Map<string, Manifest> {
  const manifests = new Map<string, Manifest>();
  for (const path of ['package.json', ...globSync('packages/*/package.json', { cwd: root }).sort()]) {
    if (!existsSync(join(root, path))) continue;
    const folder = posix.dirname(path.replaceAll('\\', '/'));
    manifests.set(folder === '.' ? '' : folder, JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest);
  }
  return manifests;
}

/** The file a relative specifier names, as a path from the root. */
export function resolveRelative(fromPath: string, specifier: string): string {
  return posix.normalize(posix.join(dirname(fromPath), specifier));
}
