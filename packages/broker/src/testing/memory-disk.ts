import type { FileOperations } from '../admin/dashboards/file-operations.ts';

/**
 * A disk in memory, for tests: names are safe from a power cut only once their folder was synced, bytes once they were
 * written, since writing syncs them.
 */
export class MemoryDisk implements FileOperations {
  /** Operations of this kind fail with this code; null = none. */
  failing: { readonly operation: keyof FileOperations; readonly code: string } | null = null;
  #seen = new Map<string, string>();
  #safe = new Map<string, string>();
  readonly #folders = new Set<string>(['/data']);
  /** Operations until the power is cut. */
  #left = Number.POSITIVE_INFINITY;

  /** Cuts the power after so many more operations that write; everything fails from then on. */
  cutAfter(operations: number): void {
    this.#left = operations;
  }

  /** The power is back. @param lucky the disk had written everything by itself; otherwise what was safe is there */
  powerOn(lucky = false): void {
    this.#left = Number.POSITIVE_INFINITY;
    this.#seen = new Map(lucky ? [...this.#safe, ...this.#seen] : this.#safe);
  }

  names(): readonly string[] {
    return [...this.#seen.keys()].sort();
  }

  async makeFolder(path: string): Promise<void> {
    this.#does('makeFolder');
    this.#folders.add(path);
  }

  async list(path: string): Promise<readonly string[]> {
    if (!this.#folders.has(path)) throw errorOf('ENOENT');
    return this.names().flatMap((name) => (name.startsWith(`${path}/`) ? [name.slice(path.length + 1)] : []));
  }

  async size(path: string): Promise<number> {
    return Buffer.byteLength(await this.read(path));
  }

  async read(path: string): Promise<string> {
    const text = this.#seen.get(path);
    if (text === undefined) throw errorOf('ENOENT');
    return text;
  }

  async write(path: string, text: string): Promise<void> {
    // A disk may keep the beginning of what it was given.
    if (this.#left <= 0) this.#safe.set(path, text.slice(0, text.length / 2));
    this.#does('write');
    this.#seen.set(path, text);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#does('rename');
    this.#seen.set(to, await this.read(from));
    this.#seen.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.#does('remove');
    this.#seen.delete(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.#does('syncFolder');
    for (const name of [...this.#safe.keys()]) if (name.startsWith(`${path}/`)) this.#safe.delete(name);
    for (const [name, text] of this.#seen) if (name.startsWith(`${path}/`)) this.#safe.set(name, text);
  }

  #does(operation: keyof FileOperations): void {
    if (this.#left <= 0) throw errorOf('EIO');
    this.#left -= 1;
    if (this.failing?.operation === operation) throw errorOf(this.failing.code);
  }
}

const errorOf = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`${code}: the disk fails`), { code });
