import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { Logger } from '../../log.ts';
import { ApiProblem } from '../problem.ts';
import {
  type Dashboard,
  type DashboardDocument,
  type DashboardDocumentInput,
  type DashboardSummary,
  dashboardDocument,
  type dashboardUpdate,
} from '../schema/index.ts';
import type { DashboardsService } from '../services.ts';
import { DashboardFolder, MAX_DASHBOARD_BYTES, MAX_DASHBOARDS, textOf } from './dashboard-folder.ts';
import type { FileOperations } from './file-operations.ts';
import { DASHBOARD_ID } from './names.ts';

/** A dashboard that a program brings along. */
export type InitialDashboard = DashboardDocumentInput & {
  /** Small letters, digits, `-` and `_`; up to 64. */
  readonly id: string;
};

export interface DashboardsOptions {
  readonly log: Pick<Logger, 'warn' | 'error'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Each is made where there is none of its identifier; those that are there stay as their users have them. */
  readonly initial?: readonly InitialDashboard[] | undefined;
  /** Told what is wrong, for the broker's health, whenever that changes; null = nothing any more. */
  readonly report?: ((problem: string | null) => void) | undefined;
  /** For tests. */
  readonly files?: FileOperations | undefined;
  /** For tests: identifiers of new ones; default 12 random characters. */
  readonly newId?: (() => string) | undefined;
}

type Contents = Omit<DashboardDocument, 'cauldronDashboard'>;

/** The dashboards of a broker: all of them in memory, and each in a file where there is a data folder. */
export class Dashboards implements DashboardsService {
  readonly kept: boolean;
  readonly #folder: DashboardFolder | null;
  readonly #options: DashboardsOptions;
  readonly #all = new Map<string, Dashboard>();
  /** Names of files that could not be used: nothing is written over them. */
  readonly #untouchable = new Set<string>();
  /** What is wrong since the start, and with what was written last. */
  #unusable: string | null = null;
  #failing: string | null = null;
  /** Changes come one after another, so that none is decided upon what another is just replacing. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: DashboardFolder | null, options: DashboardsOptions) {
    this.kept = folder !== null;
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Reads what is kept. A disk that fails, and files that cannot be read, are told, and keep nobody from starting.
   *
   * @param dataFolder the broker's, which it has for itself; null = everything is in memory
   * @throws {TypeError} an initial dashboard is none
   */
  static async open(dataFolder: string | null, options: DashboardsOptions): Promise<Dashboards> {
    const initial = (options.initial ?? []).map(checked);
    const folder = dataFolder === null ? null : new DashboardFolder(dataFolder, options.files);
    const dashboards = new Dashboards(folder, options);
    if (folder !== null) await dashboards.#load(folder);
    for (const { id, document } of initial) await dashboards.#bring(id, document);
    return dashboards;
  }

  async #load(folder: DashboardFolder): Promise<void> {
    try {
      const { dashboards, unusable } = await folder.load();
      for (const dashboard of dashboards) this.#all.set(dashboard.id, dashboard);
      for (const { file, why } of unusable) {
        this.#untouchable.add(file);
        this.#options.log.error(`a dashboard cannot be used and was left as it is: ${why}`, {
          file,
          folder: folder.path,
        });
      }
      if (unusable.length > 0) this.#tell({ unusable: leftAlone(unusable, folder.path) });
    } catch (error) {
      const text = `dashboards cannot be read from ${folder.path}: ${(error as Error).message}; see that it is a folder that this user may read, and start the broker again`;
      this.#options.log.error(text);
      this.#tell({ unusable: text });
    }
  }

  /** A program's own is there while it runs, also where the disk cannot keep it. */
  async #bring(id: string, document: Contents): Promise<void> {
    if (this.#all.has(id) || this.#untouchable.has(`${id}.json`)) return;
    const dashboard = this.#made(id, 1, document);
    try {
      await this.#save(dashboard);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error; // it is in the log and in the health
    }
    this.#all.set(id, dashboard);
  }

  /** By name. */
  list(): readonly DashboardSummary[] {
    return [...this.#all.values()]
      .map(({ widgets, ...summary }) => ({ ...summary, widgets: widgets.length }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1));
  }

  get(id: string): Dashboard | null {
    return this.#all.get(id) ?? null;
  }

  /** @throws {ApiProblem} TOO_MANY_DASHBOARDS, DASHBOARD_TOO_LARGE, STORE_FAILED */
  create(document: DashboardDocument): Promise<Dashboard> {
    return this.#inTurn(() => {
      if (this.#all.size >= MAX_DASHBOARDS) throw tooMany();
      return this.#add(this.#made(this.#newId(), 1, document));
    });
  }

  async #add(dashboard: Dashboard): Promise<Dashboard> {
    try {
      return await this.#put(dashboard);
    } catch (error) {
      // It may have got its name and not be safe under it. Nobody heard of it, so it must not turn up one day.
      await this.#folder?.remove(dashboard.id).catch(() => undefined);
      throw error;
    }
  }

  /** null = there is none. @throws {ApiProblem} REVISION_CONFLICT, DASHBOARD_TOO_LARGE, STORE_FAILED */
  update(id: string, { revision, ...contents }: z.output<typeof dashboardUpdate>): Promise<Dashboard | null> {
    return this.#inTurn(async () => {
      const there = this.#all.get(id);
      if (there === undefined) return null;
      if (there.revision !== revision) throw conflict(there.revision, revision);
      return this.#put(this.#made(id, revision + 1, contents));
    });
  }

  /** False = there is none. @throws {ApiProblem} STORE_FAILED */
  remove(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#all.has(id)) return false;
      await this.#onDisk((folder) => folder.remove(id));
      this.#all.delete(id);
      return true;
    });
  }

  /** Fulfilled when nothing is being written any more. */
  async close(): Promise<void> {
    await this.#last;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => undefined); // it is whoever asked for the change who hears of it
    return result;
  }

  async #put(dashboard: Dashboard): Promise<Dashboard> {
    await this.#save(dashboard);
    this.#all.set(dashboard.id, dashboard);
    return dashboard;
  }

  async #save(dashboard: Dashboard): Promise<void> {
    const text = textOf(dashboard);
    const size = Buffer.byteLength(text);
    if (size > MAX_DASHBOARD_BYTES) throw tooLarge(size);
    await this.#onDisk((folder) => folder.save(dashboard.id, text));
  }

  /** @throws {ApiProblem} STORE_FAILED; what is in memory is then to stay as it is, so that doing it again is right */
  async #onDisk(work: (folder: DashboardFolder) => Promise<void>): Promise<void> {
    if (this.#folder === null) return;
    try {
      await work(this.#folder);
    } catch (error) {
      const problem = storeFailed(this.#folder.path, error as NodeJS.ErrnoException);
      this.#options.log.error(problem.message);
      this.#tell({ failing: problem.message });
      throw problem;
    }
    if (this.#failing !== null) this.#options.log.warn('dashboards can be kept again', { folder: this.#folder.path });
    this.#tell({ failing: null });
  }

  #tell({
    unusable = this.#unusable,
    failing = this.#failing,
  }: {
    unusable?: string | null;
    failing?: string | null;
  }): void {
    if (unusable === this.#unusable && failing === this.#failing) return;
    this.#unusable = unusable;
    this.#failing = failing;
    const wrong = [unusable, failing].filter((text) => text !== null);
    this.#options.report?.(wrong.length === 0 ? null : wrong.join('; '));
  }

  #made(id: string, revision: number, { name, description, widgets }: Contents): Dashboard {
    return { id, revision, changedAt: this.#options.now(), name, description, widgets };
  }

  #newId(): string {
    const make = this.#options.newId ?? randomId;
    for (;;) {
      const id = make();
      if (!this.#all.has(id) && !this.#untouchable.has(`${id}.json`)) return id;
    }
  }
}

const randomId = (): string => randomBytes(6).toString('hex');

function checked({ id, ...document }: InitialDashboard): { id: string; document: Contents } {
  if (!DASHBOARD_ID.test(id)) {
    throw new TypeError(`"${id}" is no identifier of a dashboard: use up to 64 small letters, digits, - and _`);
  }
  const parsed = dashboardDocument.safeParse(document);
  if (!parsed.success) {
    throw new TypeError(`the initial dashboard "${id}" is none: ${parsed.error.message}`, { cause: parsed.error });
  }
  return { id, document: parsed.data };
}

/** How many unusable files a message names. */
const NAMED = 3;

function leftAlone(unusable: readonly { readonly file: string; readonly why: string }[], folder: string): string {
  const named = unusable.slice(0, NAMED).map(({ file, why }) => `${file} (${why})`);
  const more = unusable.length > NAMED ? ` and ${unusable.length - NAMED} more` : '';
  return `dashboards in ${folder} cannot be used and were left as they are: ${named.join(', ')}${more}; mend or remove the files, and start the broker again`;
}

const tooMany = (): ApiProblem =>
  new ApiProblem(
    409,
    'TOO_MANY_DASHBOARDS',
    `There are ${MAX_DASHBOARDS} dashboards, which is as many as a broker keeps. Export one that nobody needs and delete it.`,
  );

const tooLarge = (size: number): ApiProblem =>
  new ApiProblem(
    413,
    'DASHBOARD_TOO_LARGE',
    `The dashboard would take ${size} bytes, and at most ${MAX_DASHBOARD_BYTES} are kept. Shorten texts and payloads, or make two of it.`,
  );

const conflict = (there: number, asked: number): ApiProblem =>
  new ApiProblem(
    409,
    'REVISION_CONFLICT',
    `The dashboard was changed meanwhile: it is at revision ${there}, and this change is based on ${asked}. ` +
      `Load it again and make the change there, or send it with revision ${there} to put it in the other's place.`,
  );

function storeFailed(folder: string, error: NodeJS.ErrnoException): ApiProblem {
  const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT';
  const advice = isFull ? 'Make room on the disk' : 'See that this user may write there and that the disk works';
  return new ApiProblem(
    isFull ? 507 : 500,
    'STORE_FAILED',
    `Dashboards cannot be kept in ${folder}: ${error.message}. ${advice}, then try again.`,
  );
}
