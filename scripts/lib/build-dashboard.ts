import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { dashboardRoot } from './dashboard-paths.ts';

/** What was built. */
export interface DashboardBuild {
  /** Files, those compressed beforehand not counted. */
  readonly files: number;
  /** Bytes of what a browser loads before the first page shows, each file through gzip: the page, its scripts and styles. */
  readonly firstPage: number;
}

/** The page that opens where the address names none: its file, without ending. */
const FIRST_PAGE = 'overview-page';
/** Files that get smaller. */
const COMPRESSIBLE = /\.(html|js|css|svg|json)$/;

/**
 * Builds the pages into a folder, in place of what is there, with a `.gz` and a `.br` beside each file that gets smaller.
 *
 * @throws {Error} of Vite, where the sources cannot be built
 */
export async function buildDashboard(folder: string): Promise<DashboardBuild> {
  const built = (await build({
    configFile: join(dashboardRoot, 'vite.config.ts'),
    configLoader: 'native',
    logLevel: 'warn',
    build: { outDir: folder },
  })) as Rolldown.RolldownOutput;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  for (const name of files.filter((one) => COMPRESSIBLE.test(one))) {
    const bytes = readFileSync(join(folder, name));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes));
  }
  const firstPage = ['index.html', 'favicon.svg', ...loadedFirst(built.output)];
  return { files: files.length, firstPage: firstPage.reduce((sum, name) => sum + gzippedSize(join(folder, name)), 0) };
}

/** Scripts and styles of the frame and of the page it opens with; other pages come when they are opened. */
function loadedFirst(output: Rolldown.RolldownOutput['output']): Set<string> {
  const chunks = output.filter((one) => one.type === 'chunk');
  const files = new Set<string>();
  const add = (chunk: Rolldown.OutputChunk | undefined): void => {
    if (chunk === undefined || files.has(chunk.fileName)) return;
    files.add(chunk.fileName);
    for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
    for (const name of chunk.imports) add(chunks.find(({ fileName }) => fileName === name));
  };
  for (const chunk of chunks) if (chunk.isEntry || chunk.name === FIRST_PAGE) add(chunk);
  if (!chunks.some(({ name }) => name === FIRST_PAGE)) throw new Error(`there is no page ${FIRST_PAGE} any more`);
  return files;
}

const gzippedSize = (path: string): number => gzipSync(readFileSync(path), { level: 9 }).length;
