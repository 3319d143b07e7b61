import { dirname, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type InlineConfig, type Rolldown } from 'vite';

/** What a page loads. */
export interface Bundle {
  readonly code: string;
  /** Of the minified code. */
  readonly bytes: number;
  /** Of the same through `gzip -9`. */
  readonly gzippedBytes: number;
  /** The files it holds something of, with forward slashes and relative to `root`, and how many bytes of each before minifying. */
  readonly modules: ReadonlyMap<string, number>;
}

export interface BundleOptions {
  /** What module paths are relative to. Default: the folder of the entry. */
  readonly root?: string;
  /** The entry is a library for `import`, not a program: its exports stay. Default false. */
  readonly library?: boolean;
}

/**
 * Bundles a module and all it imports into one minified ES module with Vite as it is, for the browsers that it supports by
 * default. Nothing is written.
 *
 * @throws {Error} of Vite, where something cannot be resolved; where the program is cut into several files
 */
export async function bundleForBrowsers(entry: string, options: BundleOptions = {}): Promise<Bundle> {
  const { root = dirname(entry), library = false } = options;
  const config: InlineConfig = {
    root: dirname(entry),
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      rolldownOptions: { input: entry, ...(library && { preserveEntrySignatures: 'strict' }) },
    },
  };
  const built = (await build(config)) as Rolldown.RolldownOutput;
  const [chunk, ...others] = built.output;
  if (others.length > 0) throw new Error(`${entry} became several files: ${others.map((one) => one.fileName)}`);
  const held = Object.entries(chunk.modules).filter(([, { renderedLength }]) => renderedLength > 0);
  const bytes = Buffer.from(chunk.code);
  return {
    code: chunk.code,
    bytes: bytes.length,
    gzippedBytes: gzipSync(bytes, { level: 9 }).length,
    modules: new Map(
      held.map(([path, { renderedLength }]) => [relative(root, path).replaceAll('\\', '/'), renderedLength]),
    ),
  };
}
