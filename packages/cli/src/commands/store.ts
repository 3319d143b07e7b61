import { backupStore, compactStore } from '@cauldron/broker/store';
import { type Command, UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { check } from './store-check.ts';
import { foldersOf, reported, sizeText } from './store-common.ts';
import { exporting } from './store-export.ts';
import { importing } from './store-import.ts';
import { stats } from './store-stats.ts';

const compact: Command = {
  name: 'compact',
  summary: 'make the file of a store as small as what it holds, while no broker runs on it',
  usage: ['cauldron store compact DIR'],
  flags: [],
  examples: [
    { does: 'Give room back after long queues were worked off', command: 'cauldron store compact cauldron-data' },
  ],
  run: async (parsed, io) => {
    const [folder] = foldersOf(parsed);
    return reported('compact', io, async () => {
      const { before, after } = await compactStore(folder);
      io.stdout.write(`${folder}: ${sizeText(before)} before, ${sizeText(after)} now\n`);
      return exitCode.ok;
    });
  },
};

const backup: Command = {
  name: 'backup',
  summary: 'copy a store to a new folder, also while its broker runs',
  usage: ['cauldron store backup DIR --to DIR'],
  flags: [{ long: 'to', value: 'DIR', help: 'Folder for the copy: one without a store. A broker can start on it.' }],
  examples: [
    { does: 'Back up every night', command: 'cauldron store backup cauldron-data --to "backups/$(date +%F)"' },
    { does: 'Go back to a backup', command: 'cauldron broker --data backups/2026-01-31' },
  ],
  run: async (parsed, io) => {
    const [folder] = foldersOf(parsed);
    const { to } = parsed.values;
    if (typeof to !== 'string') throw new UsageError('say with --to which folder the copy goes to');
    return reported('backup', io, async () => {
      const copy = await backupStore(folder, to);
      const beside =
        copy.dashboards === 0 ? '' : `, and ${copy.dashboards} dashboard${copy.dashboards === 1 ? '' : 's'}`;
      io.stdout.write(`${copy.folder}: ${sizeText(copy.bytes)}${beside}, as ${folder} was when the copy began\n`);
      return exitCode.ok;
    });
  },
};

const subcommands = [check, stats, exporting, importing, compact, backup];

/** `cauldron store`: look into the data folder of a broker, and look after it. */
export const store: Command = {
  name: 'store',
  summary: 'check, count, export, import, compact and back up the data of a broker',
  usage: ['cauldron store check|stats|export|import|compact|backup DIR'],
  flags: [],
  examples: [...check.examples.slice(0, 1), ...backup.examples.slice(0, 1)],
  subcommands,
  run: async () => {
    throw new UsageError('say what to do: check, stats, export, import, compact or backup');
  },
};
