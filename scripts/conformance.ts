// npm run conformance            prints, for every statement of MQTT 5.0, the code that obeys it and its proof
// npm run conformance -- --write writes docs/conformance.md
// Exits 1 when a tag names no statement.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildLedger } from './lib/conformance.ts';
import { renderMarkdown, renderText, summarize } from './lib/conformance-report.ts';
import { repositoryRoot } from './lib/source-tree.ts';

const ledger = buildLedger(repositoryRoot);
if (process.argv.includes('--write')) {
  writeFileSync(join(repositoryRoot, 'docs', 'conformance.md'), renderMarkdown(ledger));
  console.log(`docs/conformance.md is written.\n${summarize(ledger).join('\n')}`);
} else {
  process.stdout.write(renderText(ledger));
}
for (const tag of ledger.unknown)
  console.error(`${tag.path}:${tag.line}: ${tag.id} is no statement of MQTT 5.0: correct the tag.`);
process.exitCode = ledger.unknown.length === 0 ? 0 : 1;
