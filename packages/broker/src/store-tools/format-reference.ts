import type { Shape } from './fields.ts';
import { headerFields, lineShapes, sentFields, willFields } from './lines.ts';
import { propertyFields } from './message-json.ts';

const tables: readonly (readonly [title: string, about: string, shape: Shape])[] = [
  ['The first line', 'May be left out; where it stands, the file has to finish with an `end` line.', headerFields],
  ['`session`', 'What a broker keeps for a client identifier.', lineShapes.session],
  ['`will`, within a session', '', willFields],
  ['`subscription`', '', lineShapes.subscription],
  [
    '`message`',
    'A message that is in queues or in flight: once, however many sessions wait for it.',
    lineShapes.message,
  ],
  ['`properties`, within a message', 'Named as in MQTT 5.0, and kept in the order given.', propertyFields],
  ['`queued`', "A place in a session's queue. The order of these lines is the order of the queue.", lineShapes.queued],
  ['`inflight`', 'What is under way between a session and its client.', lineShapes.inflight],
  ['`sent`, within inflight', '', sentFields],
  [
    '`retained`',
    'The retained message of a topic: a message of its own, or a reference to one that has a line.',
    lineShapes.retained,
  ],
  ['`end`', 'The last line: a file without it was cut short.', lineShapes.end],
];

/** The keys of every line as Markdown, for docs/store.md. */
export function formatReference(): string {
  return `${tables.flatMap(([title, about, shape]) => section(title, about, shape)).join('\n')}`;
}

function section(title: string, about: string, shape: Shape): string[] {
  const rows = Object.entries(shape).map(
    ([key, { kind, help, absent }]) =>
      `| \`${key}\` | ${cell(kind.name)} | ${absent ?? '**required**'} | ${cell(help)} |`,
  );
  const text = about === '' ? [] : [about, ''];
  return [`### ${title}`, '', ...text, '| key | takes | left out | what it is |', '|---|---|---|---|', ...rows, ''];
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
