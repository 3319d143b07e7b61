import type { Dashboard, DashboardDocumentInput } from '@cauldron/broker/admin-api';

/** A text that should be a dashboard: what it holds, or why it is none. Whether the broker takes it, the broker says. */
export type ReadDocument = { readonly document: DashboardDocumentInput } | { readonly problem: string };

/** What is exported: as JSON that people can read. */
export function documentText({
  name,
  description,
  widgets,
}: Pick<Dashboard, 'name' | 'description' | 'widgets'>): string {
  return `${JSON.stringify({ cauldronDashboard: 1, name, description, widgets }, null, 2)}\n`;
}

/** `living-room.dashboard.json` */
export function fileName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `${plain.slice(0, 60) || 'dashboard'}.dashboard.json`;
}

/** What a broker adds to a dashboard; an answer of the API can be imported, too. */
const OF_THE_BROKER = ['id', 'revision', 'changedAt'];

export function readDocument(text: string): ReadDocument {
  if (text.trim() === '') return { problem: 'There is nothing in it. Choose a file, or paste what was exported.' };
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return { problem: `It is no JSON: ${(error as Error).message}. Was all of it copied?` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: `It is JSON and no dashboard: it begins with ${text.trim().slice(0, 10)} in place of {.` };
  }
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !OF_THE_BROKER.includes(key)));
  if (!('name' in rest) && !('widgets' in rest)) {
    return { problem: 'It is JSON and no dashboard: there is neither a name nor widgets in it.' };
  }
  return { document: rest as unknown as DashboardDocumentInput };
}

const WORDS: Readonly<Record<string, string>> = {
  cauldronDashboard: 'version of the form (cauldronDashboard)',
  x: 'column (x)',
  y: 'row (y)',
  w: 'width (w)',
  h: 'height (h)',
  path: 'JSON path (path)',
};

/**
 * Where in a dashboard something is wrong, in words.
 *
 * @param path of the API's answer: `body.widgets.2.source.topic`
 * @example 'widget 3 “Kitchen”, source, topic'
 */
export function placeInWords(path: string, document: unknown): string {
  const keys = path.split('.').filter((key, index) => key !== '' && !(index === 0 && key === 'body'));
  if (keys.length === 0) return 'the dashboard itself';
  const words: string[] = [];
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at]!;
    const index = Number(keys[at + 1]);
    const isList = key.endsWith('s') && Number.isInteger(index);
    if (!isList) {
      words.push(WORDS[key] ?? key);
      continue;
    }
    at += 1;
    const one = key === 'series' ? 'series' : key.slice(0, -1);
    words.push(`${one} ${index + 1}${key === 'widgets' ? titleOf(document, index) : ''}`);
  }
  return words.join(', ');
}

function titleOf(document: unknown, index: number): string {
  const widgets = (document as { widgets?: unknown } | null)?.widgets;
  const widget: unknown = Array.isArray(widgets) ? widgets[index] : undefined;
  const { title, type } = (widget ?? {}) as { title?: unknown; type?: unknown };
  if (typeof title === 'string' && title !== '') return ` “${title}”`;
  return typeof type === 'string' ? ` (${type})` : '';
}
