import { dirname, join } from 'node:path';
import { z } from 'zod';
import { count, type Dashboard, dashboardDocument, time } from '../schema/index.ts';
import { diskOperations, type FileOperations } from './file-operations.ts';
import { DASHBOARD_ID, DASHBOARDS_FOLDER, ENDING } from './names.ts';

/** Most dashboards of one broker. */
export const MAX_DASHBOARDS = 200;

/** Largest dashboard, in bytes of its file. */
export const MAX_DASHBOARD_BYTES = 1024 * 1024;

/** Of files that did not take their place: the process ended, or the disk failed, while they were written. */
const UNFINISHED = '.json.tmp';

/** What an export holds, with what is known of one that is kept. An export put into the folder by hand will do. */
const fileDocument = dashboardDocument.extend({ revision: count.default(1), changedAt: time.default(0) });

/** What a folder holds. */
export interface LoadedDashboards {
  readonly dashboards: readonly Dashboard[];
  /** Files that cannot be used and are left as they are. */
  readonly unusable: readonly { readonly file: string; readonly why: string }[];
}

/**
 * One file a dashboard: a change writes no more than that one, a damaged file takes no other with it, and one that is copied
 * out of the folder is an export. A file is replaced in one step, so whoever reads it (a backup, say) finds the old or the new.
 *
 *     write ID.json.tmp -> fsync -> rename to ID.json -> fsync of the folder
 */
export class DashboardFolder {
  /** Absolute if the data folder is. */
  readonly path: string;
  readonly #files: FileOperations;
  #isMade = false;

  /** @param dataFolder the broker's, which is there */
  constructor(dataFolder: string, files: FileOperations = diskOperations) {
    this.path = join(dataFolder, DASHBOARDS_FOLDER);
    this.#files = files;
  }

  /**
   * Reads everything, and clears away what a crash left unfinished.
   *
   * @throws {Error} the folder is there and cannot be read
   */
  async load(): Promise<LoadedDashboards> {
    const dashboards: Dashboard[] = [];
    const unusable: { file: string; why: string }[] = [];
    for (const file of await this.#names()) {
      // One that stays does no harm.
      if (file.endsWith(UNFINISHED)) await this.#files.remove(join(this.path, file)).catch(() => {});
      if (!file.endsWith(ENDING)) continue;
      try {
        if (dashboards.length === MAX_DASHBOARDS) throw new Error(`there are ${MAX_DASHBOARDS} before it`);
        dashboards.push(await this.#read(file));
      } catch (error) {
        unusable.push({ file, why: (error as Error).message });
      }
    }
    return { dashboards, unusable };
  }

  async #names(): Promise<readonly string[]> {
    try {
      return [...(await this.#files.list(this.path))].sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async #read(file: string): Promise<Dashboard> {
    const id = file.slice(0, -ENDING.length);
    if (!DASHBOARD_ID.test(id)) throw new Error('its name may have small letters, digits, - and _ only');
    const path = join(this.path, file);
    if ((await this.#files.size(path)) > MAX_DASHBOARD_BYTES) {
      throw new Error(`it has more than ${MAX_DASHBOARD_BYTES} bytes`);
    }
    const parsed = fileDocument.safeParse(JSON.parse(await this.#files.read(path)));
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, ' '));
    const { cauldronDashboard: _version, ...contents } = parsed.data;
    return { id, ...contents };
  }

  /**
   * Fulfilled when it is on the disk. When it fails, the old file or the new one is there, whole; saving it again is safe.
   *
   * @param text what {@link textOf} makes of it
   * @throws {NodeJS.ErrnoException}
   */
  async save(id: string, text: string): Promise<void> {
    await this.#make();
    const path = join(this.path, `${id}${ENDING}`);
    const unfinished = join(this.path, `${id}${UNFINISHED}`);
    try {
      await this.#files.write(unfinished, text);
      await this.#files.rename(unfinished, path);
    } catch (error) {
      // What cannot even be removed is cleared away at the next start; the first error says what is wrong.
      await this.#files.remove(unfinished).catch(() => {});
      throw error;
    }
    await this.#files.syncFolder(this.path);
  }

  /** Fulfilled when it is gone for good; one that is not there is. @throws {NodeJS.ErrnoException} */
  async remove(id: string): Promise<void> {
    await this.#make();
    await this.#files.remove(join(this.path, `${id}${ENDING}`));
    await this.#files.syncFolder(this.path);
  }

  /** Not before there is something to keep in it. */
  async #make(): Promise<void> {
    if (this.#isMade) return;
    await this.#files.makeFolder(this.path);
    await this.#files.syncFolder(dirname(this.path));
    this.#isMade = true;
  }
}

/** What is written for a dashboard, one line a value, for people who compare or mend it. */
export function textOf({ id: _name, ...contents }: Dashboard): string {
  return `${JSON.stringify({ cauldronDashboard: 1, ...contents }, null, 2)}\n`;
}
