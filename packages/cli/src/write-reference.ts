// Writes docs/cli.md from the commands' tables. A test says when it is out of date.
import { writeFileSync } from 'node:fs';
import { commands } from './commands.ts';
import { cliReference } from './reference.ts';

const all = await Promise.all(commands.map((command) => command.load()));
writeFileSync(new URL('../../../docs/cli.md', import.meta.url), cliReference(all));
