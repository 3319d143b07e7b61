import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { auditEvents, auditFields, formatAuditReference } from './audit-events.ts';

const page = readFileSync(new URL('../../../../docs/audit.md', import.meta.url), 'utf8');

test('docs/audit.md ends with the events and fields as the code knows them', () => {
  assert.ok(page.endsWith(`\n${formatAuditReference()}`), 'replace the tables by what formatAuditReference() gives');
});

test('every field belongs to an event', () => {
  const used = new Set<string>(Object.values(auditEvents).flatMap(({ fields }) => [...fields]));
  assert.deepEqual(
    Object.keys(auditFields).filter((field) => !used.has(field)),
    [],
  );
});

test('the example lines in docs/audit.md have only fields of their events', () => {
  const examples = [...page.matchAll(/```json\n([^`]*)```/g)].flatMap(([, lines]) => lines!.trimEnd().split('\n'));
  assert.ok(examples.length >= 3);
  for (const example of examples) {
    const { time, event, ...facts } = JSON.parse(example) as { time: string; event: keyof typeof auditEvents };
    assert.equal(new Date(time).toISOString(), time);
    const known: readonly string[] = auditEvents[event].fields;
    for (const field of Object.keys(facts)) assert.ok(known.includes(field), `${event}: ${field}`);
  }
});
