import type { ImportSite, Manifest, SourceFile } from './source-tree.ts';
import { resolveRelative } from './source-tree.ts';

/** A broken rule: where, which, and what to do about it. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly fix: string;
}

/** `path:line`, the rule, and the way out, as one block of text. */
export function describeViolation(violation: Violation): string {
  return `${violation.path}:${violation.line}  ${violation.rule}\n    fix: ${violation.fix}`;
}

interface PackageRule {
  /** Workspace folders that production code of this package may import. */
  readonly mayImport: readonly string[];
  /** False where the code also runs in a browser or must stay free of I/O: no `node:*` there. Otherwise: in which files. */
  readonly mayUseNode: boolean | RegExp;
}

/** Who may import whom: `cli -> client -> protocol <- core <- broker -> rules -> protocol`. */
const PACKAGES: Readonly<Record<string, PackageRule>> = {
  protocol: { mayImport: [], mayUseNode: false },
  core: { mayImport: ['protocol'], mayUseNode: false },
  rules: { mayImport: ['protocol'], mayUseNode: false },
  client: {
    mayImport: ['protocol'],
    mayUseNode: /^packages\/client\/src\/(node\/|testing\/|stores\/sqlite|index\.node\.ts$)/,
  },
  broker: { mayImport: ['core', 'protocol', 'rules'], mayUseNode: true },
  dashboard: { mayImport: ['client', 'protocol', 'rules'], mayUseNode: false },
  cli: { mayImport: ['client', 'protocol'], mayUseNode: true },
  testkit: { mayImport: ['core', 'protocol'], mayUseNode: true },
};

/** Single files that may import more than their package does, each with the reason. */
const EXCEPTIONS: readonly {
  readonly path: RegExp;
  readonly mayImport: string;
  /** Only `import type`. */
  readonly typeOnly?: true;
  readonly reason: string;
}[] = [
  {
    path: /^packages\/cli\/src\/commands\/(broker|config|store|passwd|explain)[./-]/,
    mayImport: 'broker',
    reason: 'these commands start a broker, explain its configuration and rules, or look after its store and users',
  },
  {
    path: /^packages\/cli\/src\/(commands\/demo|demo\/dashboard)\.ts$/,
    mayImport: 'broker',
    reason: 'the demo starts a broker and brings a dashboard along',
  },
  {
    path: /^packages\/dashboard\//,
    mayImport: 'broker',
    typeOnly: true,
    reason: 'what the admin API answers is said once, by its schemas; at run time the pages only speak HTTP',
  },
];

/** Folders of the broker that are each one port to the outside; none may know another. */
const EDGES: readonly string[] = [
  'transport',
  'store',
  'auth',
  'access',
  'audit',
  'bridge',
  'cluster',
  'export',
  'admin',
];

/** The broker's composition root: everything is wired there, so nothing at an edge may look back at it. */
const COMPOSITION_ROOT: readonly string[] = ['packages/broker/src/server.ts', 'packages/broker/src/index.ts'];

/** Checks package direction, edge folders, `node:*` use, undeclared packages, and reaches across folders. */
export function checkBoundaries(files: readonly SourceFile[], manifests: ReadonlyMap<string, Manifest>): Violation[] {
  const folderOf = new Map<string, string>();
  for (const [folder, manifest] of manifests) if (folder !== '') folderOf.set(manifest.name, folder.split('/')[1]!);
  const violations: Violation[] = [];
  for (const file of files) {
    if (!file.path.startsWith('packages/')) continue;
    for (const site of file.imports) {
      const broken = checkImport(file, site, folderOf, manifests);
      if (broken !== null) violations.push({ path: file.path, line: site.line, ...broken });
    }
  }
  return violations;
}

type Broken = Pick<Violation, 'rule' | 'fix'>;

function checkImport(
  file: SourceFile,
  site: ImportSite,
  folderOf: ReadonlyMap<string, string>,
  manifests: ReadonlyMap<string, Manifest>,
): Broken | null {
  const own = file.path.split('/')[1]!;
  const { specifier } = site;
  if (specifier.startsWith('.')) return checkRelative(file, site, own);
  if (file.isTest) return null;
  if (specifier.startsWith('node:')) return checkNode(file.path, own, specifier);

  const name = packageName(specifier);
  const target = folderOf.get(name);
  if (target !== undefined && target !== own) return checkDirection(file.path, own, target, site);
  if (target === undefined && manifests.get(`packages/${own}`)?.dependencies?.[name] === undefined) {
    return {
      rule: `"${name}" is not a dependency of packages/${own}`,
      fix: `add it to packages/${own}/package.json and docs/dependencies.md, or do without it`,
    };
  }
  return target === undefined && PACKAGES[own]?.mayUseNode instanceof RegExp ? checkNode(file.path, own, name) : null;
}

/** The package part of a specifier: `@scope/name` or `name`, without a subpath. */
export function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

function checkNode(path: string, own: string, specifier: string): Broken | null {
  const allowed = PACKAGES[own]?.mayUseNode ?? true;
  if (allowed === true) return null;
  if (allowed === false) {
    return {
      rule: `packages/${own} must run without Node, but imports ${specifier}`,
      fix: 'take what you need as an argument or a port, and wire it in packages/broker',
    };
  }
  if (allowed.test(path)) return null;
  return {
    rule: `${path} must run without Node, but imports ${specifier}`,
    fix: 'take what you need through a port, such as Platform, and implement it in the files that only Node loads',
  };
}

function checkDirection(path: string, own: string, target: string, { specifier, typeOnly }: ImportSite): Broken | null {
  const name = packageName(specifier);
  const rule = PACKAGES[own];
  if (rule === undefined) {
    return {
      rule: `packages/${own} has no place in the dependency direction`,
      fix: 'add the package to PACKAGES in scripts/lib/boundaries.ts and to docs/architecture.md',
    };
  }
  if (rule.mayImport.includes(target)) return null;
  const excepted = EXCEPTIONS.some(
    (exception) =>
      exception.mayImport === target && exception.path.test(path) && (typeOnly || exception.typeOnly !== true),
  );
  if (excepted) return null;
  if (target === 'testkit') {
    return { rule: 'only tests may import @cauldron/testkit', fix: 'move the code into a *.test.ts file' };
  }
  const allowed = rule.mayImport.length === 0 ? 'no other package' : rule.mayImport.join(', ');
  return {
    rule: `packages/${own} may not import ${name}: the direction is ${own} -> ${allowed}`,
    fix: `move the shared code into a package that ${own} may import, or pass it in from the caller`,
  };
}

function checkRelative(file: SourceFile, site: ImportSite, own: string): Broken | null {
  const target = resolveRelative(file.path, site.specifier);
  const insideOwnPackage = target.startsWith(`packages/${own}/`);
  if (!insideOwnPackage && target.startsWith('packages/')) {
    return {
      rule: `a relative import leaves packages/${own} for ${target}`,
      fix: `import the other package by its name, and export what you need from its index.ts`,
    };
  }
  if (file.isTest) return null;
  if (target.endsWith('.test.ts')) {
    return { rule: `production code imports the test ${target}`, fix: 'move the shared part out of the test file' };
  }
  const nodeOnly = PACKAGES[own]?.mayUseNode;
  if (nodeOnly instanceof RegExp && nodeOnly.test(target) && !site.typeOnly) return checkNode(file.path, own, target);
  return own === 'broker' ? checkEdge(file.path, target, site.typeOnly) : null;
}

function checkEdge(path: string, target: string, typeOnly: boolean): Broken | null {
  const from = edgeOf(path);
  if (from === null) return null;
  const to = edgeOf(target);
  if (to !== null && to !== from) {
    return {
      rule: `the edge ${from} may not import the edge ${to}`,
      fix: 'let both speak through a port of packages/core/src/ports.ts, wired in server.ts',
    };
  }
  if (COMPOSITION_ROOT.includes(target)) {
    return {
      rule: `the edge ${from} may not import ${target}`,
      fix: 'pass what it needs from server.ts as an argument',
    };
  }
  if (target.startsWith('packages/broker/src/config/') && !typeOnly) {
    return {
      rule: `the edge ${from} may import only types of config/`,
      fix: 'use `import type`, or take the value as an argument',
    };
  }
  return null;
}

function edgeOf(path: string): string | null {
  const folder = /^packages\/broker\/src\/([^/]+)\//.exec(path)?.[1];
  return folder !== undefined && EDGES.includes(folder) ? folder : null;
}
