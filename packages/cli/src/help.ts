import type { Command, Flag } from './command.ts';

const WIDTH = 100;
const DEFAULT_GROUP = 'Options';

/** Breaks text at spaces so that no line is longer than `width`, unless a single word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** How a flag is called: `-t, --topic TOPIC`. */
export function flagTitle(flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  if (flag.value === undefined) return `${short}--${flag.long}`;
  return `${short}--${flag.long}${flag.optional === true ? `[=${flag.value}]` : ` ${flag.value}`}`;
}

/** The flags by group, in the order in which the table names them first. */
export function flagGroups(flags: readonly Flag[]): Map<string, Flag[]> {
  const groups = new Map<string, Flag[]>();
  for (const flag of flags) {
    const title = flag.group ?? DEFAULT_GROUP;
    const group = groups.get(title);
    if (group === undefined) groups.set(title, [flag]);
    else group.push(flag);
  }
  return groups;
}

const columns = (rows: readonly (readonly [string, string])[], limit: number): string[] => {
  const left = Math.min(limit, Math.max(0, ...rows.map(([title]) => title.length)));
  return rows.flatMap(([title, text]) => {
    const lines = wrap(text, WIDTH - left - 4).map((line) => `${' '.repeat(left + 4)}${line}`);
    if (title.length > left) return [`  ${title}`, ...lines];
    return [`  ${title.padEnd(left)}${lines[0]!.slice(left + 2)}`, ...lines.slice(1)];
  });
};

/** What `cauldron help COMMAND` prints, made from the command's table. */
export function commandHelp(command: Command): string {
  const lines = [
    `${command.usage[0]!.split(' ').slice(0, wordsOf(command)).join(' ')}: ${command.summary}`,
    '',
    'Usage',
  ];
  lines.push(...command.usage.map((line) => `  ${line}`));
  if (command.examples.length > 0) {
    lines.push('', 'Examples');
    for (const example of command.examples) lines.push(`  ${example.does}:`, `    ${example.command}`);
  }
  if (command.subcommands !== undefined) {
    lines.push(
      '',
      'Commands',
      ...columns(
        command.subcommands.map((sub) => [sub.name, sub.summary]),
        24,
      ),
    );
  }
  for (const [title, flags] of flagGroups(command.flags)) {
    lines.push(
      '',
      title,
      ...columns(
        flags.map((flag) => [flagTitle(flag), flag.help]),
        32,
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** How many words of the first usage line name the command: `cauldron pub` is two. */
function wordsOf(command: Command): number {
  return command.usage[0]!.split(' ').indexOf(command.name.split(' ').at(-1)!) + 1 || 2;
}

/** What `cauldron --help` prints. */
export function overview(commands: readonly { readonly name: string; readonly summary: string }[]): string {
  return `${[
    'cauldron: an MQTT broker, and the tools to talk to one',
    '',
    'Usage',
    '  cauldron COMMAND [FLAGS]',
    '  cauldron help COMMAND',
    '',
    'Try it: a broker in one terminal, a subscriber in a second, a publisher in a third',
    '  cauldron broker',
    "  cauldron sub -t 'greetings/#' -v",
    "  cauldron pub -t greetings/kitchen -m 'soup is ready'",
    '',
    'Commands',
    ...columns(
      [...commands.map(({ name, summary }) => [name, summary] as const), ['help', 'show how a command is used']],
      24,
    ),
    '',
    'Flags',
    ...columns(
      [
        ['--help', 'show this, or after a command how that command is used'],
        ['--version', 'show the version'],
      ],
      24,
    ),
  ].join('\n')}\n`;
}
