import type { Command } from './command.ts';

/** A command that is loaded only when it is used, so that `cauldron pub` does not wait for the broker's code. */
export interface CommandEntry {
  readonly name: string;
  /** The same text as in the command's own table; a test compares them. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'broker',
    summary: 'start a broker',
    load: async () => (await import('./commands/broker.ts')).broker,
  },
  {
    name: 'demo',
    summary: 'start a broker with two simulated devices, and open their dashboard',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'pub',
    summary: 'publish messages',
    load: async () => (await import('./commands/pub.ts')).pub,
  },
  {
    name: 'sub',
    summary: 'subscribe to topics and print what arrives',
    load: async () => (await import('./commands/sub.ts')).sub,
  },
  {
    name: 'bench',
    summary: 'measure how fast messages go through a broker',
    load: async () => (await import('./commands/bench.ts')).bench,
  },
  {
    name: 'config',
    summary: "check, show and explain the broker's configuration",
    load: async () => (await import('./commands/config.ts')).config,
  },
  {
    name: 'explain',
    summary: 'say whether a client may publish, subscribe or receive, and which rule decides',
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    name: 'passwd',
    summary: 'add, change, remove and check the users of a password file',
    load: async () => (await import('./commands/passwd.ts')).passwd,
  },
  {
    name: 'store',
    summary: 'check, count, export, import, compact and back up the data of a broker',
    load: async () => (await import('./commands/store.ts')).store,
  },
];
