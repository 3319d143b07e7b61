import type { Violation } from './boundaries.ts';
import { packageName } from './boundaries.ts';
import type { Manifest, SourceFile } from './source-tree.ts';
import { resolveRelative } from './source-tree.ts';

interface Edge {
  readonly to: string;
  readonly line: number;
}

/**
 * Finds files that import each other in a ring, across packages too. `import type` does not count: it leaves nothing at
 * run time, and a handler may name the type of the connection that dispatches to it.
 */
export function findCycles(files: readonly SourceFile[], manifests: ReadonlyMap<string, Manifest>): Violation[] {
  const graph = buildGraph(files, manifests);
  const done = new Set<string>();
  const violations: Violation[] = [];
  for (const start of graph.keys()) visit(start, [], graph, done, violations);
  return violations;
}

function buildGraph(files: readonly SourceFile[], manifests: ReadonlyMap<string, Manifest>): Map<string, Edge[]> {
  const known = new Set(files.map((file) => file.path));
  const entryOf = new Map<string, string>();
  for (const [folder, manifest] of manifests) entryOf.set(manifest.name, `${folder}/src/index.ts`);
  const graph = new Map<string, Edge[]>();
  for (const file of files) {
    const edges: Edge[] = [];
    for (const site of file.imports) {
      if (site.typeOnly) continue;
      const to = site.specifier.startsWith('.')
        ? resolveRelative(file.path, site.specifier)
        : entryOf.get(packageName(site.specifier));
      if (to !== undefined && known.has(to)) edges.push({ to, line: site.line });
    }
    graph.set(file.path, edges);
  }
  return graph;
}

/** Depth-first: an edge back into the current path closes a ring; finished files are never entered again. */
function visit(path: string, trail: string[], graph: Map<string, Edge[]>, done: Set<string>, out: Violation[]): void {
  if (done.has(path)) return;
  trail.push(path);
  for (const edge of graph.get(path) ?? []) {
    const start = trail.indexOf(edge.to);
    if (start === -1) {
      visit(edge.to, trail, graph, done, out);
      continue;
    }
    const ring = [...trail.slice(start), edge.to].join(' -> ');
    out.push({
      path,
      line: edge.line,
      rule: `import cycle: ${ring}`,
      fix: 'move what both need into a file of its own that imports neither; where only a type is needed, use `import type`',
    });
  }
  trail.pop();
  done.add(path);
}
