import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

/** The oldest Node that published packages run on. */
const PUBLISHED_ENGINES = { node: '>=24' } as const;

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/**
 * The package.json to publish: `./src/X.ts` becomes `./lib/X.js` with its types, and `engines` is added. The sources
 * leave `engines` out, since a clone brings its own Node and npm would warn about the machine's older one.
 */
export function publishedManifest(manifest: JsonObject): JsonObject {
  const { exports, scripts: _scripts, devDependencies: _dev, ...rest } = manifest;
  const files = ['lib', ...('bin' in manifest ? ['bin'] : [])];
  return { ...rest, exports: publishedExports(exports ?? {}), files, engines: PUBLISHED_ENGINES };
}

function publishedExports(entry: Json): Json {
  if (typeof entry === 'string') {
    if (!entry.endsWith('.ts')) return entry;
    const stem = entry.replace(/^\.\/src\//, './lib/').slice(0, -'.ts'.length);
    return { types: `${stem}.d.ts`, default: `${stem}.js` };
  }
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return entry;
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, publishedExports(value)]));
}

/**
 * Compiles the workspaces under `root` and lays each public one out, ready for `npm publish`, in `target/NAME`, where
 * NAME is its folder in `packages/`.
 *
 * @param compiler the path of `tsc`.
 * @returns the folders made.
 * @throws Error with the compiler's output when a package does not compile.
 */
export async function packAll(root: string, target: string, compiler: string): Promise<string[]> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const build = join(target, '.build');
  const project = join(target, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(compilation(root, build)));
  const { code, output } = await run(compiler, ['-p', project], root);
  if (code !== 0) throw new Error(`The packages do not compile; repair this first:\n${output}`);
  const folders = globSync('packages/*/package.json', { cwd: root })
    .sort()
    .flatMap((path) => layOut(root, target, build, path.split(/[\\/]/)[1]!));
  rmSync(build, { recursive: true });
  rmSync(project);
  return folders;
}

function compilation(root: string, build: string): JsonObject {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: true,
      declaration: true,
      rootDir: join(root, 'packages'),
      outDir: build,
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    include: [join(root, 'packages/*/src')],
    exclude: [join(root, 'packages/*/src/**/*.test.ts')],
  };
}

function layOut(root: string, target: string, build: string, name: string): string[] {
  const source = join(root, 'packages', name);
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as JsonObject;
  if (manifest.private === true) return [];
  const folder = join(target, name);
  cpSync(join(build, name, 'src'), join(folder, 'lib'), { recursive: true });
  for (const path of globSync('bin/*', { cwd: source })) {
    mkdirSync(join(folder, 'bin'), { recursive: true });
    // What starts the sources in a clone starts the compiled files in a published package.
    const text = readFileSync(join(source, path), 'utf8').replaceAll(/\.\.\/src\/([\w./-]+)\.ts\b/g, '../lib/$1.js');
    writeFileSync(join(folder, path), text, { mode: 0o755 });
  }
  for (const [from, path] of [
    [root, 'LICENSE'],
    [source, 'README.md'],
  ] as const) {
    if (existsSync(join(from, path))) cpSync(join(from, path), join(folder, path));
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
  return [folder];
}
