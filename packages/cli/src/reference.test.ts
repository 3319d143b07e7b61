import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseArgs } from './args.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { exitCodes } from './exit-codes.ts';
import { cliReference } from './reference.ts';

const all = await Promise.all(commands.map((command) => command.load()));
const withSubcommands = (command: Command): readonly Command[] => [
  command,
  ...(command.subcommands ?? []).flatMap(withSubcommands),
];

test('docs/cli.md is what the tables say now (else: node packages/cli/src/write-reference.ts)', () => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  assert.equal(page, cliReference(all));
});

test('the list of commands says of each what its own table says', () => {
  assert.deepEqual(
    commands.map(({ name, summary }) => ({ name, summary })),
    all.map(({ name, summary }) => ({ name, summary })),
  );
});

for (const command of all.flatMap(withSubcommands)) {
  test(`no two flags of ${command.usage[0]} share a name or a letter`, () => {
    const names = command.flags.map(({ long }) => long);
    const letters = command.flags.flatMap(({ short }) => short ?? []);
    assert.equal(new Set(names).size, names.length);
    assert.equal(new Set(letters).size, letters.length);
  });
}

/** Splits a line as a shell does, as far as our examples need it. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

for (const command of all.filter(({ name }) => ['pub', 'sub', 'bench'].includes(name))) {
  for (const { command: line } of command.examples) {
    test(`the example is understood: ${line}`, () => {
      const args = words(line.replace(/^.*cauldron \w+ ?/, ''));
      assert.deepEqual(parseArgs(args, command.flags).positionals, []);
    });
  }
}

test('no exit code has two meanings', () => {
  assert.equal(new Set(exitCodes.map(({ code }) => code)).size, exitCodes.length);
});
