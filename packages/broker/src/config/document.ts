import { stringify } from 'smol-toml';
import { environmentName, isSettable } from './environment.ts';
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
refused (except those that Kubernetes sets by itself for a service called \`cauldron\`). A list of texts is written with commas between
them.

**Relative paths** start at the working directory, wherever the configuration file is.

**Secrets** are written as they are, or better from elsewhere: \`bindPassword = "\${LDAP_PASSWORD}"\` or \`{ env = "LDAP_PASSWORD" }\` from an
environment variable, \`{ file = "/run/secrets/ldap" }\` from a file (without the line end at its end). In a text, \`\${NAME}\` may stand
among other characters. They are read once, when the configuration is; no log line, no error and no \`cauldron config show\` has them
(\`***\` stands there, in a URL for its password).
`;

/** The text of docs/configuration.md. */
export function configurationDocument(): string {
  return HEAD + sectionsOf(configTree, []).join('');
}

/** A section a table or list, each followed by those inside it. */
function sectionsOf(parent: Table, path: readonly string[]): string[] {
  return [...parent.fields].flatMap(([key, node]) => {
    const inner = [...path, key];
    const name = tomlName(inner);
    if (node.type === 'list') {
      const head = `\n## [[${name}]]\n\n${node.help}\n\n${defaultsOfList(name, node)}`;
      return [head, ...itemsOf(node, [...inner, '0'])];
    }
    if (node.type !== 'table') return [];
    const absent = node.optional ? 'Default: none.\n\n' : '';
    return [`\n## [${name}]\n\n${node.help}\n\n${absent}${table(node, inner)}`, ...sectionsOf(node, inner)];
  });
}

function itemsOf({ item }: List, path: readonly string[]): string[] {
  if (item.type === 'table') return [`\n${table(item, path)}`, ...sectionsOf(item, path)];
  return [...item.variants].map(
    ([name, variant]) => `\n### ${item.key} = ${JSON.stringify(name)}\n\n${variant.help}\n\n${table(variant, path)}`,
  );
}

/** A path without the indices of lists, as headers of tables are written. */
const tomlName = (path: readonly string[]): string => path.filter((step) => step !== '0').join('.');

function defaultsOfList(name: string, list: List): string {
  if (list.default.length === 0) return 'Default: none.\n';
  return `Default:\n\n\`\`\`toml\n${stringify({ [name]: list.default }).trim()}\n\`\`\`\n`;
}

function table(section: Table, path: readonly string[]): string {
  const rows = leaves(section).map(([key, leaf]) => {
    const cells = [`\`${key}\``, writtenDefault(leaf), accepts(leaf.setting), leaf.setting.help];
    const variable = isSettable(leaf.setting) ? `\`${environmentName([...path, key])}\`` : 'none';
    return `| ${[...cells, variable].map(cell).join(' | ')} |\n`;
  });
  return `| Key | Default | Takes | Meaning | Environment |\n|---|---|---|---|---|\n${rows.join('')}`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

const leaves = (section: Table): [string, Leaf][] =>
  [...section.fields].flatMap(([key, node]): [string, Leaf][] => (node.type === 'leaf' ? [[key, node]] : []));

function writtenDefault(leaf: Leaf): string {
  if (leaf.default === undefined) return leaf.absent ?? 'none, it is needed';
  if (Array.isArray(leaf.default) && leaf.default.length === 0) return 'none';
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
    const inner = [...path, key];
    const name = inner.join('.');
    if (node.type === 'list') return [`\n${comment(node.help ?? '')}${exampleList(name, node, inner)}`];
    if (node.type !== 'table') return [];
    const header = `${node.optional ? '#' : ''}[${name}]`;
    return [`\n${comment(node.help ?? '')}${header}\n${exampleTable(node, {})}`, ...examplesOf(node, inner)];
  });
}

/** The default items are written out, the first of them explaining every key; where there is none, one in comments. */
function exampleList(name: string, { item, default: preset }: List, path: readonly string[]): string {
  if (item.type === 'union') return [...item.variants.values()].map((one) => `\n${exampleVariant(name, one)}`).join('');
  const [first, ...others] = preset as readonly Readonly<Record<string, unknown>>[];
  const header = `${first === undefined ? '#' : ''}[[${name}]]\n`;
  const explained = header + exampleTable(item, first ?? {}) + examplesOf(item, path).join('');
  return [explained, ...others.map((other) => stringify({ [name]: [other] }))].join('\n');
}

const exampleVariant = (name: string, variant: Table): string =>
  `${comment(variant.help ?? '')}#[[${name}]]\n${exampleTable(variant, {})}`;

function exampleTable(section: Table, active: Readonly<Record<string, unknown>>): string {
  const lines = leaves(section).map(([key, leaf]) => {
    const isActive = Object.hasOwn(active, key);
    const pair = tomlPair(key, isActive ? active[key] : exampleValue(leaf));
    const absent = leaf.default === undefined ? ` Default: ${writtenDefault(leaf)}.` : '';
    const about = `${leaf.setting.help}${absent} Takes ${accepts(leaf.setting)}.`;
    if (leaf.insteadOf !== undefined) return `${comment(`${about} Instead of ${leaf.insteadOf}:`)}#   ${pair}`;
    return comment(about) + (isActive ? pair : `#${pair}`);
  });
  return lines.join('');
}

/** `key = value` on one line. */
function tomlPair(key: string, value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return stringify({ [key]: value });
  const pairs = Object.entries(value).map(([inner, part]) => stringify({ [inner]: part }).trim());
  return `${key} = { ${pairs.join(', ')} }\n`;
}

function exampleValue({ setting, default: preset }: Leaf): unknown {
  const isEmpty = Array.isArray(preset) && preset.length === 0;
  if (preset !== undefined && !isEmpty) return humanSize(setting, preset) ?? preset;
  switch (setting.kind) {
    case 'choice':
      return setting.choices.at(-1);
    case 'boolean':
      return false;
    case 'bytes':
      return formatBytes(Math.max(setting.min, 2 ** 20));
    case 'count':
    case 'seconds':
      return Math.max(setting.min, 10);
    default:
      return setting.example;
  }
}

const WIDTH = 110;

function comment(text: string): string {
  const lines = [''];
  for (const word of plainText(text).split(' ')) {
    if (lines.at(-1)!.length + word.length > WIDTH) lines.push('');
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.map((line) => `#${line}\n`).join('');
}

/** Markdown without its marks; a link is the name of the page. */
const plainText = (text: string): string => text.replaceAll('`', '').replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1');
