import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { locateKeys } from './locate.ts';
import type { Path } from './tree.ts';

const TRICKY = `# a comment = 1
top = "a # no comment [x] = 3"   # trailing
dotted.inner."quoted.key" = 1
'literal' = 'back\\slash'

[table]   # [comment]
long = """
[fake]
key = 1 \\""" still ""
"""
literal = '''
fake = "
'''
after = 2

[[items]]
name = "one"
[items.sub]
deep = 1

[[items]]
name = "two"
list = [
  { x = 1, y = [2, 3] }, # ] comment
  { x = 4 },
]
[items.sub]
deep = { a.b = 1, "c d" = 2 }
[[items.nested]]
n = 1
[[items.nested]]
n = 2
["uni\\u0063ode"."x"]
date = 2026-01-31T12:00:00Z
`;

test('keys are found in tables, lists of tables, inline tables, dotted and quoted, past strings that look like keys', () => {
  const locator = locateKeys(TRICKY);
  const cases: [Path, number][] = [
    [['top'], 2],
    [['dotted', 'inner', 'quoted.key'], 3],
    [['literal'], 4],
    [['table'], 6],
    [['table', 'long'], 7],
    [['table', 'literal'], 11],
    [['table', 'after'], 14],
    [['items', 0, 'name'], 17],
    [['items', 0, 'sub', 'deep'], 19],
    [['items', 1], 21],
    [['items', 1, 'name'], 22],
    [['items', 1, 'list', 0, 'y', 1], 24],
    [['items', 1, 'list', 1, 'x'], 25],
    [['items', 1, 'sub', 'deep', 'a', 'b'], 28],
    [['items', 1, 'sub', 'deep', 'c d'], 28],
    [['items', 1, 'nested', 1, 'n'], 32],
    [['unicode', 'x', 'date'], 34],
  ];
  for (const [path, line] of cases) assert.equal(locator.lineOf(path), line, path.join('.'));
  for (const path of leafPaths(parse(TRICKY))) assert.notEqual(locator.lineOf(path), undefined, path.join('.'));
  for (const path of [['fake'], ['table', 'fake'], ['table', 'key']]) assert.equal(locator.lineOf(path), undefined);
});

test('a key that is not there has the line of the nearest table around it', () => {
  const locator = locateKeys('\n[limits]\nmaxInflight = 5\n');
  assert.equal(locator.nearestLine(['limits', 'missing']), 2);
  assert.equal(locator.nearestLine(['other']), undefined);
});

test('a long string may end in quotes of its own', () => {
  assert.equal(locateKeys('a = """x"""""\nb = [\'\'\'y\'\'\'\', 2]\nc = 1\n').lineOf(['b', 1]), 2);
  assert.equal(locateKeys('a = """x"""""\nb = 1\n').lineOf(['b']), 2);
});

test('line ends of Windows count once', () => {
  assert.equal(locateKeys('a = 1\r\n[b]\r\nc = "x"\r\n').lineOf(['b', 'c']), 3);
});

test('every value the TOML parser finds has a line that names its key', () => {
  const key = fc
    .oneof(fc.stringMatching(/^[a-z_-]{1,6}$/), fc.string({ minLength: 1, maxLength: 6 }))
    .filter((k) => k !== '__proto__');
  const leaf = fc.oneof(fc.string(), fc.integer({ min: -1e9, max: 1e9 }), fc.boolean());
  const document = fc.letrec((tie) => ({
    table: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      tie('table'),
      fc.array(leaf, { maxLength: 3 }),
      fc.array(tie('table'), { maxLength: 3 }),
    ),
  })).table;
  fc.assert(
    fc.property(document, (data) => {
      const toml = stringify(data);
      const locator = locateKeys(toml);
      const lines = toml.split('\n');
      for (const path of leafPaths(parse(toml))) {
        const line = locator.lineOf(path);
        assert.notEqual(line, undefined, `${JSON.stringify(path)} in\n${toml}`);
        const name = path.at(-1);
        if (typeof name === 'string' && /^[a-z]+$/.test(name))
          assert.ok(lines[line! - 1]!.includes(name), `${name} in\n${toml}`);
      }
    }),
    { seed: 42, numRuns: 300 },
  );
});

function leafPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return path.length > 0 ? [path] : [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => leafPaths(inner, [...path, key]));
}
