import { adviceFor, checkStore, StoreError, StoreRefused, StoreToolError } from '@cauldron/broker/store';
import type { Command, Io } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { foldersOf, jsonFlag } from './store-common.ts';

/** `cauldron store check` */
export const check: Command = {
  name: 'check',
  summary: 'say whether a store is sound, and what to do if not',
  usage: ['cauldron store check DIR [--json]'],
  flags: [jsonFlag],
  examples: [
    {
      does: 'Look a store over, also while its broker runs; nothing is changed',
      command: 'cauldron store check cauldron-data',
    },
    {
      does: 'In a script: 0 = sound, 1 = something is wrong, 2 = it cannot be opened',
      command: 'cauldron store check cauldron-data || echo "look at the store"',
    },
  ],
  run: async (parsed, io) => {
    const [folder] = foldersOf(parsed);
    const json = parsed.values.json === true;
    try {
      const { folder: path, findings, advice } = checkStore(folder);
      return tell(path, findings, advice, json, io);
    } catch (error) {
      if (error instanceof StoreRefused && error.reason === 'damaged') {
        return tell(folder, [error.message], adviceFor(folder), json, io);
      }
      if (!(error instanceof StoreError || error instanceof StoreToolError)) throw error;
      io.stderr.write(`cauldron store check: ${error.message}\n`);
      return exitCode.usage;
    }
  },
};

function tell(folder: string, findings: readonly string[], advice: readonly string[], json: boolean, io: Io): number {
  const sound = findings.length === 0;
  if (json) io.stdout.write(`${JSON.stringify({ folder, sound, findings })}\n`);
  else if (sound) io.stdout.write(`${folder}: the store is sound\n`);
  else
    io.stdout.write(
      `${folder}: the store is damaged\n${[...findings.map((one) => `- ${one}`), '', ...advice].join('\n')}\n`,
    );
  return sound ? exitCode.ok : exitCode.failure;
}
