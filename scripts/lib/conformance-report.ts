import type { Ledger, LedgerRow, Place, State } from './conformance.ts';
import { stateOf } from './conformance.ts';

/** The command that refreshes docs/conformance.md. */
export const REFRESH_COMMAND = 'npm run conformance -- --write';

const SHOWN = 2;

/** Counts by state, as the first lines of both outputs. */
export function summarize(ledger: Ledger): string[] {
  const count = (state: State): number => ledger.rows.filter((row) => stateOf(row) === state).length;
  const obeyed = ledger.rows.filter((row) => row.obeyed.length > 0).length;
  const client = ledger.rows.filter((row) => row.binds === 'client').length;
  return [
    `Statements: ${ledger.rows.length}`,
    `Proven by a test: ${count('proven')}`,
    `Named at the code that obeys them: ${obeyed}`,
    `Obeyed, but not yet proven: ${count('obeyed only')}`,
    `Binding only clients: ${client}, of which ${count('client, later')} are proven by the client later`,
    `Missing: ${count('missing')}`,
  ];
}

/** The ledger for a terminal: with line numbers, and what is owed at the end. */
export function renderText(ledger: Ledger): string {
  const lines: string[] = [];
  for (const row of ledger.rows) {
    lines.push(`${row.id}  ${row.asks}${row.binds === 'client' ? '  (binds only clients)' : ''}`);
    for (const place of row.obeyed) lines.push(`    obeyed at ${place.path}:${place.line}`);
    for (const place of row.proven) lines.push(`    proven by ${place.path}:${place.line}  ${place.title}`);
    if (row.obeyed.length === 0 && row.proven.length === 0) lines.push(`    ${stateOf(row)}`);
  }
  lines.push('', ...summarize(ledger), ...owed(ledger).map((line) => `  ${line}`));
  return `${lines.join('\n')}\n`;
}

/** The ledger as a page: files without line numbers, so that it changes only when the tags do. */
export function renderMarkdown(ledger: Ledger): string {
  const rows = ledger.rows.map((row) => `| ${cells(row).map(escapeCell).join(' | ')} |`);
  const missing = owed(ledger);
  return [
    '# Conformance to MQTT 5.0',
    '',
    'Every numbered statement of the specification, the code that obeys it and the test that proves it, read from the tags',
    `\`[MQTT-x.y.z-n]\` in code, test names and conformance cases. Made by \`${REFRESH_COMMAND}\`; \`npm run conformance\``,
    'prints the same with line numbers. The second column says in our words what the statement asks; the specification',
    '(OASIS Standard MQTT 5.0, 7 March 2019) has the binding text. A statement that binds only clients and has no test here',
    'is proven by the client later, and its row says so.',
    '',
    ...summarize(ledger).map((line) => `- ${line}`),
    ...(missing.length === 0 ? [] : ['', '## Owed', '', ...missing.map((line) => `- ${line}`)]),
    '',
    '## Statements',
    '',
    '| statement | asks | obeyed in | proven by |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function owed(ledger: Ledger): string[] {
  return ledger.rows
    .filter((row) => stateOf(row) === 'missing' || stateOf(row) === 'obeyed only')
    .map((row) => `${row.id} ${row.asks} (${stateOf(row)})`);
}

function cells(row: LedgerRow): string[] {
  const obeyed = shorten([
    ...new Set(row.obeyed.map((place) => place.path.replace(/^packages\//, '').replace('/src/', '/'))),
  ]);
  const proven = shorten([...new Set(row.proven.map(describeProof))]);
  const unproven = row.binds === 'client' ? 'binds only clients: proven by the client later' : '**missing**';
  return [row.id, row.asks, obeyed === '' ? '–' : obeyed, proven === '' ? unproven : proven];
}

function describeProof(place: Place): string {
  return `${place.title} (${place.path.split('/').at(-1)!})`;
}

function shorten(entries: readonly string[]): string {
  const more = entries.length - SHOWN;
  return `${entries.slice(0, SHOWN).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
