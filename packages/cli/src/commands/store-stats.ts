import { type StoreStats, storeStats } from '@cauldron/broker/store';
import type { Command } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { counted, foldersOf, jsonFlag, reported, sizeText } from './store-common.ts';

/** `cauldron store stats` */
export const stats: Command = {
  name: 'stats',
  summary: 'count what a store holds, and show the longest queues',
  usage: ['cauldron store stats DIR [--json]'],
  flags: [jsonFlag],
  examples: [
    { does: 'See what waits, also while the broker runs', command: 'cauldron store stats cauldron-data' },
    {
      does: 'Take one number out of it',
      command: "cauldron store stats cauldron-data --json | jq '.queued.messages'",
    },
  ],
  run: async (parsed, io) => {
    const [folder] = foldersOf(parsed);
    return reported('stats', io, () => {
      const found = storeStats(folder);
      io.stdout.write(parsed.values.json === true ? `${JSON.stringify(found)}\n` : `${statsLines(found).join('\n')}\n`);
      return exitCode.ok;
    });
  },
};

function statsLines(found: StoreStats): string[] {
  const { sessions, queued, messages, file } = found;
  const number = (value: number): string => value.toLocaleString('en');
  const rows: [string, string][] = [
    ['sessions', `${number(sessions.total)} (${number(sessions.connected)} connected, ${number(sessions.away)} away)`],
    ['subscriptions', number(found.subscriptions)],
    ['queued', `${counted(queued.messages, 'message')}, ${sizeText(queued.bytes)}`],
    ['in flight', counted(found.inflight, 'message')],
    [
      'stored',
      `${counted(messages.total, 'message')}, ${sizeText(messages.bytes)} (each once, however many queues it is in)`,
    ],
    ['retained', counted(found.retained, 'message')],
    ['wills', number(found.wills)],
    ['file', `${sizeText(file.bytes)}, ${number(file.freePages)} of ${number(file.pages)} pages free`],
    ['log', sizeText(file.logBytes)],
    ['schema version', number(found.schemaVersion)],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(15)} ${value}`);
  return [found.folder, ...lines, ...queueLines(found)];
}

function queueLines({ longestQueues }: StoreStats): string[] {
  if (longestQueues.length === 0) return [];
  const rows = longestQueues.map(({ clientId, connected, messages, bytes }) => [
    messages.toLocaleString('en'),
    sizeText(bytes),
    connected ? 'connected' : 'away',
    clientId,
  ]);
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  const widths = [width(0), width(1), width(2)] as const;
  return [
    '  longest queues',
    ...rows.map(
      ([messages, bytes, where, clientId]) =>
        `    ${messages!.padStart(widths[0])}  ${bytes!.padStart(widths[1])}  ${where!.padEnd(widths[2])}  ${clientId}`,
    ),
  ];
}
