import type { Command, Flag } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { flagGroups, flagTitle } from './help.ts';

/**
 * docs/cli.md, made from the commands' own tables, so that it says what the program does.
 *
 * @param commands in the order of the page
 */
export function cliReference(commands: readonly Command[]): string {
  return `${[
    '# The `cauldron` command',
    '',
    '<!-- Made from the tables in packages/cli/src; do not edit. `node packages/cli/src/write-reference.ts` writes it anew. -->',
    '',
    'From a clone: `npx cauldron COMMAND`. `cauldron help COMMAND` prints what stands here.',
    'Flags may be written `--topic a/b`, `--topic=a/b`, `-t a/b` or `-ta/b`; letters without a value may be bundled (`-vN`);',
    'after `--` nothing is a flag. A flag that is given twice and takes one value has the last one.',
    '',
    ...commands.flatMap((command) => section(command, '##')),
    ...formatSection,
    ...exitSection(),
    ...differences,
  ].join('\n')}\n`;
}

function section(command: Command, level: string): string[] {
  const title = command.usage[0]!.split(' ').slice(0, level.length).join(' ');
  return [
    `${level} ${title}`,
    '',
    `${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.`,
    '',
    '```',
    ...command.usage,
    '```',
    '',
    ...command.examples.flatMap(({ does, command: line }) => [`${does}:`, '', '```sh', line, '```', '']),
    ...[...flagGroups(command.flags)].flatMap(([group, flags]) => table(group, flags)),
    ...(command.subcommands ?? []).flatMap((sub) => section(sub, `${level}#`)),
  ];
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function table(group: string, flags: readonly Flag[]): string[] {
  const rows = flags.map((flag) => `| \`${flagTitle(flag).trim()}\` | ${cell(flag.help)} |`);
  return [`**${group}**`, '', '| flag | what it does |', '|---|---|', ...rows, ''];
}

const formatRows: readonly (readonly [string, string])[] = [
  ['%t', 'topic'],
  ['%p', 'payload, as it is'],
  ['%x %X', 'payload as hexadecimal, lower or upper case'],
  ['%l', 'length of the payload in bytes'],
  ['%q', 'QoS'],
  ['%r', 'retain flag, 0 or 1'],
  ['%m', 'packet identifier; 0 with QoS 0'],
  ['%j', 'the message as JSON, the payload as a string'],
  ['%J', 'the message as JSON, the payload as the JSON it is; one that is none is told on standard error and skipped'],
  ['%I', 'date and time, ISO 8601'],
  ['%U', 'seconds since 1970 with nanoseconds'],
  [
    '%A %C %D %E %F %P %R %S',
    'MQTT 5: topic alias, content type, correlation data, message expiry, payload format, user properties (name:value), response topic, subscription identifiers',
  ],
  ['%%', 'a percent sign'],
  ['@H @M @S ...', 'time, as strftime(3) has it; @N nanoseconds; @@ an at sign'],
  ['\\n \\t \\r \\0 \\a \\e \\v \\\\', 'line feed, tab, carriage return, null, bell, escape, vertical tab, backslash'],
];

const formatSection = [
  '## Formats of `cauldron sub -F`',
  '',
  '| sequence | prints |',
  '|---|---|',
  ...formatRows.map(([sequence, prints]) => `| \`${sequence}\` | ${prints} |`),
  '',
  'Between the percent sign and the letter may stand `-` (left-aligned), `0` (filled with zeros), a width and, for',
  '`%C %I %R %t`, a largest width: `%-20.20t` is the topic in exactly 20 columns.',
  '',
];

const exitSection = (): string[] => [
  '## Exit codes',
  '',
  '| code | when |',
  '|---|---|',
  ...exitCodes.map(({ code, means }) => `| ${code} | ${cell(means)} |`),
  '',
  '`cauldron sub` without `-C`, `-E` or `--retained-only` has no end of its own: there, Ctrl-C exits with 0.',
  '',
];

const differences = [
  '## Where it differs from mosquitto_pub and mosquitto_sub',
  '',
  '- A refused connection exits with 3 and names the reason; Mosquitto exits with the CONNACK code.',
  '- `-d` writes to standard error, so that it never mixes with messages.',
  '- A lost connection ends the command with exit code 6; `mosquitto_sub` connects again by itself.',
  '- `sub -C` acknowledges only the messages it printed: what comes after them waits in a kept session (`-c`).',
  '- The JSON time stamp is valid ISO 8601, and a user property that repeats becomes a list.',
  '- `%x` and `%X` never cut the payload to the width. `--tls-version` knows no version below 1.2.',
  '- `-D` and `-x` make the connection MQTT 5.0; together with an explicit `-V` of a 3.x version they are a usage error.',
  '- The flags `--psk`, `--psk-identity`, `--proxy`, `--tls-engine`, `--keyform` and `-S` do not exist, and no file with default flags is read.',
];
