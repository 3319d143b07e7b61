import { isUtf8 } from 'node:buffer';
import { dirname, resolve } from 'node:path';
import { MqttError } from '@cauldron/protocol';
import { SqliteEngine } from '../store/sqlite-engine.ts';
import { LineProblem } from './fields.ts';
import { holdsStore, makeFolder, replaceDatabase, withLock } from './files.ts';
import { type LineCounts, LineImporter } from './import-lines.ts';
import { type Line, readLine } from './lines.ts';
import { explained, StoreToolError } from './tool-error.ts';

/** What was imported. */
export interface ImportSummary {
  readonly counts: Readonly<LineCounts>;
  /** Messages that no queue, no session and no topic refers to: they were left out. */
  readonly unused: number;
}

export interface ImportOptions {
  /** Milliseconds since 1970, for times that lines leave out. Default: now. */
  readonly now?: number;
}

/** Lines that cannot be imported. Nothing was. */
export class ImportRefused extends StoreToolError {
  /** `line N: ...`, in order; the first few where there are many. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const more = problems.length === MOST_PROBLEMS ? ' (there may be more)' : '';
    super(`nothing was imported${more}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Problems told at once. */
const MOST_PROBLEMS = 10;

/**
 * Makes a store of the lines that docs/store.md describes, in a folder that has none: all of them, or nothing.
 *
 * @param folder made where it is not there
 * @param lines without their line feeds, in UTF-8
 * @throws {ImportRefused} naming the lines and what is wrong with them
 * @throws {StoreToolError} the folder has a store
 * @throws {StoreError} the folder is in use, or the disk fails
 */
export async function importStore(
  folder: string,
  lines: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ImportOptions = {},
): Promise<ImportSummary> {
  const path = resolve(folder);
  refuseStore(path);
  makeFolder(path);
  return withLock(path, () => {
    refuseStore(path);
    return replaceDatabase(path, (file) => fill(file, lines, options.now ?? Date.now()));
  });
}

function refuseStore(folder: string): void {
  if (!holdsStore(folder)) return;
  throw new StoreToolError(
    `${folder} holds a store already, and an import makes a new one: name a folder that is new or empty. Nothing was changed`,
  );
}

async function fill(
  file: string,
  lines: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  now: number,
): Promise<ImportSummary> {
  // Durability comes at the end, when the whole file is put in its place.
  const engine = SqliteEngine.open(file, { synchronous: false });
  const importer = new LineImporter(engine, now);
  try {
    await new LineReader(importer).read(lines);
    importer.finish();
    while (engine.maintain());
    const { counts } = importer;
    const kept = Number(engine.database.prepare('SELECT count(*) AS n FROM message').get()!.n);
    const { inline } = importer;
    return { counts, unused: counts.message + inline - kept };
  } catch (error) {
    throw explained(error, dirname(file), 'cannot write the new store');
  } finally {
    importer.close();
    engine.close();
  }
}

/** Reads lines, keeps account of what is wrong, and of where the file begins and ends. */
class LineReader {
  readonly #importer: LineImporter;
  readonly #problems: string[] = [];
  #number = 0;
  #first: number | null = null;
  #content = 0;
  #header = false;
  #ended = false;

  constructor(importer: LineImporter) {
    this.#importer = importer;
  }

  /** @throws {ImportRefused} */
  async read(lines: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    for await (const line of lines) {
      this.#number += 1;
      this.#attempt(() => this.#line(line));
      if (this.#problems.length === MOST_PROBLEMS) break;
    }
    if (this.#problems.length === 0 && this.#header && !this.#ended) {
      this.#problems.push(
        `line ${this.#number}: the file ends here without its last line {"type":"end", ...}: it is cut short`,
      );
    }
    if (this.#problems.length > 0) throw new ImportRefused(this.#problems);
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      // What the codec refuses to write of a message is a fault of the line too.
      if (!(error instanceof LineProblem) && !(error instanceof MqttError)) throw error;
      this.#problems.push(`line ${this.#number}: ${error.message}`);
    }
  }

  #line(bytes: Uint8Array): void {
    if (!isUtf8(bytes)) throw new LineProblem('this is no text in UTF-8');
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .trim();
    if (text === '') return;
    this.#first ??= this.#number;
    if (this.#ended) throw new LineProblem('there is something behind the last line {"type":"end", ...}');
    this.#take(readLine(text));
  }

  #take(line: Line): void {
    if (line.type === 'header') {
      if (this.#first !== this.#number) throw new LineProblem('the line with "cauldron" has to be the first one');
      this.#header = true;
    } else if (line.type === 'end') {
      this.#ended = true;
      if (line.lines !== undefined && line.lines !== this.#content) {
        throw new LineProblem(
          `${line.lines} lines should stand before this one, but ${this.#content} do: some are lost`,
        );
      }
    } else {
      this.#content += 1;
      this.#importer.take(line, this.#number);
    }
  }
}
