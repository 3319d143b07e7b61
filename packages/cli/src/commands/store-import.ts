import { open } from 'node:fs/promises';
import { type ImportSummary, importStore, StoreToolError } from '@cauldron/broker/store';
import { type Command, type Io, UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { lines } from '../lines.ts';
import { counted, foldersOf, reported } from './store-common.ts';

/** `cauldron store import` */
export const importing: Command = {
  name: 'import',
  summary: 'make a store of JSON lines',
  usage: ['cauldron store import DIR [FILE]'],
  flags: [],
  examples: [
    {
      does: 'Make a new store of an export, and start a broker on it',
      command: 'cauldron store import new-data cauldron.jsonl && cauldron broker --data new-data',
    },
    {
      does: 'Begin with a retained message (docs/store.md describes every line)',
      command: `echo '{"type":"retained","topic":"a/b","payload":"21.5","qos":1}' | cauldron store import new-data`,
    },
  ],
  run: async (parsed, io) => {
    const [folder, file] = foldersOf(parsed, 1);
    requireInput(file, io);
    return reported('import', io, async () => {
      const input = await openInput(file, io);
      const summary = await importStore(folder, readable(lines(input), file));
      io.stdout.write(`${folder}: ${summaryText(summary)}\n`);
      return exitCode.ok;
    });
  },
};

type Input = AsyncIterable<Uint8Array | string>;

function requireInput(file: string | undefined, io: Io): void {
  if (file === undefined && (io.stdin as Partial<NodeJS.ReadStream>).isTTY === true) {
    throw new UsageError('name the file to import, or send lines to standard input');
  }
}

/** Opens the file before anything else is done. */
async function openInput(file: string | undefined, io: Io): Promise<Input> {
  if (file === undefined || file === '-') return io.stdin as Input;
  try {
    return (await open(file)).createReadStream();
  } catch (error) {
    throw unreadable(error, file);
  }
}

/** The lines, with errors of the file in words. */
async function* readable(source: AsyncIterable<Uint8Array>, file = 'standard input'): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    throw unreadable(error, file);
  }
}

function unreadable(error: unknown, file: string): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  return new StoreToolError(`cannot read ${file}: ${message}; nothing was imported`, { cause: error });
}

function summaryText({ counts, unused }: ImportSummary): string {
  const parts = [
    counted(counts.session, 'session'),
    counted(counts.subscription, 'subscription'),
    `${counted(counts.message, 'message')} in ${counted(counts.queued, 'place')} of queues`,
    counted(counts.retained, 'retained message'),
  ];
  const left = unused === 0 ? '' : ` (${counted(unused, 'message')} left out, which nothing refers to)`;
  return `imported ${parts.join(', ')}${left}`;
}
