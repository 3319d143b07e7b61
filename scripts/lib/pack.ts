import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildDashboard } from './build-dashboard.ts';
import { bundleForBrowsers } from './bundle.ts';
import { run } from './run.ts';

/** The oldest Node that published packages run on. */
const PUBLISHED_ENGINES = { node: '>=24' } as const;

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/**
 * The package.json to publish: `./src/X.ts` becomes `./lib/X.js` with its types, and `engines` is added. The sources
 * leave `engines` out, since a clone brings its own Node and npm would warn about the machine's older one. A package
 * with a `browser` entry has one more file, for `<script type="module">`, which delivery networks are told of.
 */
export function publishedManifest(manifest: JsonObject): JsonObject {
  const { exports, scripts: _scripts, devDependencies: _dev, ...rest } = manifest;
  const script = browserEntry(manifest) === undefined ? undefined : scriptPath(manifest);
  const files = ['lib', ...('bin' in manifest ? ['bin'] : []), ...(script === undefined ? [] : ['dist'])];
  const published = publishedExports(exports ?? {}) as JsonObject;
  return {
    ...rest,
    exports: script === undefined ? published : { ...published, [script]: script },
    ...(script !== undefined && { jsdelivr: script, unpkg: script }),
    files,
    engines: PUBLISHED_ENGINES,
  };
}

/** The package.json of pages: they are built into files that need no other package. */
export function publishedPages({
  dependencies: _built,
  devDependencies: _dev,
  scripts: _scripts,
  ...rest
}: JsonObject): JsonObject {
  return { ...rest, exports: { './package.json': './package.json' }, files: ['dist'] };
}

/** The source that browsers get for the package's name, where it is another one than Node's. */
function browserEntry({ exports }: JsonObject): string | undefined {
  const main = (exports as JsonObject | undefined)?.['.'];
  const entry = (main as JsonObject | undefined)?.browser;
  return typeof entry === 'string' ? entry : undefined;
}

/** `@cauldron/client` has `./dist/cauldron-client.min.js`. */
function scriptPath({ name }: JsonObject): string {
  return `./dist/${String(name).replace('@', '').replace('/', '-')}.min.js`;
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
 * NAME is its folder in `packages/`. One with a `browser` entry gets that bundled into one file, too.
 *
 * @param compiler the path of `tsc`.
 * @returns the folders made.
 * @throws Error with the compiler's output when a package does not compile.
 */
export async function packAll(root: string, target: string, compiler: string): Promise<string[]> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const build = join(target, '.build');
  await compile(root, target, compiler, compilation(root, build));
  for (const config of globSync('packages/*/tsconfig.browser.json', { cwd: root }).sort()) {
    await compile(root, target, compiler, browserCompilation(root, build, config));
  }
  const folders: string[] = [];
  for (const path of globSync('packages/*/package.json', { cwd: root }).sort()) {
    folders.push(...(await layOut(root, target, build, path.split(/[\\/]/)[1]!)));
  }
  rmSync(build, { recursive: true });
  return folders;
}

async function compile(root: string, target: string, compiler: string, config: JsonObject): Promise<void> {
  const project = join(target, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(config));
  const { code, output } = await run(compiler, ['-p', project], root);
  if (code !== 0) throw new Error(`The packages do not compile; repair this first:\n${output}`);
  rmSync(project);
}

/** What never leaves the repository. */
const OWN_ONLY = ['packages/*/src/**/*.test.ts', 'packages/*/src/**/testing', 'packages/*/src/**/fixtures'] as const;

/** Everything but what the root's tsconfig.json leaves to others. */
function compilation(root: string, build: string): JsonObject {
  const { exclude = [] } = readJson(join(root, 'tsconfig.json')) as { exclude?: readonly string[] };
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: emitting(root, build),
    include: [join(root, 'packages/*/src')],
    exclude: [...OWN_ONLY, ...exclude].map((path) => join(root, path)),
  };
}

/** The sources of one package that are written against the types of browsers. */
function browserCompilation(root: string, build: string, config: string): JsonObject {
  const { include } = readJson(join(root, config)) as { include: readonly string[] };
  return {
    extends: join(root, config),
    compilerOptions: emitting(root, build),
    include: include.filter((path) => path.startsWith('src/')).map((path) => join(root, dirname(config), path)),
    exclude: OWN_ONLY.map((path) => join(root, path)),
  };
}

function emitting(root: string, build: string): JsonObject {
  return {
    noEmit: false,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: true,
    declaration: true,
    rootDir: join(root, 'packages'),
    outDir: build,
    typeRoots: [join(root, 'node_modules', '@types')],
  };
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

async function layOut(root: string, target: string, build: string, name: string): Promise<string[]> {
  const source = join(root, 'packages', name);
  const manifest = readJson(join(source, 'package.json')) as JsonObject;
  if (manifest.private === true) return [];
  const folder = join(target, name);
  if (existsSync(join(source, 'index.html'))) {
    await buildDashboard(join(folder, 'dist'));
    copyAbout(root, source, folder);
    writeManifest(folder, publishedPages(manifest));
    return [folder];
  }
  cpSync(join(build, name, 'src'), join(folder, 'lib'), { recursive: true });
  for (const path of globSync('bin/*', { cwd: source })) {
    mkdirSync(join(folder, 'bin'), { recursive: true });
    // What starts the sources in a clone starts the compiled files in a published package.
    const text = readFileSync(join(source, path), 'utf8').replaceAll(/\.\.\/src\/([\w./-]+)\.ts\b/g, '../lib/$1.js');
    writeFileSync(join(folder, path), text, { mode: 0o755 });
  }
  copyAbout(root, source, folder);
  await writeScript(source, manifest, folder);
  writeManifest(folder, publishedManifest(manifest));
  return [folder];
}

function copyAbout(root: string, source: string, folder: string): void {
  for (const [from, path] of [
    [root, 'LICENSE'],
    [source, 'README.md'],
  ] as const) {
    if (existsSync(join(from, path))) cpSync(join(from, path), join(folder, path));
  }
}

const writeManifest = (folder: string, manifest: JsonObject): void =>
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

/** Writes the one file that a page without a bundler loads: the package and all it imports, minified. */
async function writeScript(source: string, manifest: JsonObject, folder: string): Promise<void> {
  const entry = browserEntry(manifest);
  if (entry === undefined) return;
  const { code } = await bundleForBrowsers(join(source, entry), { library: true });
  mkdirSync(join(folder, 'dist'), { recursive: true });
  const banner = `/*! ${manifest.name} ${manifest.version}, ${manifest.license} */`;
  writeFileSync(join(folder, scriptPath(manifest)), `${banner}\n${code}`);
}
