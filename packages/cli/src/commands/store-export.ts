import { once } from 'node:events';
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { type ExportSummary, exportStore, StoreToolError } from '@cauldron/broker/store';
import type { Command, Io } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { Printer } from '../printer.ts';
import { counted, foldersOf, reported } from './store-common.ts';

/** `cauldron store export` */
export const exporting: Command = {
  name: 'export',
  summary: 'write what a store holds as JSON lines',
  usage: ['cauldron store export DIR [-o FILE]'],
  flags: [
    {
      long: 'output',
      short: 'o',
      value: 'FILE',
      help: 'File to write, replaced when everything is in it. Without it: standard output.',
    },
  ],
  examples: [
    {
      does: 'Save everything in a file that people and programs can read (docs/store.md describes it)',
      command: 'cauldron store export cauldron-data -o cauldron.jsonl',
    },
    {
      does: 'List the retained messages',
      command: `cauldron store export cauldron-data | jq -c 'select(.type == "retained")'`,
    },
  ],
  run: async (parsed, io) => {
    const [folder] = foldersOf(parsed);
    const { output } = parsed.values;
    return reported('export', io, async () => {
      const pieces = exportStore(folder);
      if (typeof output !== 'string') return lossesOf(await print(pieces, io), io);
      const summary = await writeFile(pieces, output);
      io.stdout.write(`${output}: ${summaryText(summary)}\n`);
      return lossesOf(summary, io);
    });
  },
};

type Pieces = Generator<string, ExportSummary>;

/** Prints as fast as it is read; null where nobody reads any more. */
async function print(pieces: Pieces, io: Io): Promise<ExportSummary | null> {
  const printer = new Printer(io.stdout);
  let isClosed = false;
  void printer.closed.then(() => {
    isClosed = true;
  });
  try {
    for (;;) {
      const piece = pieces.next();
      if (piece.done === true) return piece.value;
      await printer.write(Buffer.from(piece.value));
      if (isClosed) {
        pieces.return(undefined as never);
        return null;
      }
    }
  } finally {
    printer.release();
  }
}

/** Writes beside the file and puts it in its place at the end: what was there stays until then. */
async function writeFile(pieces: Pieces, path: string): Promise<ExportSummary> {
  const unfinished = `${path}.part`;
  const file = createWriteStream(unfinished, { flush: true, mode: 0o600 });
  try {
    await once(file, 'open');
    let piece = pieces.next();
    for (; piece.done !== true; piece = pieces.next()) if (!file.write(piece.value)) await once(file, 'drain');
    file.end();
    await once(file, 'close');
    renameSync(unfinished, path);
    return piece.value;
  } catch (error) {
    pieces.return(undefined as never);
    file.destroy();
    rmSync(unfinished, { force: true });
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new StoreToolError(`cannot write ${path}: ${message}; name a file in another place with -o`, {
      cause: error,
    });
  }
}

function lossesOf(summary: ExportSummary | null, io: Io): number {
  if (summary === null || summary.losses.length === 0) return exitCode.ok;
  io.stderr.write('cauldron store export: the store is damaged, and not everything could be read:\n');
  for (const loss of summary.losses) io.stderr.write(`- ${loss}\n`);
  return exitCode.failure;
}

function summaryText({ sessions, subscriptions, messages, queued, retained }: ExportSummary): string {
  return [
    counted(sessions, 'session'),
    counted(subscriptions, 'subscription'),
    `${counted(messages, 'message')} in ${counted(queued, 'place')} of queues`,
    counted(retained, 'retained message'),
  ].join(', ');
}
