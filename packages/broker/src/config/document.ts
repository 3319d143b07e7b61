import { stringify } from 'smol-toml';
import { environmentName } from './environment.ts';
import { formatBytes, formatSeconds } from './quantity.ts';
import { accepts, type Setting } from './setting.ts';
import { configTree, type Leaf, type List, type Table } from './tree.ts';

const HEAD = `# Configuration

<!-- Generated from the schema by \`npx cauldron config docs > docs/configuration.md\`; a test keeps it current. -->

The broker needs no configuration. What is set somewhere is taken in this order, the later over the earlier:

1. the defaults below;
2. a TOML file: the one that \`-c FILE\` names, else \`./cauldron.toml\`, else \`/etc/cauldron/cauldron.toml\` (the broker says
   which one it read);
3. environment variables;
4. flags of \`cauldron broker\`.

A program that embeds the broker gives the same keys as an object to \`createBroker\`; files, environment and flags are then
not looked at.

| Command | Does |
|---|---|
| \`npx cauldron config example\` | prints a file with every setting, its meaning and its default |
| \`npx cauldron config check -c FILE\` | says what is wrong with a file and the environment, without starting anything |
| \`npx cauldron config show -c FILE\` | prints the values in force, and where each one came from |

**A mistake is refused.** An unknown key or a value out of range stops the broker with the file, the line, what is accepted
and the likely spelling.

**Sizes** are whole numbers of bytes, or text with a unit: \`"512 KiB"\`, \`"16 MiB"\`, \`"1 GiB"\` (powers of 1024), \`"1 MB"\` (powers of
1000). **Times** are numbers of seconds, or text with a unit: \`"500 ms"\`, \`"10 s"\`, \`"5 min"\`, \`"2 h"\`, \`"30 d"\`.

**Environment variables** are named after the key: \`limits.maxPacketSize\` is \`CAULDRON_LIMITS_MAX_PACKET_SIZE\`, and \`port\` of the
first listener is \`CAULDRON_LISTENERS_0_PORT\`. An empty one counts as not set; one that starts with \`CAULDRON_\` and means nothing is
refused (except those that Kubernetes sets by itself for a service called \`cauldron\`).
`;

/** The text of docs/configuration.md. */
export function configurationDocument(): string {
  return HEAD + sectionsOf(configTree, []).join('');
}

/** A section a table or list, each followed by the lists inside it. */
function sectionsOf(parent: Table, path: readonly string[]): string[] {
  return [...parent.fields].flatMap(([key, node]) => {
    const inner = [...path, key];
    const name = inner.join('.');
    if (node.type === 'list') {
      return [
        `\n## [[${name}]]\n\n${node.help}\n\n${defaultsOfList(name, node)}\n${table(node.item, [...inner, '0'])}`,
      ];
    }
    if (node.type === 'leaf') return [];
    return [`\n## [${name}]\n\n${node.help}\n\n${table(node, inner)}`, ...sectionsOf(node, inner)];
  });
}

function defaultsOfList(name: string, list: List): string {
  if (list.default.length === 0) return 'Default: none.\n';
  return `Default:\n\n\`\`\`toml\n${stringify({ [name]: list.default }).trim()}\n\`\`\`\n`;
}

function table(section: Table, path: readonly string[]): string {
  const rows = leaves(section).map(([key, leaf]) => {
    const cells = [`\`${key}\``, writtenDefault(leaf), accepts(leaf.setting), leaf.setting.help];
    return `| ${[...cells, `\`${environmentName([...path, key])}\``].map(cell).join(' | ')} |\n`;
  });
  return `| Key | Default | Takes | Meaning | Environment |\n|---|---|---|---|---|\n${rows.join('')}`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

const leaves = (section: Table): [string, Leaf][] =>
  [...section.fields].flatMap(([key, node]): [string, Leaf][] => (node.type === 'leaf' ? [[key, node]] : []));

function writtenDefault(leaf: Leaf): string {
  if (leaf.default === undefined) return leaf.absent ?? 'none, it is needed';
  const readable = humanSize(leaf.setting, leaf.default);
  return `\`${JSON.stringify(leaf.default)}\`${readable === undefined ? '' : ` (${readable})`}`;
}

function humanSize(setting: Setting, value: unknown): string | undefined {
  if (setting.kind === 'bytes') return formatBytes(Number(value));
  return setting.kind === 'seconds' ? formatSeconds(Number(value)) : undefined;
}

/**
 * A configuration file with every setting. As it stands it means the defaults: `#key = value` lines show a default (or,
 * where there is none, an example) and count once the `#` is taken away; `# text` lines explain.
 */
export function exampleConfig(): string {
  const head = comment(
    'Cauldron configuration. As it stands, this file means the defaults. Take the # from a line such as #port = 1883 to ' +
      'change it. "cauldron config check -c FILE" says whether the result is right.',
  );
  return head + examplesOf(configTree, []).join('');
}

function examplesOf(parent: Table, path: readonly string[]): string[] {
  return [...parent.fields].flatMap(([key, node]) => {
    const name = [...path, key].join('.');
    if (node.type === 'list') return [`\n${comment(node.help ?? '')}${exampleList(name, node)}`];
    if (node.type === 'leaf') return [];
    const own = `\n${comment(node.help ?? '')}[${name}]\n${exampleTable(node, {})}`;
    return [own, ...examplesOf(node, [...path, key])];
  });
}

/** The default items are written out, the first of them explaining every key; where there is none, one in comments. */
function exampleList(name: string, list: List): string {
  const items = list.default as readonly Readonly<Record<string, unknown>>[];
  if (items.length === 0) return `#[[${name}]]\n${exampleTable(list.item, {})}`;
  return items
    .map((item, index) =>
      index === 0 ? `[[${name}]]\n${exampleTable(list.item, item)}` : stringify({ [name]: [item] }),
    )
    .join('\n');
}

function exampleTable(section: Table, active: Readonly<Record<string, unknown>>): string {
  const lines = leaves(section).map(([key, leaf]) => {
    const isActive = Object.hasOwn(active, key);
    const pair = stringify({ [key]: isActive ? active[key] : exampleValue(leaf) });
    const absent = leaf.default === undefined ? ` Default: ${writtenDefault(leaf)}.` : '';
    return comment(`${leaf.setting.help}${absent} Takes ${accepts(leaf.setting)}.`) + (isActive ? pair : `#${pair}`);
  });
  return lines.join('');
}

function exampleValue({ setting, default: preset }: Leaf): unknown {
  if (preset !== undefined) return humanSize(setting, preset) ?? preset;
  if (setting.kind === 'text') return setting.example;
  if (setting.kind === 'choice') return setting.choices.at(-1);
  return setting.kind === 'count' || setting.kind === 'seconds' ? Math.max(setting.min, 10) : '1 MiB';
}

const WIDTH = 110;

function comment(text: string): string {
  const lines = [''];
  for (const word of text.replaceAll('`', '').split(' ')) {
    if (lines.at(-1)!.length + word.length > WIDTH) lines.push('');
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.map((line) => `#${line}\n`).join('');
}
