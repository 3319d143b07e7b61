import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tempTree } from '../test/support/temp-dir.ts';
import { buildLedger, stateOf } from './lib/conformance.ts';
import { renderMarkdown, renderText } from './lib/conformance-report.ts';

// Built from parts, so that the ledger of this repository does not take these lines for proofs of its own.
const tag = (id: string): string => `MQTT${'-'}${id}`;
const STATEMENTS = ['1.0.0-1', '1.0.0-2', '1.0.0-3', '1.0.0-4', '1.0.0-5'];

const TREE = {
  'conformance/mqtt-5.0-statements.txt': `# A comment.\n${STATEMENTS.map(tag).join('\n')}\n`,
  'conformance/roles.json': JSON.stringify(
    Object.fromEntries(
      STATEMENTS.map((id) => [tag(id), { binds: id === '1.0.0-4' ? 'client' : 'both', asks: `asks a|b of ${id}` }]),
    ),
  ),
  'packages/core/src/a.ts': [
    `// [${tag('1.0.0-1')}] [${tag('1.0.0-2')}]`,
    `throw malformed('${tag('1.0.0-3')}');`,
    `// ${tag('1.0.0-5')} in passing is no claim to obey it`,
  ].join('\n'),
  'packages/core/src/a.test.ts': `\ntest(\n  'a claim\\'s proof [${tag('1.0.0-1')}, ${tag('1.0.0-9')}]', () => {});\n// [${tag('1.0.0-5')}]\n`,
  'packages/testkit/src/contract.ts': `// [${tag('1.0.0-5')}]\n`,
  'conformance/wire/publish.json': JSON.stringify([{ name: 'a case', spec: [tag('1.0.0-2')] }, { name: 'no spec' }]),
};

test('the ledger finds tags in comments, error specs, test names and wire cases', (t) => {
  const { rows } = buildLedger(tempTree(t, TREE));
  assert.deepEqual(rows.map(stateOf), ['proven', 'proven', 'obeyed only', 'client, later', 'missing']);
  assert.deepEqual(rows[0]!.obeyed, [{ path: 'packages/core/src/a.ts', line: 1, title: '' }]);
  assert.deepEqual(rows[0]!.proven, [{ path: 'packages/core/src/a.test.ts', line: 2, title: "a claim's proof" }]);
  assert.deepEqual(rows[1]!.proven, [{ path: 'conformance/wire/publish.json', line: 1, title: 'a case' }]);
  assert.equal(rows[2]!.obeyed[0]!.line, 2);
});

test('a tag that names no statement is reported with its place', (t) => {
  const { unknown } = buildLedger(tempTree(t, TREE));
  assert.deepEqual(
    unknown.map((place) => `${place.path}:${place.line} ${place.id}`),
    [`packages/core/src/a.test.ts:2 ${tag('1.0.0-9')}`],
  );
});

test('a statement without an entry in roles.json is refused', (t) => {
  const root = tempTree(t, { ...TREE, 'conformance/roles.json': '{}' });
  assert.throws(() => buildLedger(root), /roles\.json has no entry for/);
});

test('the page has no line numbers, escapes cells, and lists what is owed; the text has them', (t) => {
  const ledger = buildLedger(tempTree(t, TREE));
  const page = renderMarkdown(ledger);
  assert.match(page, /\| asks a\\\|b of 1\.0\.0-1 \| core\/a\.ts \| a claim's proof \(a\.test\.ts\) \|/);
  assert.match(page, /- Missing: 1\n/);
  assert.match(page, /1\.0\.0-5 asks a\|b of 1\.0\.0-5 \(missing\)/);
  assert.match(page, /binds only clients: proven by the client later/);
  assert.doesNotMatch(page, /\.ts:\d/);
  assert.match(renderText(ledger), /obeyed at packages\/core\/src\/a\.ts:1\n/);
});
